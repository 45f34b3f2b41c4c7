"""Telling formats apart, and what is none of them."""

import gzip
import io
import pickle

import numpy as np
import pytest

from textdl.errors import FileFormatError, ParameterError
from textdl.vectors import formats
from textdl.vectors.vectors import Vectors


def write(tmp_path, content, name="v"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"2 3\na 1 2 3\nb 4 5 6\n", "word2vec text"),
        (b"2 3\r\na 1 2 3\r\nb 4 5 6\r\n", "word2vec text"),
        (b"a 1 2 3\nb 4 5 6\n", "glove"),
        (b"1 2\na \x00\x00\x80\x3f\x00\x00\x80\x3f", "word2vec binary"),
        (b"0 5\n", "word2vec text"),
    ],
)
def test_detect_format_by_content(tmp_path, content, name):
    for file in ("v.safetensors", "v.bin", "v.txt", "v"):
        assert formats.detect_format(write(tmp_path, content, file)) == name
        packed = write(tmp_path, gzip.compress(content), file)
        assert formats.detect_format(packed) == name


def npy():
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


def npz():
    file = io.BytesIO()
    np.savez(file, a=np.ones(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        *[
            (pickle.dumps({"a": 1}, protocol), "pickled .*never loaded.*export")
            for protocol in (2, 4, 5)
        ],
        (npz(), "expected one array of strings"),
        (npy(), "NumPy array without words"),
        (b"\xba\x16\x4f\x2f\x0c\x00\x00\x00", "truncated"),
        (b"\x00" * 100, "no known format"),
        (b"just some words\nand more\n", "no known format"),
        (b"\n\n", "no known format"),
        (b"a long line " * 200_000, "no known format"),
        (b"\x1f\x8b\x08\x00 no gzip", "truncated or damaged"),
        (gzip.compress(b"2 3\na 1 2 3\nb 4 5 6\n", mtime=0)[:-9], "truncated or damaged"),
    ],
)
def test_refused_file_error_gives_reason(tmp_path, content, says):
    path = write(tmp_path, content)
    with pytest.raises(FileFormatError, match=says) as caught:
        Vectors.load(path)
    assert repr(str(path)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_or_folder_errors(tmp_path):
    with pytest.raises(FileFormatError, match=r"cannot read the vectors .*No such file"):
        Vectors.load(tmp_path / "no.bin")
    with pytest.raises(FileFormatError, match=r"cannot read the vectors .* it is a folder"):
        Vectors.load(tmp_path)


@pytest.mark.parametrize("raw", [b"a%zA", b"a\n%A", b"\n\n\nA"])
def test_binary_row_that_looks_like_text_is_detected(tmp_path, raw):
    (number,) = np.frombuffer(raw, np.float32)
    path = tmp_path / "v.bin"
    Vectors(["a"], [[number]]).save(path)
    assert formats.detect_format(path) == "word2vec binary"
    assert Vectors.load(path)["a"] == number


def test_compressed_native_file_errors(tmp_path):
    path = tmp_path / "v.safetensors"
    Vectors(["a"], [[1.0]]).save(path)
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(FileFormatError, match="decompress it"):
        Vectors.load(path)


@pytest.mark.parametrize("name", ["v.npy", "v", "v.safetensors.gz", "bin"])
def test_save_unknown_suffix_errors(tmp_path, name):
    with pytest.raises(ParameterError, match=r"expected one of \.safetensors .*\.txt \.vec \.bin"):
        Vectors(["a"], [[1.0]]).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words", "size", "first"),
    [
        ("C_fmt_gensim_lee_fasttext.vec", 1762, 10, -0.65992),
        ("C_fmt_gensim_pang_lee_polarity_fasttext.vec", 1694, 100, -0.0073677),
        ("C_fmt_gensim_test_glove.txt", 76, 50, 0.418),
        ("C_fmt_gensim_word2vec_pre_kv_c", 1750, 10, -0.561106),
    ],
)
def test_files_of_other_programs_are_read(data_folder, name, words, size, first):
    vectors = Vectors.load(data_folder / "formats" / name)
    assert vectors.matrix.shape == (words, size)
    assert vectors.matrix[0, 0] == np.float32(first)
    assert len(vectors.most_similar(vectors.labels[0])) == 10
