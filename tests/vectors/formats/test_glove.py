import numpy as np
import pytest

from textdl.errors import ParameterError
from textdl.vectors import formats
from textdl.vectors.vectors import Vectors

MATRIX = np.float32([[0.1, -1], [1e-20, 3]])


def test_write_exact_layout_and_round_trip(tmp_path):
    path = tmp_path / "g.txt"
    Vectors(["a", "é"], MATRIX).save(path, format="glove")
    assert path.read_bytes() == "a 0.100000001 -1\né 9.99999968e-21 3\n".encode()
    assert formats.detect_format(path) == "glove"
    again = Vectors.load(path)
    assert again.labels == ["a", "é"]
    assert np.array_equal(again.matrix, MATRIX)


def test_compressed_by_its_name(tmp_path):
    Vectors(["a", "é"], MATRIX).save(tmp_path / "g.txt.gz", format="glove")
    assert formats.detect_format(tmp_path / "g.txt.gz") == "glove"
    assert Vectors.load(tmp_path / "g.txt.gz", limit=1).labels == ["a"]


# gensim leaves a file without a header open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_gensim_reads_what_is_written(tmp_path):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    matrix = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    words = [f"wört{i}" for i in range(50)]
    Vectors(words, matrix).save(tmp_path / "g.txt", format="glove")
    theirs = models.KeyedVectors.load_word2vec_format(str(tmp_path / "g.txt"), no_header=True)
    assert theirs.index_to_key == words
    assert np.array_equal(theirs.vectors, matrix)
    theirs.save_word2vec_format(str(tmp_path / "theirs.txt"), write_header=False)
    ours = Vectors.load(tmp_path / "theirs.txt")
    assert formats.detect_format(tmp_path / "theirs.txt") == "glove"
    assert ours.labels == words
    np.testing.assert_allclose(ours.matrix, matrix, rtol=1e-6)


@pytest.mark.parametrize("label", ["a b", "", "a\tb", "a\n"])
def test_write_label_with_whitespace_errors(tmp_path, label):
    with pytest.raises(ParameterError, match=r"save as \.safetensors"):
        Vectors(["ok", label], np.eye(2)).save(tmp_path / "g.txt", format="glove")
    assert list(tmp_path.iterdir()) == []


def test_write_first_row_like_a_header_errors(tmp_path):
    with pytest.raises(ParameterError, match=r"'1984 7'.*would be read as 'V D'"):
        Vectors(["1984", "b"], [[7.0], [8.0]]).save(tmp_path / "g.txt", format="glove")
    assert list(tmp_path.iterdir()) == []
    Vectors(["1984", "b"], [[7.5], [8.0]]).save(tmp_path / "g.txt", format="glove")
    assert Vectors.load(tmp_path / "g.txt").labels == ["1984", "b"]


def test_write_no_rows_errors(tmp_path):
    with pytest.raises(ParameterError, match="no vectors cannot be written"):
        Vectors([], np.empty((0, 3))).save(tmp_path / "g.txt", format="glove")
    assert list(tmp_path.iterdir()) == []
