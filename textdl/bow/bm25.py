"""BM25: weights for search, of which a query's terms are summed up."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from textdl.bow.counts import CountVectorizer
from textdl.bow.learner import NotFittedError
from textdl.bow.matrix import as_configured
from textdl.bow.parameters import check_choice
from textdl.bow.weighting import FLOATS, bm25_idf, saturate, scaled
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
        _check(self.k1, self.b, self.norm)
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


@dataclass(kw_only=True, eq=False, repr=False)
class BM25Vectorizer(CountVectorizer):
    """Documents to a sparse matrix of BM25 weights, and queries to what they are multiplied with.

    The parameters of `CountVectorizer`, then those of `BM25Transformer`. It learns in parts, merges
    and saves as all vectorizers do.

    Attributes:
        idf_: `(V,)` weight of each term.
        mean_length_: mean number of terms of a document, of those that are columns.

    Raises:
        ParameterError, CorpusError, CorpusReadError: as `CountVectorizer` does.

    Example:
        >>> vectorizer = BM25Vectorizer()
        >>> weights = vectorizer.fit_transform(["the cat sat", "the dog sat", "an apple"])
        >>> (vectorizer.transform_queries(["a cat sat"]) @ weights.T).toarray().round(3)
        array([[1.38 , 0.447, 0.   ]])
    """

    k1: float = 1.2
    b: float = 0.75
    norm: str | None = None
    dtype: Any = np.float64

    def transform_queries(self, raw_documents: Any) -> Any:
        """The counts of queries; their product with rows of documents is the score of each."""
        return as_configured(super()._transform(raw_documents))

    @property
    def idf_(self) -> NDArray[np.float64]:
        """`(V,)` weight of each term."""
        return bm25_idf(self.document_frequency_, self._documents())

    @property
    def mean_length_(self) -> float:
        """Mean number of terms of a document, of those that are columns."""
        frequency = self.document_frequency_ if self.binary else self.term_frequency_
        return float(frequency.sum() / self._documents())

    def _documents(self) -> int:
        """How many were learnt from.

        Raises:
            NotFittedError: none.
        """
        if not self.n_documents_:
            raise NotFittedError(
                f"the weights are not fitted: this {type(self).__name__} has learnt from no "
                "document yet; call fit"
            )
        return self.n_documents_

    def _fit_transform(self, raw_documents: Any) -> sparse.csr_array:
        return self._weigh(super()._fit_transform(raw_documents))

    def _transform(self, raw_documents: Any) -> sparse.csr_array:
        self._documents()  # where there is none, that is known before the documents are read
        return self._weigh(super()._transform(raw_documents))

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        weights = saturate(counts, self.idf_, self.mean_length_, k1=self.k1, b=self.b)
        return scaled(weights, self.norm)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _check(self.k1, self.b, self.norm)

    def _dtype(self) -> np.dtype[Any]:
        """Of the weights: float32 or float64."""
        dtype = np.dtype(self.dtype)
        return dtype if dtype in FLOATS else np.dtype(np.float64)


def _check(k1: Any, b: Any, norm: Any) -> None:
    """Refuse parameters that are out of range."""
    numbers = isinstance(k1, Real) and isinstance(b, Real)
    if not (numbers and k1 >= 0 and 0 <= b <= 1):
        raise ParameterError(f"k1={k1!r} and b={b!r}; expected k1 from 0, and b from 0 to 1")
    check_choice("norm", norm)
