"""The examples that courses begin with."""

import numpy as np
import pytest

from textdl.bow.bm25 import BM25Transformer
from textdl.bow.counts import CountVectorizer
from textdl.bow.similarity import best_documents, nearest_documents
from textdl.bow.tfidf import TfidfVectorizer

SENTENCES = ["The cat sat", "The dog sat", "Orange, apple, grape"]
DICTIONARY = ["the", "cat", "sat", "dog", "orange", "apple", "grape"]


def test_three_sentences_over_a_dictionary():
    counts = CountVectorizer(vocabulary=DICTIONARY).transform(SENTENCES)
    assert counts.toarray().tolist() == [
        [1, 1, 1, 0, 0, 0, 0],
        [1, 0, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1],
    ]


@pytest.mark.parametrize(("binary", "last"), [(True, 1), (False, 2)])
def test_the_dog_is_on_the_table(binary, last):
    vocabulary = ["are", "cat", "dog", "is", "now", "on", "table", "the"]
    vectorizer = CountVectorizer(vocabulary=vocabulary, binary=binary)
    row = vectorizer.fit_transform(["the dog is on the table"]).toarray()[0]
    assert row.tolist() == [0, 0, 1, 1, 0, 1, 1, last]


def test_cosines_of_the_sentences():
    counts = CountVectorizer(vocabulary=DICTIONARY).transform(SENTENCES)
    found = nearest_documents(counts[:1], counts, topn=3)
    assert found.rows.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(found.similarities, [[1, 2 / 3, 0]], atol=1e-12)


def test_nearest_documents_against_a_dense_loop():
    draw = np.random.default_rng(0)
    documents = draw.poisson(0.3, (50, 20)).astype(float)
    documents[:, 0] = 0
    documents[7] = documents[3]
    documents[9] = 0  # a document without terms is similar to nothing
    queries = documents[[3, 9, 1]]
    found = nearest_documents(queries, documents, topn=50)
    for query, rows, similarities in zip(queries, *found, strict=True):
        cosine = np.array(
            [
                query @ document / (np.linalg.norm(query) * np.linalg.norm(document) or 1)
                for document in documents
            ]
        )
        np.testing.assert_allclose(similarities, np.sort(cosine)[::-1], atol=1e-12)
        np.testing.assert_allclose(cosine[rows], similarities, atol=1e-12)
    assert found.rows[0, :2].tolist() == [3, 7]
    assert found.rows[1].tolist() == list(range(50))
    for topn in (1, 2, 5):
        few = nearest_documents(queries, documents, topn)
        np.testing.assert_array_equal(few.rows, found.rows[:, :topn])


def test_blocks_of_queries_change_nothing(monkeypatch):
    documents = np.random.default_rng(1).poisson(0.5, (30, 9))
    whole = nearest_documents(documents, documents, 4)
    monkeypatch.setattr("textdl.bow.similarity._SCORES_A_BLOCK", 60)
    np.testing.assert_array_equal(nearest_documents(documents, documents, 4).rows, whole.rows)


def test_bm25_against_a_double_loop():
    texts = ["a cat sat on a mat", "the dog", "cat cat cat dog", ""]
    vectorizer = CountVectorizer(token_pattern=r"\w+")
    counts = vectorizer.fit_transform(texts)
    ours = BM25Transformer(k1=1.5, b=0.6).fit_transform(counts).toarray()
    dense = counts.toarray()
    mean = dense.sum() / len(texts)
    for d, row in enumerate(dense):
        for t, tf in enumerate(row):
            df = (dense[:, t] > 0).sum()
            idf = np.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
            expected = idf * tf * 2.5 / (tf + 1.5 * (0.4 + 0.6 * row.sum() / mean))
            assert ours[d, t] == pytest.approx(expected, abs=1e-12)
    query = vectorizer.transform(["cat dog"])
    assert best_documents(query, ours, topn=1).rows.tolist() == [[2]]


def test_a_weighted_search():
    texts = ["red apples and green apples", "green grapes", "an orange cat", "a cat sat"]
    vectorizer = TfidfVectorizer()
    weights = vectorizer.fit_transform(texts)
    found = nearest_documents(vectorizer.transform(["the cat sat", "apples"]), weights, topn=2)
    assert found.rows.tolist() == [[3, 2], [0, 1]]


@pytest.mark.parametrize("topn", [0, -1, 1.5, True, None])
def test_bad_topn(topn):
    with pytest.raises(ValueError, match="topn is"):
        nearest_documents(np.eye(2), np.eye(2), topn)


def test_columns_that_differ():
    with pytest.raises(ValueError, match="the queries have 2 columns, the documents 3"):
        nearest_documents(np.eye(2), np.eye(3))


@pytest.mark.parametrize("parameters", [{"k1": -1}, {"b": 1.1}, {"norm": "l3"}])
def test_bad_parameters_of_bm25(parameters):
    with pytest.raises(ValueError, match=r"expected"):
        BM25Transformer(**parameters).fit(np.eye(2))
