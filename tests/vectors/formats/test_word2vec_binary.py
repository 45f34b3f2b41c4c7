import struct

import numpy as np
import pytest

from textdl.errors import FileFormatError
from textdl.vectors.vectors import Vectors


def load(tmp_path, content, **options):
    path = tmp_path / "v.bin"
    path.write_bytes(content)
    return Vectors.load(path, **options)


def row(word, *values, end=b"\n"):
    return word + b" " + struct.pack(f"<{len(values)}f", *values) + end


@pytest.mark.parametrize("end", [b"\n", b""])
def test_read_with_and_without_newlines_same_rows(tmp_path, end):
    content = b"2 3\n" + row(b"a", 1, 2, 3, end=end) + row("é".encode(), 4, 5, 6, end=end)
    vectors = load(tmp_path, content)
    assert vectors.labels == ["a", "é"]
    assert vectors.matrix.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_write_exact_layout(tmp_path):
    Vectors(["a", "é"], [[1.5, -2], [0, 3]]).save(tmp_path / "v.bin")
    expected = b"2 2\n" + row(b"a", 1.5, -2) + row("é".encode(), 0, 3)
    assert (tmp_path / "v.bin").read_bytes() == expected


def test_round_trip_through_gensim(tmp_path):
    models = pytest.importorskip("gensim.models")
    words = [f"wört{i}" for i in range(50)]
    matrix = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    Vectors(words, matrix).save(tmp_path / "ours.bin")
    theirs = models.KeyedVectors.load_word2vec_format(str(tmp_path / "ours.bin"), binary=True)
    assert theirs.index_to_key == words
    assert np.array_equal(theirs.vectors, matrix)
    theirs.save_word2vec_format(str(tmp_path / "theirs.bin"), binary=True)
    ours = Vectors.load(tmp_path / "theirs.bin")
    assert ours.labels == words
    assert np.array_equal(ours.matrix, matrix)


def test_truncation_at_every_byte_is_noticed(tmp_path):
    content = b"2 2\n" + row(b"up", 0.3, 0.7) + row(b"down", -0.1, 0.9, end=b"")
    load(tmp_path, content)
    for length in range(len(content)):
        with pytest.raises(FileFormatError) as caught:
            load(tmp_path, content[:length])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"2 2\n" + row(b"a", 0.1, 0.2) * 3, "after row 2 of 2"),
        (b"9 2\n" + row(b"a", 0.1, 0.2) + row(b"b", 0.1, 0.2), "claims 9 words .* holds 2"),
        (b"2 2\n" + row(b"a", 0.1, 0.2) * 2, "'a' stands in row 0 and again in row 1"),
        (b"2 2\n" + row(b"a", 0.1, 0.2) + row(b"b", np.nan, 0), "vector of b'b' is not finite"),
        (b"2 2\n" + row(b"a", 0.1, 0.2) + b"\x01" * 100_000, "after row 1 of 2"),
        (b"2 99999999999\n" + row(b"a", 0.1, 0.2), "vectors of 99,999,999,999 numbers"),
    ],
)
def test_damaged_file_error_names_damage(tmp_path, content, says):
    with pytest.raises(FileFormatError, match=says) as caught:
        load(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_words_not_utf8_are_escaped_or_refused(tmp_path):
    content = b"1 2\n" + row(b"b\x97c", 0.1, 0.2)
    assert load(tmp_path, content).labels == [r"b\x97c"]
    with pytest.raises(FileFormatError, match="row 0 is not UTF-8"):
        load(tmp_path, content, errors="strict")


def test_header_that_promises_much_is_not_allocated(tmp_path):
    row = b"a \x00\x00\x80\x3f\x00\x00\x80\x3f"
    for header in (b"999999999999999999 2\n", b"1 999999999999999999\n", b"1 100001\n"):
        with pytest.raises(FileFormatError, match="claims"):
            load(tmp_path, header + row)
