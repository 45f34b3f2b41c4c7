"""Parameters: those of scikit-learn, each explained once; and vocabularies that are given."""

import numpy as np
import pytest
from sklearn.feature_extraction import text as sklearn_text

from tests.bow.conftest import assert_raises
from textdl import BM25Transformer, BM25Vectorizer, TfidfTransformer, TfidfVectorizer
from textdl.bow.count import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.parameters import parameters_of
from textdl.text.tokenizers import TOKENIZERS


@pytest.mark.parametrize(
    "make", [CountVectorizer, TfidfVectorizer, HashingVectorizer, TfidfTransformer]
)
def test_parameters_same_as_sklearn(make):
    theirs = getattr(sklearn_text, make.__name__)().get_params()
    ours = make().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    assert set(ours) - set(theirs) <= {"n_jobs"}


@pytest.mark.parametrize(
    "kind",
    [
        CountVectorizer,
        TfidfVectorizer,
        BM25Vectorizer,
        HashingVectorizer,
        TfidfTransformer,
        BM25Transformer,
    ],
)
def test_docstring_explains_every_parameter(kind):
    assert list(parameters_of(kind)) == [
        name for name in kind.__dataclass_fields__ if name[0] != "_"
    ]
    assert set(parameters_of(kind)) == set(kind().get_params())
    for name, declared in parameters_of(kind).items():
        assert declared.description
        assert f"\n        {name}: {declared.description[:20]}" in kind.__doc__


def test_tokenizer_choices_are_the_registry():
    assert parameters_of(CountVectorizer)["tokenizer"].choices == tuple(TOKENIZERS)


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
def test_fit_parameter_out_of_range_is_refused(make, parameters):
    name = next(iter(parameters))
    data = np.eye(2) if make is TfidfTransformer else ["the cat"]
    assert_raises(ValueError, name, make(**parameters).fit_transform, data)


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
def test_fit_bad_vocabulary_is_refused(vocabulary, message):
    assert_raises(ValueError, message, CountVectorizer(vocabulary=vocabulary).fit, ["cat"])
