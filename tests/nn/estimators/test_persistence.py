"""Any saved network from its file, and files that hold none."""

import pytest

from textdl import MLPClassifier, MLPRegressor, Vectors
from textdl.errors import FileFormatError
from textdl.nn.estimators.persistence import ESTIMATORS, load_network

X = [[0.0], [1.0], [2.0], [3.0]]


@pytest.mark.parametrize("kind", ESTIMATORS.values())
def test_every_estimator_is_loaded_as_what_it_is(tmp_path, kind):
    path = tmp_path / "network.safetensors"
    model = kind((3,), max_iter=4).fit(X, [0, 1, 0, 1])
    model.save(path)
    loaded = load_network(path)
    assert type(loaded) is kind
    assert loaded.history_ == model.history_


def test_the_table_names_classes_by_their_names():
    assert {name: kind.__name__ for name, kind in ESTIMATORS.items()} == {
        name: name for name in ESTIMATORS
    }
    assert set(ESTIMATORS.values()) == {MLPClassifier, MLPRegressor}


@pytest.mark.parametrize("content", ["", "\n", "word", "[1.0]", "\0" * 7, "\xff\xfe", "[" * 10_000])
def test_other_files_hold_no_network(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(FileFormatError) as caught:
        load_network(path)
    assert "\n" not in str(caught.value)


def test_word_vectors_are_named(tmp_path):
    path = tmp_path / "vectors.safetensors"
    Vectors(["a"], [[1.0]]).save(path)
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected MLPClassifier"):
        load_network(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"cannot read .*none"):
        load_network(tmp_path / "none")
    with pytest.raises(FileFormatError, match="Is a directory"):
        load_network(tmp_path)
