"""What the parameters of text mean, against scikit-learn; and what they may be."""

import pytest

from tests.bow.conftest import CHARACTERS, NASTY, VECTORIZERS, WORDS, assert_raises, both
from textdl.bow.count import CountVectorizer
from textdl.errors import ParameterError


@pytest.mark.parametrize("parameters", [*WORDS[:8], *CHARACTERS], ids=str)
@pytest.mark.parametrize("accents", [None, "ascii", "unicode"])
def test_build_functions_same_as_sklearn(parameters, accents):
    ours, theirs = both("CountVectorizer", **parameters, strip_accents=accents)
    for text in NASTY:
        assert sorted(ours.build_analyzer()(text)) == sorted(theirs.build_analyzer()(text))
        assert ours.build_preprocessor()(text) == theirs.build_preprocessor()(text)
        assert list(ours.build_tokenizer()(text)) == theirs.build_tokenizer()(text)


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
def test_fit_parameter_without_effect_warns(parameters, message):
    with pytest.warns(UserWarning, match=message):
        CountVectorizer(**parameters).fit(["the cat"])


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
        {"token_pattern": "(a)(b)"},  # says "token pattern", as scikit-learn does
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
def test_fit_bad_parameter_is_refused(make, parameters):
    name = next(iter(parameters)).replace("_", "[_ ]")
    assert_raises(ValueError, name, make(**parameters).fit_transform, ["the cat"])


@pytest.mark.parametrize("ngram_range", [(1, 10**7), (101, 101)])
def test_fit_ngram_range_out_of_bounds_is_refused(ngram_range):
    with pytest.raises(ParameterError, match="whole numbers from 1 to 100"):
        CountVectorizer(ngram_range=ngram_range).fit(["a cat"])


def test_get_stop_words_english_same_as_sklearn():
    ours, theirs = both("CountVectorizer", stop_words="english")
    assert ours.get_stop_words() == theirs.get_stop_words()
