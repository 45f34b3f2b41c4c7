"""Learning in parts, from streams, on threads and processes: always the same result."""

import gzip
import pickle

import numpy as np
import pytest

from tests.bow.conftest import NASTY, assert_same_matrix
from textdl.bow import counters, vectorizer
from textdl.bow.counts import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.statistics import Dropped
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import CorpusReadError, ParameterError
from textdl.text import corpus
from textdl.text import encode as encode_module

VARIANTS = [
    CountVectorizer(),
    CountVectorizer(ngram_range=(1, 2), min_df=2, stop_words="english"),
    CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), max_features=9, binary=True),
    CountVectorizer(analyzer="char", ngram_range=(1, 2)),
    CountVectorizer(vocabulary=["cat", "the", "zebra"]),
    TfidfVectorizer(sublinear_tf=True, max_df=0.5),
    TfidfVectorizer(tokenizer="whitespace", token_pattern=None, ngram_range=(1, 2)),
]
TEXTS = [text for text in NASTY if "\ud800" not in text]


@pytest.fixture
def small_chunks(monkeypatch):
    """Many chunks, so that threads and processes have something to share."""
    monkeypatch.setattr(counters, "WORDS_A_CHUNK", 40)
    monkeypatch.setattr(counters, "CHARACTERS_A_CHUNK", 40)
    monkeypatch.setattr(counters, "CUT_A_CHUNK", 40)
    monkeypatch.setattr(encode_module, "PARALLEL_AFTER_SECONDS", -1)


def fresh(estimator, **changes):
    return type(estimator)(**(estimator.get_params() | changes))


def assert_alike(one, other):
    assert one.vocabulary_ == other.vocabulary_
    assert one.n_documents_ == other.n_documents_
    assert one.dropped_ == other.dropped_
    np.testing.assert_array_equal(one.document_frequency_, other.document_frequency_)
    np.testing.assert_array_equal(one.term_frequency_, other.term_frequency_)
    assert_same_matrix(one.transform(TEXTS), other.transform(TEXTS))


@pytest.mark.parametrize("estimator", VARIANTS, ids=str)
def test_parts_in_any_order_are_one_fit(estimator):
    whole = fresh(estimator).fit(TEXTS)
    halves = fresh(estimator).partial_fit(TEXTS[:9]).partial_fit(TEXTS[9:])
    backwards = fresh(estimator)
    for text in TEXTS[::-1]:
        backwards.partial_fit([text])
    some = [fresh(estimator).partial_fit(TEXTS[i::4]) for i in range(4)]
    merged = some[2].merge(some[0], some[3], some[1])
    nested = some[0].merge(some[1]).merge(some[3].merge(some[2]))
    for other in (halves, backwards, merged, nested):
        assert_alike(other, whole)


@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1, None])
@pytest.mark.parametrize("estimator", VARIANTS, ids=str)
def test_jobs_change_nothing(small_chunks, estimator, n_jobs):
    parallel = fresh(estimator, n_jobs=n_jobs)
    matrix = parallel.fit_transform(TEXTS * 3)
    alone = fresh(estimator, n_jobs=1)
    assert_same_matrix(matrix, alone.fit_transform(TEXTS * 3))
    assert_alike(parallel, alone)


def test_parts_of_a_transform_change_nothing(small_chunks, monkeypatch):
    learnt = CountVectorizer(ngram_range=(1, 2)).fit(TEXTS)
    hashing = HashingVectorizer()
    expected, hashed = learnt.transform(TEXTS), hashing.transform(TEXTS)
    monkeypatch.setattr(vectorizer, "TEXTS_AT_ONCE", 100)
    assert_same_matrix(learnt.transform(TEXTS), expected)
    assert_same_matrix(hashing.transform(TEXTS), hashed)


