"""BM25: weights for search, of which a query's terms are summed up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from textdl.bow.engine.matrix import (
    float_dtype,
    multiply_columns,
    normalize_rows,
    to_sklearn_sparse,
)
from textdl.bow.parameters import BM25Parameters
from textdl.bow.persistence import VOCABULARY_ARRAYS
from textdl.bow.vocabulary_vectorizer import NotFittedError, VocabularyVectorizer
from textdl.io.archive import ArchiveKind
from textdl.parameters import check_parameters, document_parameters, parameter


def bm25_idf(document_frequency: NDArray[Any], documents: int) -> NDArray[np.float64]:
    """`log(1 + (n - df + 1/2) / (df + 1/2))`, which is never negative (Lucene's form).

    References:
        Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
    """
    frequency = document_frequency.astype(np.float64)
    weights: NDArray[np.float64] = np.log1p((documents - frequency + 0.5) / (frequency + 0.5))
    return weights


def bm25_weights(
    counts: Any, idf: NDArray[np.float64], mean_length: float, *, k1: float, b: float
) -> Any:
    """`idf * tf (k1 + 1) / (tf + k1 (1 - b + b length / mean length))`; changes the matrix.

    The length of a document is the sum of its counts.

    Args:
        counts: `(documents, V)` sparse, tf as floats.
        idf: `(V,)` weights of terms.
        mean_length: of the documents that were learned from.
        k1: saturation of counts.
        b: share of the length that counts.

    Returns:
        `(documents, V)` sparse weights.

    References:
        Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
    """
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float64).reshape(-1)
    penalty = k1 * (1 - b + b * lengths / (mean_length or 1.0))  # (documents,)
    entries = np.diff(counts.indptr)
    counts.data *= (k1 + 1) / (counts.data + np.repeat(penalty, entries))
    multiply_columns(counts, idf)
    return counts


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class BM25Transformer(BM25Parameters, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts to BM25 weights; the idf is Lucene's.

    The score of a document for a query is the product of its row with the query's counts.

    Args:
        {parameters}

    Attributes:
        idf_: `(V,)` weight of each term.
        mean_length_: mean sum of counts of a document.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.

    References:
        Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".

    Example:
        >>> counts = np.array([[1, 1, 0], [0, 1, 3]])
        >>> BM25Transformer().fit_transform(counts).toarray().round(3)
        array([[0.803, 0.211, 0.   ],
               [0.   , 0.16 , 1.017]])
    """

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn the weights of terms and the mean length.

        Args:
            X: `(documents, terms)` counts, sparse or not.
            y: ignored, for pipelines.
        """
        check_parameters(self)
        counts = sparse.csr_array(validate_data(self, X, accept_sparse=("csr", "csc")))
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        self.idf_ = bm25_idf(frequency, counts.shape[0])
        self.mean_length_ = float(counts.sum() / max(1, counts.shape[0]))
        return self

    def transform(self, X: Any) -> Any:
        """Weigh a matrix `(documents, terms)` of counts; it stays as it is."""
        check_is_fitted(self)
        options = {"accept_sparse": "csr", "dtype": np.float64, "reset": False}
        counts = sparse.csr_array(validate_data(self, X, copy=True, **options))
        weights = bm25_weights(counts, self.idf_, self.mean_length_, k1=self.k1, b=self.b)
        return to_sklearn_sparse(normalize_rows(weights, self.norm))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class BM25Vectorizer(BM25Parameters, VocabularyVectorizer):
    """Documents to a sparse matrix of BM25 weights, and queries to what they are multiplied with.

    It learns in parts, merges and saves as all vectorizers do. Documents are those of
    `CountVectorizer`, and so are further attributes.

    Args:
        {parameters}

    Attributes:
        idf_: `(V,)` weight of each term.
        mean_length_: mean number of terms of a document, of those that are columns.

    Raises:
        ParameterError, CorpusError, CorpusReadError: as `CountVectorizer` does.

    References:
        Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".

    Example:
        >>> vectorizer = BM25Vectorizer()
        >>> weights = vectorizer.fit_transform(["the cat sat", "the dog sat", "an apple"])
        >>> (vectorizer.transform_queries(["a cat sat"]) @ weights.T).toarray().round(3)
        array([[1.38 , 0.447, 0.   ]])
    """

    dtype: Any = parameter(np.float64, "type of the weights: float32 or float64")

    _KIND: ClassVar = ArchiveKind("BM25Vectorizer", VOCABULARY_ARRAYS)

    def transform_queries(self, raw_documents: Any) -> Any:
        """The counts of queries; their product with rows of documents is the score of each."""
        self._check()
        return to_sklearn_sparse(self._count_known(raw_documents))

    @property
    def idf_(self) -> NDArray[np.float64]:
        """`(V,)` weight of each term."""
        return bm25_idf(self.document_frequency_, self._learned_documents())

    @property
    def mean_length_(self) -> float:
        """Mean number of terms of a document, of those that are columns."""
        frequency = self.document_frequency_ if self.binary else self.term_frequency_
        return float(frequency.sum() / self._learned_documents())

    def _learned_documents(self) -> int:
        """How many documents were learned from.

        Raises:
            NotFittedError: none.
        """
        if not self.n_documents_:
            raise NotFittedError(
                f"the weights are not fitted: this {type(self).__name__} has learned from no "
                "document yet; call fit"
            )
        return self.n_documents_

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        weights = bm25_weights(counts, self.idf_, self.mean_length_, k1=self.k1, b=self.b)
        return normalize_rows(weights, self.norm)

    def _matrix_dtype(self) -> np.dtype[Any]:
        return float_dtype(self.dtype)

    def _check_weights(self) -> None:
        self._learned_documents()
