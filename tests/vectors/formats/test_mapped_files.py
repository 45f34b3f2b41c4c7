"""What happens to vectors whose file changes while it is mapped."""

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests.vectors.formats import fasttext_files
from textdl import FastTextClassifier
from textdl.errors import FileFormatError
from textdl.vectors.subwords import SubwordVectors
from textdl.vectors.vectors import Vectors

ROWS = 20_000  # of several pages


@pytest.fixture
def vectors():
    matrix = np.random.default_rng(0).standard_normal((ROWS, 8)).astype(np.float32)
    subwords = SubwordVectors(np.arange(ROWS), matrix, 3, 4, ROWS)
    return Vectors([f"w{i}" for i in range(ROWS)], matrix, subwords=subwords)


QUERIES = {
    "row": "vectors['w7']",
    "contains": "'w7' in vectors",
    "unseen": "vectors['unseen']",
    "batch": "vectors[['w7', 'w9']]",
    "similarity": "vectors.similarity('w7', 'w19999')",
    "most_similar": "vectors.most_similar(np.ones(8))",
    "matrix": "vectors.matrix[-1]",
    "labels": "vectors.labels[-1]",
    "save": "vectors.save('again')",
}


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be cut short there")
@pytest.mark.parametrize("form", ["safetensors", "fasttext"])
@pytest.mark.parametrize("first", ["pass", "vectors.most_similar('w7')"])
@pytest.mark.parametrize("query", QUERIES)
def test_file_cut_short_while_mapped_is_an_error(tmp_path, vectors, form, query, first):
    vectors.save(tmp_path / "v", format=form)
    program = f"""
import os
import sys
import numpy as np
from textdl import Vectors
vectors = Vectors.load(sys.argv[1])
{first}
os.truncate(sys.argv[1], 4096)
{QUERIES[query]}
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "v")], capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert "now it has 4,096" in ran.stderr


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be cut short there")
def test_classifier_cut_short_while_mapped_is_an_error(tmp_path):
    sizes = {"minn": 2, "maxn": 3, "bucket": 20_000, "model": 3, "loss": 3}
    raw = fasttext_files.model(["cat"], np.ones((20_001, 8)), labels=["__label__a"], **sizes)
    empty = fasttext_files.dense(np.zeros((0, 8)))
    path = tmp_path / "m.bin"
    path.write_bytes(raw[: -len(empty)] + fasttext_files.dense(np.ones((1, 8))))
    classifier = FastTextClassifier.load(path)
    os.truncate(path, 4096)
    with pytest.raises(FileFormatError, match="now it has 4,096"):
        classifier.predict(["cats"])


@pytest.mark.parametrize("form", ["safetensors", "fasttext"])
def test_file_replaced_while_mapped_stays_as_it_was(tmp_path, vectors, form):
    path = tmp_path / "v"
    vectors.save(path, format=form)
    mapped = Vectors.load(path)
    unseen = vectors["unseen"]
    Vectors(["other"], [[1.0]]).save(path, format=form)
    assert np.array_equal(mapped["unseen"], unseen)
    assert mapped.most_similar("w7", topn=1)[0][0] in vectors
    assert Vectors.load(path).labels == ["other"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copy_of_mapped_vectors_needs_no_file(tmp_path, vectors, copied):
    vectors.save(tmp_path / "v.safetensors")
    again = copied(Vectors.load(tmp_path / "v.safetensors"))
    (tmp_path / "v.safetensors").unlink()
    assert again.most_similar("w7") == vectors.most_similar("w7")


def test_mapped_matrix_is_read_only_and_not_copied(tmp_path, vectors):
    vectors.save(tmp_path / "v.safetensors")
    mapped = Vectors.load(tmp_path / "v.safetensors")
    assert not mapped.matrix.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        mapped.matrix[0] = 0
