"""The approximate index: what it finds, and its recall."""

import sys

import numpy as np
import pytest

from textdl.errors import ParameterError
from textdl.vectors.approximate import ApproximateIndex
from textdl.vectors.vectors import Vectors


@pytest.fixture(scope="module")
def index(random_vectors):
    pytest.importorskip("usearch", reason="needs usearch")
    return ApproximateIndex(random_vectors, threads=1)


def test_index_of_few_rows_finds_what_exact_search_does(random_vectors, index):
    words = ["w1", "w250", "w3"]
    exact = random_vectors.most_similar_batch(words, topn=5)
    assert random_vectors.most_similar_batch(words, topn=5, indexer=index) == exact
    assert random_vectors.most_similar(["w1"], ["w2"], indexer=index) == (
        random_vectors.most_similar(["w1"], ["w2"])
    )


def test_index_leaves_out_zero_rows(random_vectors, index):
    assert len(index) == 299
    found = random_vectors.most_similar("w1", topn=400, indexer=index)
    assert "w17" not in dict(found)
    assert found == sorted(found, key=lambda it: -it[1])


def test_recall_counts_true_neighbors(random_vectors, index):
    assert index.recall() == 1.0
    rng = np.random.default_rng(0)
    many = Vectors([str(number) for number in range(3000)], rng.standard_normal((3000, 24)))
    poor = ApproximateIndex(many, connectivity=2, expansion=4, threads=1)
    queries = np.asarray(many.matrix[:50], np.float64)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    found = poor.search(queries, 10).rows
    units = many.matrix / many.norms[:, None]
    best = np.argsort(-(queries @ units.T), axis=1)[:, :10]
    by_hand = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, best, strict=True)])
    assert poor.recall() == pytest.approx(by_hand, abs=0.1)
    assert poor.recall() < 0.9


def test_index_bad_input_errors(random_vectors, index):
    with pytest.raises(ParameterError, match="connectivity is 0"):
        ApproximateIndex(random_vectors, connectivity=0)
    with pytest.raises(ParameterError, match="every vector is zero"):
        ApproximateIndex(Vectors(["a"], [[0.0]]))
    with pytest.raises(ParameterError, match="searches all rows"):
        random_vectors.most_similar("w1", indexer=index, restrict_vocab=5)


def test_index_without_usearch_says_what_to_install(monkeypatch, random_vectors):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(ParameterError, match=r"textdl\[approximate\]"):
        ApproximateIndex(random_vectors)
