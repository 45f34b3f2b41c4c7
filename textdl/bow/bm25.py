"""BM25: weights for search, of which a query's terms are summed up."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from textdl.bow.matrix import as_configured
from textdl.bow.parameters import check_choice
from textdl.bow.weighting import bm25_idf, saturate, scaled
from textdl.errors import ParameterError


class BM25Transformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts to BM25 weights (Robertson and Zaragoza 2009; the idf is Lucene's).

    The score of a document for a query is the product of its row with the query's counts.

    Args:
        k1: how soon more occurrences of a term in a document stop to matter.
        b: how much long documents are held against: 0 not at all, 1 in full.
        norm: ``l2``, ``l1`` or None, to which each row is scaled.

    Attributes:
        idf_: `(V,)` weight of each term.
        mean_length_: mean sum of counts of a document.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.

    Example:
        >>> counts = np.array([[1, 1, 0], [0, 1, 3]])
        >>> BM25Transformer().fit_transform(counts).toarray().round(3)
        array([[0.803, 0.211, 0.   ],
               [0.   , 0.16 , 1.017]])
    """

    def __init__(self, *, k1: float = 1.2, b: float = 0.75, norm: str | None = None) -> None:
        self.k1 = k1
        self.b = b
        self.norm = norm

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn weights and the mean length from a matrix `(documents, terms)` of counts."""
        if not (self.k1 >= 0 and 0 <= self.b <= 1):
            raise ParameterError(
                f"k1={self.k1!r} and b={self.b!r}; expected k1 from 0, and b from 0 to 1"
            )
        check_choice("norm", self.norm)
        counts = sparse.csr_array(validate_data(self, X, accept_sparse=("csr", "csc")))
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        self.idf_ = bm25_idf(frequency, counts.shape[0])
        self.mean_length_ = float(counts.sum() / max(1, counts.shape[0]))
        return self

    def transform(self, X: Any) -> Any:
        """Weigh a matrix of counts."""
        check_is_fitted(self)
        options = {"accept_sparse": "csr", "dtype": np.float64, "reset": False}
        counts = sparse.csr_array(validate_data(self, X, copy=True, **options))
        weights = saturate(counts, self.idf_, self.mean_length_, k1=self.k1, b=self.b)
        return as_configured(scaled(weights, self.norm))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
