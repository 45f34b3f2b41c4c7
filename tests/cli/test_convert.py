"""`textdl convert`."""

import numpy as np
import pytest

from textdl import Vectors
from textdl.vectors.subwords import SubwordVectors


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".vec"])
def test_convert_round_trip(call, king, tmp_path, suffix):
    file = tmp_path / f"other{suffix}"
    simple = tmp_path / "simple.safetensors"
    vectors = Vectors.load(king)
    Vectors(list(vectors.labels)[:5], vectors.matrix[:5]).save(simple)
    assert call("convert", str(simple), str(file))[0] == 0
    back = Vectors.load(file)
    assert list(back.labels) == list(vectors.labels)[:5]
    np.testing.assert_array_equal(back.matrix, vectors.matrix[:5])


def test_convert_limit_and_dtype(call, king, tmp_path):
    file = tmp_path / "small.safetensors"
    code, out, _ = call("convert", king, file, "--limit", 2, "--dtype", "int8")
    assert (code, out.startswith("2 vectors")) == (0, True)
    first = Vectors.load(king, limit=2)
    largest = np.abs(first.matrix).max(axis=1, keepdims=True)
    assert (np.abs(Vectors.load(file).matrix - first.matrix) <= largest / 253).all()


def test_convert_to_a_format_without_a_suffix(call, tmp_path):
    subwords = SubwordVectors([1, 5], np.eye(2), 3, 4, 10)
    Vectors(["a", "b"], np.eye(2), subwords=subwords).save(tmp_path / "v.safetensors")
    code, out, _ = call(
        "convert", tmp_path / "v.safetensors", tmp_path / "m", "--format", "fasttext"
    )
    assert (code, "without subwords" in out) == (0, False)
    assert Vectors.load(tmp_path / "m").subwords is not None
    _, out, _ = call("convert", tmp_path / "m", tmp_path / "v.npz")
    assert "without subwords" in out
    call("convert", tmp_path / "m", tmp_path / "folder", "--format", "model2vec")
    assert call("info", tmp_path / "folder")[1].startswith("format             model2vec\n")


def test_convert_dtype_that_the_format_cannot_hold_errors(refused, king, tmp_path):
    command = ["convert", str(king), str(tmp_path / "v.bin"), "--dtype", "float16"]
    refused(command, 2, "expected float32 in this format")
