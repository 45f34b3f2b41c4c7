"""Hashed terms, against scikit-learn entry for entry."""

import numpy as np
import pytest

from tests.bow.conftest import WHOLE, assert_same_matrix, both
from textdl.bow.hashing import HashingVectorizer


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
def test_fit_transform_same_as_sklearn(n_features, alternate_sign, parameters):
    documents = WHOLE
    parameters = {"n_features": n_features, "alternate_sign": alternate_sign} | parameters
    ours, theirs = both("HashingVectorizer", **parameters)
    assert_same_matrix(ours.fit_transform(documents), theirs.fit_transform(documents))
    assert_same_matrix(ours.transform(documents[:1]), theirs.transform(documents[:1]))


def test_column_of_is_the_column_of_the_matrix():
    vectorizer = HashingVectorizer(n_features=64, ngram_range=(1, 2))
    for term in ("cat", "the cat", "straße", "é"):
        (column,) = (
            HashingVectorizer(n_features=64, tokenizer=lambda text: [text], token_pattern=None)
            .transform([term])
            .indices
        )
        assert vectorizer.column_of(term) == column