def test_files_are_lines(tmp_path, monkeypatch):
    lines = ["the cat sat on the mat", "", "a dog " * 50, "the end"]
    plain, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    plain.write_text("\n".join(lines[:2]) + "\n")
    packed.write_bytes(gzip.compress("\n".join(lines[2:]).encode()))
    vectorizer = CountVectorizer(ngram_range=(1, 2))
    expected = vectorizer.fit_transform(lines)
    sources = [tmp_path, tmp_path / "*.txt*", [plain, packed]]
    for size in (1 << 20, 16):  # small chunks cut the long line, and it is put together again
        monkeypatch.setattr(corpus, "CHUNK_BYTES", size)
        for source in [*sources, iter([plain, packed])]:
            ours = CountVectorizer(ngram_range=(1, 2))
            assert_same_matrix(ours.fit_transform(source), expected)
            assert ours.vocabulary_ == vectorizer.vocabulary_
        assert_same_matrix(vectorizer.transform(tmp_path), expected)


def test_a_generator_is_read_once_and_little_ahead(small_chunks):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            if taken > 50:
                raise CorpusReadError("enough")
            yield "the cat sat on the mat " * 3

    with pytest.raises(CorpusReadError, match="enough"):
        CountVectorizer(n_jobs=2).fit(endless())
    assert taken == 51
    texts = ("the cat sat" for _ in range(30))
    assert CountVectorizer().fit(texts).n_documents_ == 30


def test_dropped_tokens_are_counted():
    texts = ["a b the cat sat", "I the cat x", "the dog"]
    vectorizer = CountVectorizer(stop_words=["the"], min_df=2).fit(texts)
    assert vectorizer.dropped_ == Dropped(short=4, stop_words=3, unknown=2)
    fixed = CountVectorizer(vocabulary=["cat"]).fit(texts)
    assert fixed.dropped_ == Dropped(short=4, stop_words=0, unknown=5)


def test_a_vocabulary_can_be_set():
    learnt = TfidfVectorizer().fit(TEXTS)
    other = TfidfVectorizer()
    other.vocabulary_ = learnt.vocabulary_
    other.idf_ = learnt.idf_
    assert other.fixed_vocabulary_
    assert not learnt.fixed_vocabulary_
    assert_same_matrix(other.transform(TEXTS), learnt.transform(TEXTS))
    with pytest.raises(ParameterError, match="must be equal to the vocabulary size"):
        other.idf_ = [1.0]


def test_fit_forgets():
    vectorizer = TfidfVectorizer().fit(["a cat"])
    assert list(vectorizer.fit(["the dog"]).vocabulary_) == ["dog", "the"]
    assert list(vectorizer.partial_fit(["the cat"]).vocabulary_) == ["cat", "dog", "the"]
    np.testing.assert_allclose(vectorizer.idf_, np.log(3 / np.array([2, 2, 3])) + 1)


@pytest.mark.parametrize("estimator", VARIANTS, ids=str)
def test_pickles(estimator):
    vectorizer = fresh(estimator).fit(TEXTS)
    assert_alike(pickle.loads(pickle.dumps(vectorizer)), vectorizer)


@pytest.mark.parametrize("name", ["nltk", "whitespace", "wordpunct", "tweet"])
def test_named_tokenizers(name):
    from textdl.text.tokenize import get_tokenizer

    texts = ["Don't panic, Mr. Dent.", "It's only a towel!"]
    named = CountVectorizer(tokenizer=name, token_pattern=None)
    tokens = {token for text in texts for token in get_tokenizer(name)(text)}
    assert set(named.fit(texts).vocabulary_) == tokens


def test_merging_what_differs():
    one = CountVectorizer().fit(["cat"])
    for other in (CountVectorizer(binary=True), TfidfVectorizer()):
        with pytest.raises(ParameterError, match="cannot merge CountVectorizer"):
            one.merge(other.fit(["cat"]))
    assert one.merge(CountVectorizer(n_jobs=1).fit(["dog"])).n_documents_ == 2
