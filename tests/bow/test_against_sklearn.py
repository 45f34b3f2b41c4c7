"""Entry for entry, name for name."""

import gzip
import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction import text as sklearn_text

from tests.bow.conftest import (
    CHARACTERS,
    NASTY,
    WHOLE,
    WORDS,
    assert_same_fit,
    assert_same_matrix,
    both,
)
from textdl.bow.tfidf import TfidfVectorizer

PATTERNS = [
    r"\w+",
    r"\b\w+\b",
    r"\w{3,}",
    r"(?u)\b\w\w\w+\b",
    r"\S+",
    r"\S\S+",
    r"[a-z]+",
    r"[^\s,.]+",
    r"[^A-Z]+",
    r"[\w']{2,}",
    r"\d+",
    r"\W+",
    r"[^a]+",
    r"(?<!\w)\w+(?=\s)",  # look-around, which Rust's regex has not
    r"(\w)\1",
    r"\b(\w+)\b",
    r"(?i)[A-Z]+",
    r"(?a)\w+",
    r"\w*",
    r"\b[a-z]+\b",
    r"\w+?",
    ".",
]


@pytest.mark.parametrize("accents", [None, "ascii", "unicode"])
@pytest.mark.parametrize("parameters", [*WORDS, *CHARACTERS], ids=str)
@pytest.mark.parametrize("name", ["CountVectorizer", "TfidfVectorizer"])
def test_vectorizers_parameters_same_as_sklearn(name, parameters, accents):
    if name == "TfidfVectorizer":
        parameters = {k: v for k, v in parameters.items() if k != "dtype"}
    assert_same_fit(*both(name, **parameters, strip_accents=accents), NASTY)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_count_vectorizer_token_pattern_same_as_sklearn(pattern, lowercase):
    documents = WHOLE
    pair = both("CountVectorizer", token_pattern=pattern, lowercase=lowercase, ngram_range=(1, 2))
    assert_same_fit(*pair, documents)


def reversed_words(text):
    return [word[::-1] for word in text.split()]


@pytest.mark.parametrize(
    "parameters",
    [
        {"tokenizer": str.split, "token_pattern": None, "ngram_range": (1, 2)},
        {"tokenizer": reversed_words, "token_pattern": None, "stop_words": ["eht"]},
        {"analyzer": reversed_words},
        {"analyzer": lambda text: (word for word in text.split())},
        {"preprocessor": str.upper},
        {"preprocessor": str.upper, "analyzer": "char", "ngram_range": (1, 2)},
        {"preprocessor": str.upper, "analyzer": "char_wb", "ngram_range": (4, 5)},
        {"strip_accents": lambda text: text.replace("é", "e")},
        {"tokenizer": lambda text: text.split(" "), "token_pattern": None, "ngram_range": (1, 2)},
    ],
)
def test_count_vectorizer_functions_same_as_sklearn(parameters):
    documents = WHOLE
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your stop_words may be inconsistent")
        assert_same_fit(*both("CountVectorizer", **parameters), documents)


def test_vectorizers_configured_sparse_interface_same_type():
    import sklearn

    if "sparse_interface" not in sklearn.get_config():
        pytest.skip("this scikit-learn knows only matrices")
    with sklearn.config_context(sparse_interface="sparray"):
        ours, theirs = both("TfidfVectorizer")
        assert_same_fit(ours, theirs, NASTY)


DOCUMENTS = st.lists(
    st.text(max_size=30) | st.text("aAbé½İΣς \n\0.'_3³", max_size=30), min_size=1, max_size=6
)
PARAMETERS = st.fixed_dictionaries(
    {
        "analyzer": st.sampled_from(["word", "word", "char", "char_wb"]),
        "ngram_range": st.tuples(st.integers(1, 4), st.integers(0, 3)).map(
            lambda n: (n[0], sum(n))
        ),
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from([None, "ascii", "unicode"]),
        "binary": st.booleans(),
        "min_df": st.sampled_from([1, 2, 0.3]),
        "max_features": st.none() | st.integers(1, 5),
        "token_pattern": st.sampled_from([r"(?u)\b\w\w+\b", r"\w+", r"\S{2,}", r"[^a ]+"]),
    }
)


def outcome(function, *arguments):
    """What a function returns, or the kind of its error."""
    try:
        return function(*arguments), None
    except ValueError as error:
        return None, re.split(r"\W", str(error))[0].lower()


def check_random(documents, parameters):
    if parameters["analyzer"] != "word":
        del parameters["token_pattern"]
    ours, theirs = both("CountVectorizer", **parameters)
    mine, my_error = outcome(ours.fit_transform, documents)
    reference, their_error = outcome(theirs.fit_transform, documents)
    assert my_error == their_error
    if reference is not None:
        assert_same_matrix(mine, reference)
        assert ours.vocabulary_ == theirs.vocabulary_
        assert_same_matrix(ours.transform(documents[::-1]), theirs.transform(documents[::-1]))


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, PARAMETERS)
def test_count_vectorizer_random_text_same_as_sklearn(documents, parameters):
    check_random(documents, parameters)


@pytest.mark.full
@settings(max_examples=10_000, deadline=None)
@given(DOCUMENTS, PARAMETERS)
def test_count_vectorizer_much_random_text_same_as_sklearn(documents, parameters):
    check_random(documents, parameters)


@pytest.mark.parametrize("corpus", ["smsspam", "rtpolarity"])
def test_tfidf_vectorizer_corpora_same_as_sklearn(data_folder, corpus):
    path = data_folder / "labelled" / f"{corpus}.tsv.gz"
    if not path.exists():
        pytest.skip(f"no {path}")
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        texts = [line.rsplit("\t", 1)[1] for line in file]
    parameters = {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True}
    ours, theirs = TfidfVectorizer(**parameters), sklearn_text.TfidfVectorizer(**parameters)
    assert_same_fit(ours, theirs, texts, [*NASTY, *texts[:100]])
