"""Saved networks: round trips, equal bytes for equal networks, and errors for damaged files."""

import json
import pickle

import numpy as np
import optax
import pytest

from tests.io.safetensors_files import (
    change_header,
    put_together,
    rewrite,
    seal,
    take_apart,
    without_checksums,
)
from textdl import MLPClassifier, MLPRegressor
from textdl.errors import DataError, FileFormatError, OutputError, ParameterError

X = np.random.default_rng(0).normal(size=(20, 3))
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2}
TARGETS = {
    "two": np.arange(20) % 2,
    "words": np.array(["ärger", "日本", "z z"])[np.arange(20) % 3],
    "objects": np.array(["a", "b"], object)[np.arange(20) % 2],
    "booleans": np.arange(20) % 2 == 0,
    "many": (X > 0).astype(int),
    "floats": np.array([-1.5, 2.0, 7.0])[np.arange(20) % 3].astype(int),
}


@pytest.fixture(scope="module")
def fitted():
    return MLPClassifier(**QUICK, class_weight={"z z": 2.0, "日本": 1.0}).fit(X, TARGETS["words"])


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    return path


@pytest.mark.parametrize(
    "kind",
    ["words", "many"]
    + [
        pytest.param(kind, marks=pytest.mark.full)
        for kind in TARGETS
        if kind not in ("words", "many")
    ],
)
def test_classifier_round_trip(tmp_path, kind):
    model = MLPClassifier(**QUICK, random_state=np.int64(3)).fit(X, TARGETS[kind])
    model.save(tmp_path / "m.safetensors")
    again = MLPClassifier.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params() == model.get_params()
    assert again.history_ == model.history_
    assert again.summary() == model.summary()
    assert (again.n_iter_, again.n_features_in_) == (2, 3)
    again.save(tmp_path / "n.safetensors")
    assert (tmp_path / "n.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()
    again.partial_fit(X, TARGETS[kind])


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.full)])
def test_regressor_round_trip(tmp_path, dtype):
    model = MLPRegressor((), max_iter=2, dtype=dtype).fit(X, X[:, :2])
    model.save(tmp_path / "m.safetensors")
    again = MLPRegressor.load(str(tmp_path / "m.safetensors"))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.coefs_[0].dtype == dtype
    assert again.hidden_layer_sizes == ()


def test_feature_names_round_trip(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "ç"])
    MLPRegressor(**QUICK).fit(frame, X[:, 0]).save(tmp_path / "m.safetensors")
    again = MLPRegressor.load(tmp_path / "m.safetensors")
    assert again.feature_names_in_.tolist() == ["a", "b", "ç"]
    again.predict(frame)


def test_feature_names_are_kept_without_pandas(tmp_path):
    model = MLPRegressor(**QUICK).fit(X, X[:, 0])
    model.feature_names_in_ = np.array(["a", "b", "ç"], object)
    model.save(tmp_path / "m.safetensors")
    assert MLPRegressor.load(tmp_path / "m.safetensors").feature_names_in_.tolist() == [*"abç"]


def test_equal_networks_give_equal_bytes(saved, tmp_path):
    again = MLPClassifier(**QUICK, class_weight={"z z": 2.0, "日本": 1.0})
    again.fit(X, TARGETS["words"]).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_safetensors_package_reads_saved_networks(saved, fitted):
    reader = pytest.importorskip("safetensors.numpy")
    arrays = reader.load_file(saved)
    assert set(arrays) == {"0.weights", "0.bias", "2.weights", "2.bias"}
    np.testing.assert_array_equal(arrays["0.weights"], fitted.coefs_[0])


def test_truncation_at_every_byte_is_detected(saved):
    raw = saved.read_bytes()
    for length in range(0, len(raw), 7):
        saved.write_bytes(raw[:length])
        with pytest.raises(FileFormatError) as caught:
            MLPClassifier.load(saved)
        assert "\n" not in str(caught.value)
    saved.write_bytes(raw + b"\0")
    with pytest.raises(FileFormatError):
        MLPClassifier.load(saved)


