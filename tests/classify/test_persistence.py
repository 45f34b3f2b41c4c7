"""Text classifiers in files: round trips, equal bytes for equal models, damage is refused."""

import random

import numpy as np
import pytest

from tests.classify.conftest import LABELS, TEXTS
from tests.classify.test_text_classifier import KINDS, MANY
from tests.io.safetensors_files import change_header
from textdl import EmbeddingBagClassifier, MLPClassifier, TextClassifier, TfidfVectorizer, Vectors
from textdl.errors import FileFormatError, OutputError, ParameterError


def embedding_bag():
    return TextClassifier(**KINDS["bag"]).fit(TEXTS, LABELS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        *((kind, LABELS) for kind in ("linear", "tfidf", "vectors", "bag", "cnn")),
        pytest.param("lstm", MANY, marks=pytest.mark.full),
        pytest.param("counts", LABELS, marks=pytest.mark.full),
        pytest.param("bag", MANY, marks=pytest.mark.full),
        ("linear", MANY),
        pytest.param("counts", MANY, marks=pytest.mark.full),
        pytest.param("counts", [1, 2] * 4, marks=pytest.mark.full),
    ],
)
def test_round_trip(kind, labels, path):
    model = TextClassifier(**KINDS[kind], n_jobs=1).fit(TEXTS, labels)
    model.save(path)
    again = TextClassifier.load(path)
    texts = [*TEXTS, "", "ünknown"]
    np.testing.assert_array_equal(again.predict_proba(texts), model.predict_proba(texts))
    assert list(again.predict(texts)) == list(model.predict(texts))
    assert again.top_features(3) == model.top_features(3)
    assert again.classes_.dtype == model.classes_.dtype
    theirs, ours = model.get_params(), again.get_params()
    assert ours.pop("n_jobs") is None
    theirs.pop("n_jobs")
    if kind == "vectors":
        np.testing.assert_array_equal(ours.pop("vectors").matrix, theirs.pop("vectors").matrix)
    assert ours == theirs
    again.save(path.with_name("again"))
    assert path.with_name("again").read_bytes() == path.read_bytes()
    again.fit(TEXTS, labels).save(path.with_name("refitted"))
    assert path.with_name("refitted").read_bytes() == path.read_bytes()


@pytest.mark.full
def test_round_trip_set_of_stop_words_becomes_sorted_tuple(path):
    words = {"the", "a", "and"}
    model = TextClassifier(model="linear", stop_words=words)
    model.fit(TEXTS, LABELS).save(path)
    assert TextClassifier.load(path).stop_words == ("a", "and", "the")


def test_save_is_readable_by_the_safetensors_package(path):
    reader = pytest.importorskip("safetensors.numpy")
    embedding_bag().save(path)
    arrays = reader.load_file(path)
    assert arrays["classifier/0.weights"].shape[1] == 8
    assert arrays["features/terms"].tobytes().decode().startswith("a")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "model"
    model = TextClassifier("bag", vector_size=2, epochs=1)
    model.fit(["a b", "b c", "c"], ["x", "y", "x"]).save(path)
    return path.read_bytes()


def assert_refused(path):
    with pytest.raises(FileFormatError) as caught:
        TextClassifier.load(path)
    assert "\n" not in str(caught.value)


def test_load_truncated_file_is_refused(whole, path):
    for length in (*range(0, len(whole), 41), len(whole) - 1):
        path.write_bytes(whole[:length])
        assert_refused(path)
    path.write_bytes(whole + b"\0")
    assert_refused(path)


