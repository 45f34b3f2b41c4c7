"""Searching a matrix, where its documents came from, and BM25 as a vectorizer."""

import math

import numpy as np
import pytest
from scipy import sparse

from textdl import (
    BM25Transformer,
    BM25Vectorizer,
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from textdl.bow.saved import load
from textdl.bow.search import Index
from textdl.bow.sources import Files, Place, Sources
from textdl.errors import CorpusError, CorpusReadError, FileFormatError, ParameterError

TEXTS = ["the cat sat on the mat", "the dog sat", "", "a dog and a cat and a dog", "apple grape"]


def bm25_by_hand(query, texts, k1=1.2, b=0.75):
    """The textbook's sum, term by term; words of one character are none."""
    bags = [[word for word in text.split() if len(word) > 1] for text in texts]
    mean = sum(map(len, bags)) / len(bags)
    scores = []
    for bag in bags:
        score = 0.0
        for word in filter(bag.__contains__, query.split()):
            holding = sum(word in other for other in bags)
            idf = math.log(1 + (len(bags) - holding + 0.5) / (holding + 0.5))
            tf = bag.count(word)
            score += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(bag) / mean))
        scores.append(score)
    return scores


def index_of(vectorizer, texts=TEXTS):
    return Index(vectorizer, sparse.csr_array(vectorizer.fit_transform(texts)))


# BM25


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.0, 0.0), (2.5, 1.0)])
def test_bm25_is_the_textbooks_sum(k1, b):
    index = index_of(BM25Vectorizer(k1=k1, b=b))
    expected = bm25_by_hand("dog cat dog zebra", TEXTS, k1, b)
    (found,) = index.search(["dog cat dog zebra"])
    assert [match.document for match in found] == [
        row for row in np.argsort(-np.array(expected), kind="stable") if expected[row] > 0
    ]
    for match in found:
        assert match.score == pytest.approx(expected[match.document])


@pytest.mark.parametrize(
    "options", [{}, {"binary": True}, {"min_df": 2, "norm": "l2"}, {"dtype": np.float32}], ids=str
)
def test_bm25_is_the_transformer_after_counting(options):
    counting = {k: v for k, v in options.items() if k in ("binary", "min_df")}
    counts = CountVectorizer(**counting).fit_transform(TEXTS)
    expected = BM25Transformer(norm=options.get("norm")).fit_transform(counts)
    vectorizer = BM25Vectorizer(**options)
    got = vectorizer.fit_transform(TEXTS)
    assert got.dtype == options.get("dtype", np.float64)
    np.testing.assert_allclose(got.toarray(), expected.toarray(), rtol=1e-6)
    np.testing.assert_array_equal(vectorizer.transform(TEXTS).toarray(), got.toarray())


def test_bm25_learns_in_parts_and_is_saved(tmp_path):
    whole = BM25Vectorizer(k1=2.0).fit(TEXTS)
    parts = [BM25Vectorizer(k1=2.0).partial_fit(TEXTS[i::2]) for i in (1, 0)]
    merged = parts[0].merge(parts[1])
    assert merged.mean_length_ == whole.mean_length_
    np.testing.assert_array_equal(merged.idf_, whole.idf_)
    merged.save(tmp_path / "a")
    whole.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = load(tmp_path / "a").vectorizer
    assert type(again) is BM25Vectorizer
    assert (again.transform(TEXTS) != whole.transform(TEXTS)).nnz == 0


def test_bm25_refuses():
    for options in ({"k1": -1}, {"b": 2}, {"k1": math.nan}, {"b": "0.5"}):
        with pytest.raises(ParameterError, match="expected k1 from 0, and b from 0 to 1"):
            BM25Vectorizer(**options).fit(TEXTS)
    with pytest.raises(ParameterError, match="norm='l3'"):
        BM25Vectorizer(norm="l3").fit(TEXTS)
    with pytest.raises(ValueError, match="learnt from no document"):
        BM25Vectorizer(vocabulary=["cat"]).transform(TEXTS)


