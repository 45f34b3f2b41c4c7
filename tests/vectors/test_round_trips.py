"""Every format gives back what it was given."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textdl.errors import ParameterError
from textdl.vectors.formats.precision import compact, expand
from textdl.vectors.vectors import Vectors

any_word = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
plain_word = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\v\f"),
    min_size=1,
    max_size=8,
)
# Denormals and signed zeros among them; lengths of rows must stay within float32.
odd_float = st.floats(width=32, min_value=-(2.0**60), max_value=2.0**60)


@st.composite
def vectors_v_d(draw, words):
    """Up to 6 words of up to 4 dimensions."""
    labels = draw(st.lists(words, unique=True, max_size=6))
    size = draw(st.integers(1, 4))
    row = st.lists(odd_float, min_size=size, max_size=size)
    matrix = draw(st.lists(row, min_size=len(labels), max_size=len(labels)))
    return Vectors(labels, np.array(matrix, np.float32).reshape(len(labels), size))


def same_bits(a, b):
    return a.shape == b.shape and np.array_equal(a.view(np.uint32), b.view(np.uint32))


def round_trip(vectors, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        vectors.save(path)
        assert [file.name for file in Path(folder).iterdir()] == [name]
        return Vectors.load(path)


@given(vectors_v_d(any_word))
def test_native_round_trip(vectors):
    again = round_trip(vectors, "v.safetensors")
    assert again.labels == list(vectors.labels)
    assert same_bits(again.matrix, vectors.matrix)
    assert same_bits(again.norms, vectors.norms)
    assert again.counts is None


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.bin"])
@settings(max_examples=60)
@given(vectors_v_d(plain_word))
def test_exchange_formats_round_trip(name, vectors):
    again = round_trip(vectors, name)
    assert again.labels == list(vectors.labels)
    assert same_bits(again.matrix, vectors.matrix)


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_many_blocks_and_gzip_are_read(tmp_path, name):
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((4000, 300)).astype(np.float32)
    vectors = Vectors([f"wörd{i}" for i in range(4000)], matrix)
    vectors.save(tmp_path / name)
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress((tmp_path / name).read_bytes(), 1))
    for path in (tmp_path / name, packed):
        again = Vectors.load(path)
        assert again.labels == vectors.labels
        assert same_bits(again.matrix, matrix)


def test_native_keeps_counts_and_config(tmp_path):
    config = {"seed": 1, "name": "ü", "nested": {"b": [1, 2.5], "a": None}}
    vectors = Vectors(["a", "b"], np.eye(2), counts=[7, 3], config=config)
    vectors.save(tmp_path / "v.safetensors")
    again = Vectors.load(tmp_path / "v.safetensors")
    assert again.counts.tolist() == [7, 3]
    assert again.config == config


def test_save_over_file_it_is_mapped_from(tmp_path):
    path = tmp_path / "v.safetensors"
    Vectors(["a", "b"], np.eye(2)).save(path)
    mapped = Vectors.load(path)
    mapped.save(path)
    assert Vectors.load(path).labels == mapped.labels == ["a", "b"]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("form", [".txt", ".vec", ".bin"])
def test_compressed_exchange_formats_round_trip(tmp_path, form, suffix):
    vectors = Vectors(["a", "bé"], np.float32([[0.1, 2], [1e-20, -3]]))
    path = tmp_path / f"v{form}{suffix}"
    vectors.save(path)
    again = Vectors.load(path)
    assert again.labels == ["a", "bé"]
    assert same_bits(again.matrix, vectors.matrix)
    first = path.read_bytes()
    vectors.save(path)
    assert path.read_bytes() == first
    plain = tmp_path / f"v{form}"
    vectors.save(plain)
    assert len(first) != plain.stat().st_size


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "v.safetensors"])
@pytest.mark.parametrize("limit", [1, 999, 5000])
def test_limit_takes_the_first_rows(tmp_path, name, limit):
    vectors = Vectors([f"w{i}" for i in range(1000)], np.arange(2000.0).reshape(1000, 2))
    vectors.save(tmp_path / name)
    again = Vectors.load(tmp_path / name, limit=limit)
    assert again.labels == list(vectors.labels[:limit])
    assert same_bits(again.matrix, vectors.matrix[:limit])
    assert same_bits(again.norms, vectors.norms[:limit])


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "3"])
def test_limit_that_is_no_count_errors(tmp_path, limit):
    Vectors(["a"], [[1.0]]).save(tmp_path / "v.bin")
    with pytest.raises(ParameterError, match="limit is"):
        Vectors.load(tmp_path / "v.bin", limit=limit)


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_dtype_that_a_format_cannot_hold_errors(tmp_path, name):
    with pytest.raises(ParameterError, match="expected float32"):
        Vectors(["a"], [[1.0]]).save(tmp_path / name, dtype="int8")
    with pytest.raises(ParameterError, match="dtype"):
        Vectors(["a"], [[1.0]]).save(tmp_path / "v.safetensors", dtype="float64")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8"])
def test_native_file_of_less_precision_is_smaller(tmp_path, dtype):
    matrix = np.random.default_rng(3).standard_normal((500, 64)).astype(np.float32)
    vectors = Vectors([f"w{i}" for i in range(500)], matrix, counts=np.arange(500))
    vectors.save(tmp_path / "v.safetensors")
    vectors.save(tmp_path / "small.safetensors", dtype=dtype)
    again = Vectors.load(tmp_path / "small.safetensors", verify=True)
    assert again.matrix.dtype == np.float32
    assert again.counts.tolist() == list(range(500))
    assert np.array_equal(again.norms, Vectors(again.labels, again.matrix).norms)
    assert again.matrix.tolist() == expand(compact(matrix, dtype)).tolist()
    width = {"float16": 2, "bfloat16": 2, "int8": 1}[dtype]
    saved = (tmp_path / "v.safetensors").stat().st_size
    assert (tmp_path / "small.safetensors").stat().st_size < saved - (3.9 - width) * matrix.size