def test_load_flipped_bits_raise_one_line_errors(whole, path):
    draw = random.Random(0)
    for _ in range(400):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            TextClassifier.load(path).predict(["a", "b c"])
        except (FileFormatError, ParameterError) as error:
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.clear(),
        lambda told: told.update(format_version=99),
        lambda told: told["state"].update(classes=["x"]),
        lambda told: told["state"].update(classes=["x", "y", "z"]),
        lambda told: told["state"].update(classes=[["x"], "y"]),
        lambda told: told["state"].update(classes=3),
        lambda told: told["state"].update(multilabel=True),
        lambda told: told["parts"]["classifier"].update(kind="MLPClassifier"),
        lambda told: told["parts"]["classifier"].update(kind="os.system"),
        lambda told: told["parts"].update(classifier=[]),
        lambda told: told["parts"].pop("features"),
        lambda told: told.update(parameters={"unknown": 1}),
        lambda told: told.update(parameters=[]),
        lambda told: told["state"].update(settings=None),
        lambda told: told["state"].pop("multilabel"),
    ],
)
def test_load_inconsistent_header_is_refused(whole, path, change):
    path.write_bytes(whole)
    change_header(path, change)
    assert_refused(path)


def test_load_files_of_other_kinds_is_refused(path):
    Vectors(["a"], [[1.0]]).save(path)
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected TextClassifier"):
        TextClassifier.load(path)
    vectorizer = TfidfVectorizer().fit(TEXTS)
    vectorizer.save(path)
    assert_refused(path)
    EmbeddingBagClassifier(8, epochs=1).fit(vectorizer.transform(TEXTS), LABELS).save(path)
    assert_refused(path)
    for content in (b"", b"text", b"\x80\x04N."):
        path.write_bytes(content)
        assert_refused(path)
    with pytest.raises(FileFormatError, match="No such file"):
        TextClassifier.load(path.with_name("missing"))


def test_load_text_classifier_as_another_kind_is_refused(path):
    embedding_bag().save(path)
    for kind in (TfidfVectorizer, MLPClassifier, EmbeddingBagClassifier, Vectors):
        with pytest.raises(FileFormatError):
            kind.load(path)


def test_save_failure_leaves_the_old_file(path, monkeypatch):
    model = embedding_bag().set_params(tokenizer=str.split)
    path.write_bytes(b"before")
    with pytest.raises(ParameterError, match=r"tokenizer=.* cannot be written to a file"):
        model.save(path)
    model.set_params(tokenizer=None)
    with pytest.raises(OutputError, match="does not exist"):
        model.save(path.with_name("no") / "model")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("textdl.io.archive.write_safetensors", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.save(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def settings_of(told):
    return told["state"]["settings"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda told: told["parameters"].update(vectors="/etc/passwd"), "vectors is never read"),
        (lambda told: told["parameters"].update(batch_size=0), "batch_size=0; expected"),
        (lambda told: settings_of(told).update(n_jobs=1000), "n_jobs is never read"),
        (lambda told: settings_of(told).pop("features"), "it has the settings"),
        (lambda told: settings_of(told).update(features="tfidf"), "features is 'tfidf' and 'bag'"),
        (lambda told: told["state"].update(classes=["y", "x"]), "classes are not those of its"),
        (lambda told: told["state"].update(classes=["x", "y\0"]), "ends in a NUL"),
        (lambda told: told["state"].update(classes=["x", "x"]), "a class is a duplicate"),
        (lambda told: told["state"].update(multilabel=0), "multilabel is 0"),
    ],
)
def test_load_inconsistent_settings_are_named(whole, path, change, says):
    path.write_bytes(whole)
    change_header(path, change)
    with pytest.raises(FileFormatError, match=says):
        TextClassifier.load(path)


def test_load_vectorizer_that_opens_files_is_refused(whole, path):
    def read_files(told):
        told["parts"]["features"]["parameters"]["input"] = "filename"

    path.write_bytes(whole)
    change_header(path, read_files)
    with pytest.raises(FileFormatError, match="would open texts as files"):
        TextClassifier.load(path)


def test_load_flipped_bit_of_an_array_is_named(whole, path):
    end = 8 + int.from_bytes(whole[:8], "little")  # of the header
    for place in (end, (end + len(whole)) // 2, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        path.write_bytes(flipped)
        with pytest.raises(FileFormatError, match="does not have the checksum"):
            TextClassifier.load(path)
