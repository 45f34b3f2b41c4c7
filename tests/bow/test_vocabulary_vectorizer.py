"""Learning in parts, from streams, on threads and processes: always the same result."""

import gzip
import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from tests.bow.conftest import NASTY, assert_raises, assert_same_matrix, both
from textdl.bow.count import CountVectorizer
from textdl.bow.engine.counting import DroppedTokens
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import ParameterError
from textdl.text import corpus
from textdl.text import files as files_module

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
LEARNERS = [CountVectorizer, TfidfVectorizer]


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
def test_partial_fit_and_merge_in_any_order_same_as_fit(estimator):
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
def test_fit_transform_any_jobs_same_matrix(small_chunks, estimator, n_jobs):
    parallel = fresh(estimator, n_jobs=n_jobs)
    matrix = parallel.fit_transform(TEXTS * 3)
    alone = fresh(estimator, n_jobs=1)
    assert_same_matrix(matrix, alone.fit_transform(TEXTS * 3))
    assert_alike(parallel, alone)


def test_fit_transform_files_same_as_lines(tmp_path, monkeypatch):
    lines = ["the cat sat on the mat", "", "a dog " * 50, "the end"]
    plain, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    plain.write_text("\n".join(lines[:2]) + "\n")
    packed.write_bytes(gzip.compress("\n".join(lines[2:]).encode()))
    vectorizer = CountVectorizer(ngram_range=(1, 2))
    expected = vectorizer.fit_transform(lines)
    sources = [tmp_path, tmp_path / "*.txt*", [plain, packed]]
    for size in (1 << 20, 16):  # small chunks cut the long line, and it is put together again
        monkeypatch.setattr(corpus, "CHUNK_BYTES", size)
        monkeypatch.setattr(files_module, "CHUNK_BYTES", size)
        for source in [*sources, iter([plain, packed])]:
            ours = CountVectorizer(ngram_range=(1, 2))
            assert_same_matrix(ours.fit_transform(source), expected)
            assert ours.vocabulary_ == vectorizer.vocabulary_
        assert_same_matrix(vectorizer.transform(tmp_path), expected)


def test_dropped_counts_tokens_by_reason():
    texts = ["a b the cat sat", "I the cat x", "the dog"]
    vectorizer = CountVectorizer(stop_words=["the"], min_df=2).fit(texts)
    assert vectorizer.dropped_ == DroppedTokens(short=4, stop_words=3, unknown=2)
    fixed = CountVectorizer(vocabulary=["cat"]).fit(texts)
    assert fixed.dropped_ == DroppedTokens(short=4, stop_words=0, unknown=5)


def test_vocabulary_set_same_as_learned():
    learned = TfidfVectorizer().fit(TEXTS)
    other = TfidfVectorizer()
    other.vocabulary_ = learned.vocabulary_
    other.idf_ = learned.idf_
    assert other.fixed_vocabulary_
    assert not learned.fixed_vocabulary_
    assert_same_matrix(other.transform(TEXTS), learned.transform(TEXTS))
    with pytest.raises(ParameterError, match="must be equal to the vocabulary size"):
        other.idf_ = [1.0]


def test_fit_forgets_what_was_learned():
    vectorizer = TfidfVectorizer().fit(["a cat"])
    assert list(vectorizer.fit(["the dog"]).vocabulary_) == ["dog", "the"]
    assert list(vectorizer.partial_fit(["the cat"]).vocabulary_) == ["cat", "dog", "the"]
    np.testing.assert_allclose(vectorizer.idf_, np.log(3 / np.array([2, 2, 3])) + 1)


@pytest.mark.parametrize("estimator", VARIANTS, ids=str)
def test_pickle_round_trip(estimator):
    vectorizer = fresh(estimator).fit(TEXTS)
    assert_alike(pickle.loads(pickle.dumps(vectorizer)), vectorizer)


def test_merge_different_parameters_is_refused():
    one = CountVectorizer().fit(["cat"])
    for other in (CountVectorizer(binary=True), TfidfVectorizer()):
        with pytest.raises(ParameterError, match="cannot merge CountVectorizer"):
            one.merge(other.fit(["cat"]))
    assert one.merge(CountVectorizer(n_jobs=1).fit(["dog"])).n_documents_ == 2


