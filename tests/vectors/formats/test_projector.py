import numpy as np
import pytest

from textdl.errors import FileFormatError, ParameterError
from textdl.vectors import formats
from textdl.vectors.vectors import Vectors

VECTORS = Vectors(["a b", "é"], np.float32([[0.5, -1e-20], [3, 4]]))


def test_write_exact_layout_and_round_trip(tmp_path):
    VECTORS.save(tmp_path / "v.tsv")
    assert (tmp_path / "v.tsv").read_bytes() == b"0.5\t-9.99999968e-21\n3\t4\n"
    assert (tmp_path / "v_metadata.tsv").read_bytes() == "a b\né\n".encode()
    assert formats.detect_format(tmp_path / "v.tsv") == "projector"
    again = Vectors.load(tmp_path / "v.tsv")
    assert again.labels == ["a b", "é"]
    assert np.array_equal(again.matrix, VECTORS.matrix)
    assert Vectors.load(tmp_path / "v.tsv", limit=1).labels == ["a b"]


@pytest.mark.parametrize(
    ("vectors", "labels"),
    [
        ("v.tsv", "v_metadata.tsv"),
        ("v_tensor.tsv", "v_metadata.tsv"),  # gensim's script
        ("vectors.tsv", "metadata.tsv"),
        ("tensors.tsv", "metadata.tsv"),
    ],
)
def test_labels_are_found_beside(tmp_path, vectors, labels):
    (tmp_path / vectors).write_text("1\t2\r\n3\t4\r\n")
    (tmp_path / labels).write_text("a\r\nb\r\n")
    assert Vectors.load(tmp_path / vectors).labels == ["a", "b"]


@pytest.mark.parametrize("limit", [None, 1])
def test_header_and_other_columns_of_labels_are_left_out(tmp_path, limit):
    (tmp_path / "vectors.tsv").write_text("1\t2\n3\t4")
    (tmp_path / "metadata.tsv").write_text("word\tcount\na\t7\nb\t3")
    vectors = Vectors.load(tmp_path / "vectors.tsv", limit=limit)
    assert vectors.labels == ["a", "b"][:limit]


def test_gensim_writes_what_is_read(tmp_path):
    script = pytest.importorskip("gensim.scripts.word2vec2tensor")
    VECTORS_W2V = Vectors(["a", "b"], np.float32([[0.5, -1e-20], [3, 4]]))
    VECTORS_W2V.save(tmp_path / "v.txt")
    script.word2vec2tensor(str(tmp_path / "v.txt"), str(tmp_path / "t"))
    again = Vectors.load(tmp_path / "t_tensor.tsv")
    assert again.labels == ["a", "b"]
    assert np.array_equal(again.matrix, VECTORS_W2V.matrix)


def test_table_of_numbers_without_labels_beside_is_glove(tmp_path):
    (tmp_path / "v.tsv").write_text("1.5\t2\n3\t4\n")
    assert formats.detect_format(tmp_path / "v.tsv") == "glove"


@pytest.mark.parametrize("label", ["a\tb", "a\nb", "\r", ""])
def test_write_label_that_breaks_the_table_errors(tmp_path, label):
    with pytest.raises(ParameterError, match=r"save as \.safetensors"):
        Vectors(["ok", label], np.eye(2)).save(tmp_path / "v.tsv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("numbers", "labels", "says"),
    [
        ("1\t2\n3\t4\n", "a\n", "1 lines for 2 vectors"),
        ("1\t2\n3\t4\n", "a\nb\nc\nd\n", "4 lines for 2 vectors"),
        ("1\t2\n3\n", "a\nb\n", "line 2: 1 numbers"),
        ("1\t2\n\n3\t4\n", "a\nb\n", "line 2: 0 numbers"),
        ("1\t2\n3\tx\n", "a\nb\n", "line 2: 'x' is not a finite number"),
        ("1\t2\n3\t4\n", "a\na\n", "'a' stands in row 0 and again"),
    ],
)
def test_damaged_pair_errors(tmp_path, numbers, labels, says):
    (tmp_path / "vectors.tsv").write_text(numbers)
    (tmp_path / "metadata.tsv").write_text(labels)
    with pytest.raises(FileFormatError, match=says):
        Vectors.load(tmp_path / "vectors.tsv")
