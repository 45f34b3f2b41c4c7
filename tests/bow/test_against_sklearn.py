"""Entry for entry, name for name."""

import re
import warnings
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction import text as sklearn_text

from tests.bow.conftest import NASTY, assert_same_fit, assert_same_matrix
from textdl.bow.counts import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfTransformer, TfidfVectorizer

OURS = {kind.__name__: kind for kind in (CountVectorizer, HashingVectorizer, TfidfVectorizer)}

WHOLE = [text for text in NASTY if "\ud800" not in text]  # no half characters
WORDS = [
    {},
    {"ngram_range": (1, 2)},
    {"ngram_range": (2, 3)},
    {"ngram_range": (1, 2), "min_df": 2, "max_df": 0.5},
    {"min_df": 0.05, "max_df": 4},
    {"stop_words": "english"},
    {"stop_words": ["the", "cat", "to"], "ngram_range": (1, 3)},
    {"stop_words": "english", "max_features": 7},
    {"max_features": 20, "binary": True},
    {"lowercase": False, "dtype": np.float32},
    {
        "vocabulary": ["are", "cat", "dog", "is", "the", "to be", "x³", "no such"],
        "ngram_range": (1, 2),
    },
    {"vocabulary": {"the": 1, "cat": 0, "crème": 2}, "binary": True},
]
CHARACTERS = [
    {"analyzer": analyzer, "ngram_range": ngram_range}
    for analyzer in ("char", "char_wb")
    for ngram_range in ((1, 1), (1, 3), (2, 4), (3, 5), (5, 5), (9, 10))
]
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


def both(name, **parameters):
    parameters = {"strip_accents": None} | parameters
    return OURS[name](**parameters), getattr(sklearn_text, name)(**parameters)


@pytest.mark.parametrize("accents", [None, "ascii", "unicode"])
@pytest.mark.parametrize("parameters", [*WORDS, *CHARACTERS], ids=str)
@pytest.mark.parametrize("name", ["CountVectorizer", "TfidfVectorizer"])
def test_counts_and_weights(name, parameters, accents):
    if name == "TfidfVectorizer":
        parameters = {k: v for k, v in parameters.items() if k != "dtype"}
    assert_same_fit(*both(name, **parameters, strip_accents=accents), NASTY)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_token_patterns(pattern, lowercase):
    documents = WHOLE
    pair = both("CountVectorizer", token_pattern=pattern, lowercase=lowercase, ngram_range=(1, 2))
    assert_same_fit(*pair, documents)


@pytest.mark.parametrize(
    ("norm", "use_idf", "smooth_idf", "sublinear_tf", "dtype"),
    list(
        product(
            [None, "l1", "l2"],
            [True, False],
            [True, False],
            [True, False],
            [np.float64, np.float32],
        )
    ),
)
def test_all_variants_of_tfidf(norm, use_idf, smooth_idf, sublinear_tf, dtype):
    weights = {
        "norm": norm,
        "use_idf": use_idf,
        "smooth_idf": smooth_idf,
        "sublinear_tf": sublinear_tf,
    }
    ours, theirs = both("TfidfVectorizer", dtype=dtype, **weights)
    assert_same_fit(ours, theirs, NASTY)
    if use_idf:
        np.testing.assert_array_equal(ours.idf_, theirs.idf_)
        assert ours.idf_.dtype == theirs.idf_.dtype
    counts = sklearn_text.CountVectorizer(dtype=dtype).fit_transform(NASTY)
    for matrix in (counts, counts.tocsc(), counts.toarray()):
        one, other = TfidfTransformer(**weights), sklearn_text.TfidfTransformer(**weights)
        assert_same_matrix(one.fit_transform(matrix), other.fit_transform(matrix))


@pytest.mark.parametrize("n_features", [1, 7, 2**20])
@pytest.mark.parametrize("alternate_sign", [True, False])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"ngram_range": (1, 2), "norm": None},
        {"analyzer": "char_wb", "ngram_range": (2, 3), "norm": "l1"},
        {"analyzer": "char", "binary": True, "dtype": np.float32},
        {"stop_words": "english", "strip_accents": "ascii"},
    ],
    ids=str,
)
def test_hashing(n_features, alternate_sign, parameters):
    documents = WHOLE
    parameters = {"n_features": n_features, "alternate_sign": alternate_sign} | parameters
    ours, theirs = both("HashingVectorizer", **parameters)
    assert_same_matrix(ours.fit_transform(documents), theirs.fit_transform(documents))
    assert_same_matrix(ours.transform(documents[:1]), theirs.transform(documents[:1]))


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
def test_functions_of_the_user(parameters):
    documents = WHOLE
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your stop_words may be inconsistent")
        assert_same_fit(*both("CountVectorizer", **parameters), documents)


@pytest.mark.parametrize("parameters", [*WORDS[:8], *CHARACTERS], ids=str)
@pytest.mark.parametrize("accents", [None, "ascii", "unicode"])
def test_analyzers(parameters, accents):
    ours, theirs = both("CountVectorizer", **parameters, strip_accents=accents)
    for text in NASTY:
        assert sorted(ours.build_analyzer()(text)) == sorted(theirs.build_analyzer()(text))
        assert ours.build_preprocessor()(text) == theirs.build_preprocessor()(text)
        assert list(ours.build_tokenizer()(text)) == theirs.build_tokenizer()(text)


@pytest.mark.parametrize(
    "parameters", [{}, {"ngram_range": (1, 2)}, {"analyzer": "char_wb"}], ids=str
)
def test_inverse_transform(parameters):
    ours, theirs = both("CountVectorizer", **parameters)
    matrix = ours.fit_transform(NASTY)
    theirs.fit(NASTY)
    for rows in (matrix, matrix.toarray()):
        for one, other in zip(
            ours.inverse_transform(rows), theirs.inverse_transform(rows), strict=True
        ):
            assert sorted(one.tolist()) == sorted(other.tolist())


def test_kinds_of_input(tmp_path):
    texts = ["the cat sat", "über das Meer"]
    paths = [tmp_path / f"{i}.txt" for i in range(2)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "latin-1")
    expected = CountVectorizer().fit_transform(texts)
    encoded = [text.encode("latin-1") for text in texts]
    assert_same_matrix(CountVectorizer(encoding="latin-1").fit_transform(encoded), expected)
    lookup = CountVectorizer(input="filename", encoding="latin-1")
    assert_same_matrix(lookup.fit_transform(paths), expected)
    assert_same_matrix(lookup.fit_transform(map(str, paths)), expected)
    files = [path.open("rb") for path in paths]
    by_file = CountVectorizer(input="file", encoding="latin-1")
    assert_same_matrix(by_file.fit_transform(files), expected)
    for file in files:
        file.close()
    for error in ("ignore", "replace"):
        ours, theirs = both("CountVectorizer", decode_error=error)
        assert_same_matrix(ours.fit_transform(encoded), theirs.fit_transform(encoded))


def test_a_configured_sparse_interface():
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
def test_random_text(documents, parameters):
    check_random(documents, parameters)


@pytest.mark.full
@settings(max_examples=10_000, deadline=None)
@given(DOCUMENTS, PARAMETERS)
def test_much_random_text(documents, parameters):
    check_random(documents, parameters)