@pytest.mark.parametrize("make", LEARNERS)
def test_fit_no_terms_is_refused(make):
    for documents in ([], [""], ["a b c"], iter([])):
        assert_raises(ValueError, "empty vocabulary", make().fit, documents)
    assert_raises(ValueError, "empty vocabulary", make(stop_words=["the"]).fit, ["the"])
    assert_raises(ValueError, "after pruning, no terms remain", make(min_df=2).fit, ["the", "cat"])
    contradiction = make(max_df=1, min_df=0.9)
    message = "max_df=1 corresponds to < documents than min_df=0.9"
    assert_raises(ValueError, message, contradiction.fit, ["the"] * 9)


@pytest.mark.parametrize("make", LEARNERS)
def test_methods_before_fit_are_refused(make):
    vectorizer = make()
    assert not hasattr(vectorizer, "vocabulary_")
    calls = [
        (vectorizer.transform, ["cat"]),
        (vectorizer.get_feature_names_out,),
        (vectorizer.inverse_transform, np.eye(1)),
        (vectorizer.merge,),
        (vectorizer.save, "nowhere"),
    ]
    for function, *arguments in calls:
        assert_raises(NotFittedError, "learned nothing yet", function, *arguments)


@pytest.mark.parametrize(
    "parameters", [{}, {"ngram_range": (1, 2)}, {"analyzer": "char_wb"}], ids=str
)
def test_inverse_transform_same_as_sklearn(parameters):
    ours, theirs = both("CountVectorizer", **parameters)
    matrix = ours.fit_transform(NASTY)
    theirs.fit(NASTY)
    for rows in (matrix, matrix.toarray()):
        for one, other in zip(
            ours.inverse_transform(rows), theirs.inverse_transform(rows), strict=True
        ):
            assert sorted(one.tolist()) == sorted(other.tolist())


ODD_TEXTS = [
    "To be, or not to be: THAT is the question",
    "",
    "  \t\n ",
    "ÉCOLE école e\u0301cole İstanbul ſtraße STRASSE",
    "日本語 のテキスト 🙂🙂 a\u200db \ud800 x\x00y",
    "a b c d e f g a b c",
    "don't can't won't 3.14 1,000 £4!",
]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"ngram_range": (1, 3), "lowercase": False},
        {"stop_words": ["to", "be"], "ngram_range": (2, 2)},
        {"token_pattern": r"\w+|[^\w\s]", "ngram_range": (1, 2)},
        {"analyzer": "char", "ngram_range": (1, 3)},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
        {"strip_accents": "unicode", "binary": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [CountVectorizer, TfidfVectorizer])
def test_transform_of_few_documents_same_as_of_many(kind, parameters):
    vectorizer = kind(**parameters).fit(ODD_TEXTS)
    unknown = [*ODD_TEXTS, "words that were never seen, but for the question"]
    filler = ["z z " * 100] * 40  # more than `FEW_CHARACTERS`
    many = vectorizer.transform(unknown + filler)[: len(unknown)]
    few = vectorizer.transform(unknown)
    assert few.dtype == many.dtype
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name))
    one = vectorizer.transform(unknown[:1])
    np.testing.assert_array_equal(one.toarray(), many[:1].toarray())


def test_weights_follow_parameters_that_are_changed():
    vectorizer = TfidfVectorizer().fit(["a cat", "the cat", "a dog"])
    smooth = vectorizer.transform(["the cat dog"]).toarray()
    vectorizer.smooth_idf = False
    fresh = TfidfVectorizer(smooth_idf=False).fit(["a cat", "the cat", "a dog"])
    np.testing.assert_array_equal(
        vectorizer.transform(["the cat dog"]).toarray(), fresh.transform(["the cat dog"]).toarray()
    )
    assert (vectorizer.transform(["the cat dog"]).toarray() != smooth).any()
    vectorizer.idf_[:] = 0  # a copy
    assert vectorizer.idf_.min() > 0
