"""Every format gives back what it was given."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