# Searching


@pytest.mark.parametrize(
    "vectorizer",
    [CountVectorizer(), TfidfVectorizer(norm=None), HashingVectorizer(norm=None)],
    ids=str,
)
def test_scores_are_cosines(vectorizer):
    index = index_of(vectorizer)
    rows = index.matrix.toarray()
    query = vectorizer.transform(["the cat"]).toarray()[0]
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    with np.errstate(invalid="ignore"):
        cosines = np.nan_to_num(rows @ query / norms)
    found = index.search(["the cat"], topn=100)[0]
    assert [match.document for match in found] == [0, 1, 3]
    assert [match.score for match in found] == pytest.approx(cosines[[0, 1, 3]])


def test_terms_are_those_shared_that_count_most_first():
    for vectorizer in (TfidfVectorizer(), BM25Vectorizer(), HashingVectorizer()):
        index = index_of(vectorizer, [*TEXTS, "the mat the mat"])
        match = index.search(["the mat mat sofa"])[0][0]
        assert match.document == 5
        assert match.terms == ("mat", "the")
        assert index.search(["the mat mat"], terms=1)[0][0].terms == ("mat",)
        assert match.place is None


def test_topn_and_odd_queries():
    index = index_of(CountVectorizer())
    assert [match.document for match in index.search(["the dog"], topn=1)[0]] == [1]
    assert index.search([]) == []
    assert index.search(["", "zebra", "½³"]) == [[], [], []]
    with pytest.raises(ParameterError, match="topn is 0"):
        index.search(["cat"], topn=0)
    with pytest.raises(ParameterError, match="string object received"):
        index.search("cat")


def test_hashing_names_the_querys_terms_by_their_columns():
    vectorizer = HashingVectorizer(n_features=64, ngram_range=(1, 2))
    for term in ("cat", "the cat", "straße", "é"):
        (column,) = (
            HashingVectorizer(n_features=64, tokenizer=lambda text: [text], token_pattern=None)
            .transform([term])
            .indices
        )
        assert vectorizer.column_of(term) == column


# Files


def test_every_document_has_its_line():
    sources = Sources.from_files([("a", 2), ("none", 0), ("b", 1)])
    assert [sources.place(row) for row in range(3)] == [
        Place("a", 1), Place("a", 2), Place("b", 1)
    ]  # fmt: skip
    assert Sources().place(0) is None
    for wrong in ([("a",)], [(1, 2)], [("a", 2.0)], [("a", -1)], [("a", True)], 5):
        with pytest.raises((TypeError, ValueError)):
            Sources.from_files(wrong)


def test_files_are_counted_as_they_are_read(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "c.txt").write_text("x" * 10 + " y" * (1 << 20))  # longer than a chunk
    files = Files([tmp_path])
    for _ in range(2):  # again: the count starts anew
        assert [document[:3] for document in files] == ["one", "", "two", "xxx"]
        assert [size for _, size in files.counted] == [3, 0, 1]
    assert files.counted[2][0] == str(tmp_path / "c.txt")
    with pytest.raises(CorpusError, match="expected at least one line of text"):
        list(Files([tmp_path / "b.txt"]))
    with pytest.raises(CorpusReadError, match="does not exist"):
        Files([tmp_path / "d.txt"])


def test_sources_are_saved_beside_the_matrix(tmp_path):
    path, vectorizer = tmp_path / "m", CountVectorizer()
    matrix = vectorizer.fit_transform(TEXTS)
    vectorizer.save(path, matrix, [("a.txt", 3), ("b ☘.txt", 2)])
    match = Index.open(path).search(["apple"])[0][0]
    assert match.place == Place("b ☘.txt", 2)
    for files in ([("a.txt", 3)], [("a.txt", "5")], [("a.txt", 5, 1)], [[5, 5]]):
        vectorizer.save(path, matrix, files)
        with pytest.raises(FileFormatError, match=r"its files have|its list of files"):
            Index.open(path)