def test_flipped_header_bytes_never_crash(saved):
    raw = bytearray(saved.read_bytes())
    end = 8 + int.from_bytes(raw[:8], "little")
    for place in range(end):
        for flip in (0x01, 0x10):
            damaged = bytearray(raw)
            damaged[place] ^= flip
            saved.write_bytes(damaged)
            try:
                MLPClassifier.load(saved)  # some bytes do not matter: a number in the history
            except FileFormatError as error:
                assert "\n" not in str(error)  # noqa: PT017


def change_state(change):
    return lambda header: change(header["state"])


def change_targets(**changes):
    return lambda header: header["state"]["targets"].update(changes)


def change_parameters(**changes):
    return lambda header: header["parameters"].update(changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(format_version=999),
        lambda header: header.update(kind="MLPRegressor"),
        lambda header: header.update(parameters="{"),
        lambda header: header.update(parameters=[]),
        lambda header: header.update(state=3),
        lambda header: header.update(state={}),
        lambda header: header.pop("state"),
        lambda header: header.pop("kind"),
        lambda header: header.pop("parameters"),
        lambda header: header.clear(),
        change_parameters(activatoin="relu"),
        change_state(lambda state: state.pop("history")),
        change_state(lambda state: state.pop("targets")),
        change_state(lambda state: state.pop("layer_sizes")),
        change_state(lambda state: state.pop("dtype")),
        change_state(lambda state: state.update(targets=[])),
        change_targets(type="nonsense"),
        change_targets(type="<i8"),
        change_targets(type="<i8", classes=[2**70]),
    ],
)
def test_header_errors(saved, change):
    change_header(saved, change)
    with pytest.raises(FileFormatError) as caught:
        MLPClassifier.load(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[]", "3", "[" * 100_000])
def test_header_of_other_json_is_an_error(saved, text):
    rewrite(saved, lambda header: header["__metadata__"].update(textdl=text))
    with pytest.raises(FileFormatError) as caught:
        MLPClassifier.load(saved)
    assert "\n" not in str(caught.value)


def test_file_without_metadata(saved):
    rewrite(saved, lambda header: header["__metadata__"].clear())
    with pytest.raises(FileFormatError):
        MLPClassifier.load(saved)


def swap(name, **changes):
    return lambda header: header[name].update(changes)


@pytest.mark.parametrize(
    "entries",
    [
        swap("0.weights", shape=[4, 3]),
        swap("0.weights", shape=[12]),
        swap("0.bias", shape=[2, 2]),
        swap("2.bias", dtype="I64"),
        swap("2.bias", dtype="BF16"),
        lambda header: header.update({"9.bias": header.pop("2.bias")}),
        lambda header: header.update({"0.bias": header["2.bias"], "2.bias": header["0.bias"]}),
    ],
)
def test_layer_shape_errors(saved, entries):
    rewrite(saved, entries)
    with pytest.raises(FileFormatError):
        MLPClassifier.load(saved)


def test_file_without_layers(saved):
    raw = saved.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    text = json.dumps({"__metadata__": header["__metadata__"]}).encode()
    saved.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(FileFormatError):
        MLPClassifier.load(saved)


def test_file_of_another_estimator_is_named(saved):
    with pytest.raises(
        FileFormatError, match=r"is a file of MLPClassifier, expected MLPRegressor; load it as what"
    ):
        MLPRegressor.load(saved)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize(
    "content", [b"", b"no model", pickle.dumps(Trap()), b"PK\3\4" + b"\0" * 99]
)
def test_foreign_files_are_never_unpickled(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        MLPClassifier.load(path)
    assert "\n" not in str(caught.value)


def test_unwritable_parameters_and_paths(fitted, tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        fitted.save(tmp_path / "no" / "m.safetensors")
    model = MLPRegressor(**QUICK, optimizer=optax.sgd(0.1)).fit(X, X[:, 0])
    (tmp_path / "m.safetensors").write_bytes(b"before")
    with pytest.raises(ParameterError, match=r"optimizer=.* cannot be written to a file; name it"):
        model.save(tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == b"before"


def test_infinite_patience_round_trip(tmp_path):
    model = MLPRegressor(**QUICK, n_iter_no_change=np.inf).fit(X, X[:, 0])
    model.save(tmp_path / "m.safetensors")
    assert MLPRegressor.load(tmp_path / "m.safetensors").n_iter_no_change == np.inf


def put_number(path, name, number):
    """Put a number first in an array; the checksums fit."""
    header, body = take_apart(path.read_bytes())
    body = bytearray(body)
    begin = header[name]["data_offsets"][0]
    body[begin : begin + 4] = np.float32(number).tobytes()
    path.write_bytes(put_together(seal(header, body), body))


@pytest.mark.parametrize("name", ["0.weights", "0.bias", "2.weights", "2.bias"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_non_finite_weight_is_refused(tmp_path, fitted, name, number):
    path = tmp_path / "m"
    MLPClassifier(**QUICK, dtype="float32").fit(X, TARGETS["words"]).save(path)
    put_number(path, name, number)
    with pytest.raises(FileFormatError, match="a weight is not finite"):
        MLPClassifier.load(path)


def test_non_finite_output_is_an_error(tmp_path):
    path = tmp_path / "m"
    MLPClassifier(**QUICK, dtype="float32").fit(X, TARGETS["words"]).save(path)
    for name in ("0.bias", "2.weights"):
        put_number(path, name, 3e38)
    with pytest.raises(DataError, match="an output of the network is not finite"):
        MLPClassifier.load(path).predict_proba(X)


def test_flipped_bit_is_detected(saved):
    raw = bytearray(saved.read_bytes())
    raw[-1] ^= 1
    saved.write_bytes(raw)
    with pytest.raises(FileFormatError, match="does not have the checksum"):
        MLPClassifier.load(saved)


def test_file_without_checksums(saved, fitted):
    header, body = take_apart(saved.read_bytes())
    header["__metadata__"] = without_checksums(header["__metadata__"])
    saved.write_bytes(put_together(header, body))
    np.testing.assert_array_equal(MLPClassifier.load(saved).predict(X), fitted.predict(X))


@pytest.mark.parametrize(
    "change",
    [
        change_targets(classes=["a", "b"]),
        change_targets(classes=["a", "b", "a"]),
        change_targets(classes=["a", "b", 3]),
        change_targets(classes=["a", "b", "c\0"]),
        change_targets(classes=["a", "b", "c" * 2**23]),
        change_targets(type="<U999999999"),
        change_targets(type="|O"),
        change_targets(multilabel=1),
        change_state(lambda state: state.update(seed=-1)),
        change_state(lambda state: state.update(seed=1.5)),
        change_state(lambda state: state.update(feature_names=["a"])),
        change_state(lambda state: state.update(feature_names=[1, 2, 3])),
        change_state(lambda state: state.update(feature_names=dict.fromkeys("abc"))),
        change_state(lambda state: state.update(history={"loss": ["x"]})),
        change_state(lambda state: state.update(dtype="float16")),
        change_state(lambda state: state.update(dtype=3)),
        change_state(lambda state: state.update(layer_sizes=[3, 4, 3])),
        change_state(lambda state: state.update(layer_sizes={"tuple": [3, 3]})),
        change_state(lambda state: state.update(layer_sizes={"tuple": [3]})),
        change_state(lambda state: state.update(layer_sizes={"tuple": [3, 4, 5]})),
        change_state(lambda state: state.update(layer_sizes={"tuple": [3, 0, 3]})),
        change_state(lambda state: state.update(layer_sizes={"tuple": [3, 4.0, 3]})),
        change_state(lambda state: state.update(layer_sizes={"tuple": [2**31 - 1] * 3})),
        change_state(lambda state: state.update(layer_sizes={"tuple": [2**70, 4, 3]})),
        change_parameters(activation="nonsense"),
        change_parameters(dropout=[]),
        change_parameters(max_iter=0),
        change_parameters(batch_size="big"),
        change_parameters(initializer="ones"),
    ],
)
def test_state_value_errors(saved, change):
    change_header(saved, change)
    with pytest.raises(FileFormatError) as caught:
        MLPClassifier.load(saved)
    assert "\n" not in str(caught.value)


def test_additional_array_is_refused(saved):
    rewrite(saved, lambda header: header.update({"3.bias": header.pop("2.bias")}))
    with pytest.raises(FileFormatError, match=r"it lacks 2\.bias"):
        MLPClassifier.load(saved)
