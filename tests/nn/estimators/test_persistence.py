"""Any saved network from its file, and files that hold none."""

import pytest

from textdl import MLPClassifier, MLPRegressor, Vectors
from textdl.errors import FileFormatError
from textdl.nn.estimators.persistence import ESTIMATORS, load_network

X = [[0.0], [1.0], [2.0], [3.0]]


@pytest.mark.parametrize("kind", ESTIMATORS.values())
def test_load_network_of_every_estimator(tmp_path, kind):
    path = tmp_path / "network.safetensors"
    model = kind((3,), max_iter=4).fit(X, [0, 1, 0, 1])
    model.save(path)
    loaded = load_network(path)
    assert type(loaded) is kind
    assert loaded.history_ == model.history_


def test_estimators_registry_keys_are_class_names():
    assert {name: kind.__name__ for name, kind in ESTIMATORS.items()} == {
        name: name for name in ESTIMATORS
    }
    assert set(ESTIMATORS.values()) == {MLPClassifier, MLPRegressor}


@pytest.mark.parametrize("content", ["", "\n", "word", "[1.0]", "\0" * 7, "\xff\xfe", "[" * 10_000])
def test_load_network_of_other_files_is_an_error(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(FileFormatError) as caught:
        load_network(path)
    assert "\n" not in str(caught.value)


def test_load_network_of_vectors_names_the_kind(tmp_path):
    path = tmp_path / "vectors.safetensors"
    Vectors(["a"], [[1.0]]).save(path)
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected MLPClassifier"):
        load_network(path)


def test_load_network_of_a_missing_file_names_it(tmp_path):
    with pytest.raises(FileFormatError, match=r"cannot read .*none"):
        load_network(tmp_path / "none")
    with pytest.raises(FileFormatError, match="Is a directory"):
        load_network(tmp_path)
