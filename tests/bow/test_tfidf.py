"""TF-IDF, against scikit-learn entry for entry."""

from itertools import product

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction import text as sklearn_text

from tests.bow.conftest import NASTY, assert_raises, assert_same_fit, assert_same_matrix, both
from textdl.bow.tfidf import TfidfTransformer, TfidfVectorizer
from textdl.errors import DataError


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
def test_variants_same_as_sklearn(norm, use_idf, smooth_idf, sublinear_tf, dtype):
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


def test_transform_weights_not_learned_is_refused():
    vectorizer = TfidfVectorizer(vocabulary=["cat"])
    assert_raises(NotFittedError, "not fitted", vectorizer.transform, ["cat"])
    assert not hasattr(TfidfVectorizer(use_idf=False).fit(["cat"]), "idf_")
    with pytest.raises(NotFittedError):
        TfidfTransformer().transform(np.eye(2))


def test_fit_transform_integer_dtype_warns():
    with pytest.warns(UserWarning, match="Only float64 and float32 'dtype'"):
        weights = TfidfVectorizer(dtype=np.int32).fit_transform(["the cat"])
    assert weights.dtype == np.float64


def test_transform_weights_overflow_is_refused():
    vectorizer = TfidfVectorizer(vocabulary=["cat"])
    vectorizer.idf_ = [1.7e308]
    with np.errstate(over="ignore"), pytest.raises(DataError, match="a weight is not finite"):
        vectorizer.transform(["cat cat cat"])


def test_idf_given_weights_are_forgotten_when_it_learns():
    vectorizer = TfidfVectorizer().fit(["a cat", "the cat"])
    learned = vectorizer.idf_
    vectorizer.idf_ = learned * 2
    np.testing.assert_array_equal(vectorizer.idf_, learned * 2)
    vectorizer.partial_fit(["the dog"])
    assert vectorizer.idf_.shape == (3,)
    vectorizer.idf_ = [1.0, 2.0, 3.0]
    vectorizer.vocabulary_ = ["cat"]
    assert_raises(NotFittedError, "learned from no document", vectorizer.transform, ["cat"])
