"""Searching a matrix, and where its documents came from."""

import os

import numpy as np
import pytest
from scipy import sparse

from textdl import BM25Vectorizer, CountVectorizer, HashingVectorizer, TfidfVectorizer
from textdl.bow.search import (
    DocumentLocations,
    Index,
    LineDocuments,
    Location,
    nearest_documents,
    top_by_inner_product,
)
from textdl.errors import CorpusError, CorpusReadError, FileFormatError, ParameterError

TEXTS = ["the cat sat on the mat", "the dog sat", "", "a dog and a cat and a dog", "apple grape"]


def index_of(vectorizer, texts=TEXTS):
    return Index(vectorizer, sparse.csr_array(vectorizer.fit_transform(texts)))


def test_nearest_documents_cosines_by_hand():
    counts = CountVectorizer().fit_transform(["The cat sat", "The dog sat", "Orange, apple"])
    found = nearest_documents(counts[:1], counts, topn=3)
    assert found.rows.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(found.scores, [[1, 2 / 3, 0]], atol=1e-12)


def test_nearest_documents_against_dense_loop():
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


def test_nearest_documents_in_blocks_same_rows(monkeypatch):
    documents = np.random.default_rng(1).poisson(0.5, (30, 9))
    whole = nearest_documents(documents, documents, 4)
    monkeypatch.setattr("textdl.bow.search._SCORES_PER_BLOCK", 60)
    np.testing.assert_array_equal(nearest_documents(documents, documents, 4).rows, whole.rows)


def test_nearest_documents_tfidf_weights():
    texts = ["red apples and green apples", "green grapes", "an orange cat", "a cat sat"]
    vectorizer = TfidfVectorizer()
    weights = vectorizer.fit_transform(texts)
    found = nearest_documents(vectorizer.transform(["the cat sat", "apples"]), weights, topn=2)
    assert found.rows.tolist() == [[3, 2], [0, 1]]


@pytest.mark.parametrize("topn", [0, -1, 1.5, True, None])
def test_nearest_documents_bad_topn_is_refused(topn):
    with pytest.raises(ValueError, match="topn is"):
        nearest_documents(np.eye(2), np.eye(2), topn)


def test_nearest_documents_other_columns_is_refused():
    with pytest.raises(ValueError, match="the queries have 2 columns, the documents 3"):
        nearest_documents(np.eye(2), np.eye(3))


def test_top_by_inner_product_few_columns_used_against_dense():
    draw = np.random.default_rng(0)
    queries = sparse.random_array((4, 5000), density=0.003, rng=draw, format="csr")
    documents = sparse.random_array((9, 5000), density=0.003, rng=draw, format="csr")
    found = top_by_inner_product(queries, documents, 9)
    scores = (queries @ documents.T).toarray()
    expected = np.argsort(-scores, axis=1, kind="stable")
    np.testing.assert_array_equal(found.rows, expected)
    np.testing.assert_allclose(found.scores, np.take_along_axis(scores, expected, 1))


@pytest.mark.parametrize(
    "vectorizer",
    [CountVectorizer(), TfidfVectorizer(norm=None), HashingVectorizer(norm=None)],
    ids=str,
)
def test_search_scores_are_cosines(vectorizer):
    index = index_of(vectorizer)
    rows = index.matrix.toarray()
    query = vectorizer.transform(["the cat"]).toarray()[0]
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
    with np.errstate(invalid="ignore"):
        cosines = np.nan_to_num(rows @ query / norms)
    found = index.search(["the cat"], topn=100)[0]
    assert [match.document for match in found] == [0, 1, 3]
    assert [match.score for match in found] == pytest.approx(cosines[[0, 1, 3]])


def test_search_terms_are_shared_most_important_first():
    for vectorizer in (TfidfVectorizer(), BM25Vectorizer(), HashingVectorizer()):
        index = index_of(vectorizer, [*TEXTS, "the mat the mat"])
        match = index.search(["the mat mat sofa"])[0][0]
        assert match.document == 5
        assert match.terms == ("mat", "the")
        assert index.search(["the mat mat"], terms=1)[0][0].terms == ("mat",)
        assert match.location is None


def test_search_topn_and_queries_without_terms():
    index = index_of(CountVectorizer())
    assert [match.document for match in index.search(["the dog"], topn=1)[0]] == [1]
    assert index.search([]) == []
    assert index.search(["", "zebra", "½³"]) == [[], [], []]
    with pytest.raises(ParameterError, match="topn is 0"):
        index.search(["cat"], topn=0)
    with pytest.raises(ParameterError, match="string object received"):
        index.search("cat")


def test_search_two_billion_columns(tmp_path):
    vectorizer = HashingVectorizer(n_features=2**31 - 1)
    vectorizer.save(tmp_path / "bow", vectorizer.transform(TEXTS))
    (found,) = Index.open(tmp_path / "bow").search(["a cat sat"], topn=2)
    assert [match.document for match in found] == [0, 1]
    assert set(found[0].terms) == {"cat", "sat"}


def test_locate_every_document_has_its_line():
    locations = DocumentLocations.from_files((("a", 2), ("none", 0), ("b", 1)))
    assert [locations.locate(row) for row in range(3)] == [
        Location("a", 1), Location("a", 2), Location("b", 1)
    ]  # fmt: skip
    assert DocumentLocations.from_files(()).locate(0) is None


def test_line_documents_counts_what_it_reads(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "c.txt").write_text("x" * 10 + " y" * (1 << 20))  # longer than a chunk
    documents = LineDocuments([tmp_path])
    for _ in range(2):  # again: the count starts anew
        assert [document[:3] for document in documents] == ["one", "", "two", "xxx"]
        assert [size for _, size in documents.files] == [3, 0, 1]
    assert documents.files[2][0] == str(tmp_path / "c.txt")
    with pytest.raises(CorpusError, match="expected at least one line of text"):
        list(LineDocuments([tmp_path / "b.txt"]))
    with pytest.raises(CorpusReadError, match="does not exist"):
        LineDocuments([tmp_path / "d.txt"])


def test_line_documents_report_how_many_were_read(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.bow.search._DOCUMENTS_PER_REPORT", 2)
    for name, lines in (("a", 3), ("b", 4)):
        (tmp_path / name).write_text("text\n" * lines)
    reported = []
    assert len(list(LineDocuments([tmp_path], report=reported.append))) == 7
    assert reported == [2, 5, 7]


def test_index_open_locations_come_from_the_file(tmp_path):
    path = tmp_path / "m"
    vectorizer = CountVectorizer()
    vectorizer.save(path, vectorizer.fit_transform(TEXTS), [("a.txt", 3), ("b ☘.txt", 2)])
    match = Index.open(path).search(["apple"])[0][0]
    assert match.location == Location("b ☘.txt", 2)


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be cut short there")
def test_index_cut_short_while_mapped_is_an_error(tmp_path):
    vectorizer = TfidfVectorizer()
    path = tmp_path / "bow.safetensors"
    vectorizer.save(path, vectorizer.fit_transform([f"w{i} w{i % 7}" for i in range(5000)]))
    index = Index.open(path)
    os.truncate(path, 4096)
    with pytest.raises(FileFormatError, match="now it has 4,096"):
        index.search(["w3"])
