"""One line, of the family, and of scikit-learn's type."""

import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from textdl.bow.counts import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfTransformer, TfidfVectorizer
from textdl.errors import CorpusError, CorpusReadError, ParameterError, TextdlError

VECTORIZERS = [CountVectorizer, TfidfVectorizer, HashingVectorizer]
LEARNERS = VECTORIZERS[:2]


def assert_raises(kind, message, function, *arguments):
    with pytest.raises(kind, match=message) as found:
        function(*arguments)
    assert isinstance(found.value, TextdlError)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("make", VECTORIZERS)
@pytest.mark.parametrize("documents", ["a text", b"a text"])
def test_a_bare_string(make, documents):
    message = "iterable over raw text documents expected, string object received"
    for method in ("fit", "transform", "fit_transform"):
        vectorizer = make(vocabulary=["cat"], use_idf=False) if make is TfidfVectorizer else make()
        if make is CountVectorizer:
            vectorizer.fit(["the cat"])
        assert_raises(ValueError, message, getattr(vectorizer, method), documents)


@pytest.mark.parametrize("make", VECTORIZERS)
def test_what_is_no_iterable(make):
    assert_raises(ParameterError, r"the documents are 3 \(int\)", make().fit_transform, 3)


@pytest.mark.parametrize("bad", [None, np.nan, float("nan"), 3, ["a", "list"]])
@pytest.mark.parametrize("make", VECTORIZERS)
@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
def test_documents_that_are_no_text(make, bad, analyzer):
    message = rf"document 1 is {re.escape(repr(bad))}"
    assert_raises(CorpusError, message, make(analyzer=analyzer).fit_transform, ["a text", bad])


def test_bytes_that_are_not_of_the_encoding():
    vectorizer = CountVectorizer()
    message = "document 1 is not utf-8: byte 0xff at position 2"
    assert_raises(UnicodeDecodeError, message, vectorizer.fit, [b"ok", b"no\xff"])
    assert_raises(CorpusError, message, vectorizer.fit, [b"ok", b"no\xff"])
    assert_raises(
        ParameterError, "encoding='nope' is unknown", CountVectorizer(encoding="nope").fit, [b"a"]
    )


def test_files_that_are_missing(tmp_path):
    missing = tmp_path / "missing"
    assert_raises(OSError, "missing", CountVectorizer().fit, missing)
    lookup = CountVectorizer(input="filename")
    assert_raises(CorpusReadError, "cannot read the document", lookup.fit, [missing])
    (tmp_path / "text").write_text("text")
    latin = CountVectorizer(encoding="latin-1")
    assert_raises(ParameterError, "which are UTF-8", latin.fit, tmp_path / "text")


@pytest.mark.parametrize("make", LEARNERS)
def test_nothing_to_learn(make):
    for documents in ([], [""], ["a b c"], iter([])):
        assert_raises(ValueError, "empty vocabulary", make().fit, documents)
    assert_raises(ValueError, "empty vocabulary", make(stop_words=["the"]).fit, ["the"])
    assert_raises(ValueError, "after pruning, no terms remain", make(min_df=2).fit, ["the", "cat"])
    contradiction = make(max_df=1, min_df=0.9)
    message = "max_df=1 corresponds to < documents than min_df=0.9"
    assert_raises(ValueError, message, contradiction.fit, ["the"] * 9)


@pytest.mark.parametrize("make", LEARNERS)
def test_what_was_not_learnt(make):
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
        assert_raises(NotFittedError, "learnt nothing yet", function, *arguments)


def test_weights_that_were_not_learnt():
    vectorizer = TfidfVectorizer(vocabulary=["cat"])
    assert_raises(NotFittedError, "not fitted", vectorizer.transform, ["cat"])
    assert not hasattr(TfidfVectorizer(use_idf=False).fit(["cat"]), "idf_")
    with pytest.raises(NotFittedError):
        TfidfTransformer().transform(np.eye(2))


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], "empty vocabulary"),
        ({}, "empty vocabulary"),
        (["cat", "dog", "cat"], "duplicate term in vocabulary: 'cat' is column 0 and 2"),
        ({"cat": 0, "dog": 0}, "repeated indices"),
        ({"cat": 0, "dog": 2}, "doesn't contain index 1"),
        ([1, 2], "holds 1"),
        (3, "vocabulary=3"),
    ],
)
def test_bad_vocabularies(vocabulary, message):
    assert_raises(ValueError, message, CountVectorizer(vocabulary=vocabulary).fit, ["cat"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"input": "url"},
        {"decode_error": "fix"},
        {"strip_accents": "all"},
        {"lowercase": "yes"},
        {"tokenizer": "jieba"},
        {"preprocessor": "lower"},
        {"analyzer": "sentence"},
        {"stop_words": "klingon"},
        {"stop_words": 3},
        {"token_pattern": "("},
        {"token_pattern": "(a)(b)"},
        {"ngram_range": (2, 1)},
        {"ngram_range": (0, 1)},
        {"ngram_range": 2},
        {"ngram_range": (1, 2.5)},
        {"binary": 2},
        {"n_jobs": 0},
        {"n_jobs": 1.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("make", VECTORIZERS)
def test_bad_parameters(make, parameters):
    name = next(iter(parameters))
    assert_raises(ValueError, name, make(**parameters).fit_transform, ["the cat"])


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (CountVectorizer, {"max_df": 1.5}),
        (CountVectorizer, {"max_df": -1}),
        (CountVectorizer, {"min_df": 0}),
        (CountVectorizer, {"min_df": "two"}),
        (CountVectorizer, {"max_features": 0}),
        (CountVectorizer, {"max_features": 1.0}),
        (TfidfVectorizer, {"norm": "l3"}),
        (TfidfVectorizer, {"use_idf": None}),
        (TfidfTransformer, {"norm": "max"}),
        (HashingVectorizer, {"n_features": 0}),
        (HashingVectorizer, {"n_features": 2**31}),
        (HashingVectorizer, {"norm": "max"}),
    ],
    ids=str,
)
def test_bad_parameters_of_one(make, parameters):
    name = next(iter(parameters))
    data = np.eye(2) if make is TfidfTransformer else ["the cat"]
    assert_raises(ValueError, name, make(**parameters).fit_transform, data)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tokenizer": str.split}, "'token_pattern' will not be used since 'tokenizer' is"),
        ({"analyzer": str.split, "preprocessor": str.lower}, "'preprocessor' will not be used"),
        ({"analyzer": str.split, "ngram_range": (1, 2)}, "'ngram_range' will not be used"),
        ({"analyzer": "char", "stop_words": ["a"]}, "'stop_words' will not be used since"),
        ({"analyzer": "char", "token_pattern": "x"}, "'token_pattern' will not be used since"),
        ({"stop_words": ["don't"]}, r"generated tokens \['don'\] not in stop_words"),
        ({"vocabulary": ["The"]}, "[Uu]pper case characters found in vocabulary"),
    ],
    ids=str,
)
def test_parameters_without_effect_are_told(parameters, message):
    with pytest.warns(UserWarning, match=message):
        CountVectorizer(**parameters).fit(["the cat"])


def test_an_integer_type_of_weights_is_told():
    with pytest.warns(UserWarning, match="Only float64 and float32 'dtype'"):
        weights = TfidfVectorizer(dtype=np.int32).fit_transform(["the cat"])
    assert weights.dtype == np.float64
