"""TF-IDF: the weights, `TfidfTransformer` of counts, and `TfidfVectorizer` of documents."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from textdl.bow.engine.matrix import (
    FLOATS,
    Weights,
    float_dtype,
    multiply_columns,
    normalize_rows,
    to_sklearn_sparse,
)
from textdl.bow.parameters import TfidfParameters
from textdl.bow.persistence import VOCABULARY_ARRAYS
from textdl.bow.vocabulary_vectorizer import NotFittedError, VocabularyVectorizer
from textdl.errors import ParameterError
from textdl.io.archive import ArchiveKind, ArraySpec
from textdl.parameters import check_parameters, document_parameters, parameter

IDF = "idf"  # the array of weights that were set


def smooth_idf(
    document_frequency: NDArray[Any], documents: int, *, smooth: bool, dtype: Any
) -> Weights:
    """`log((s + n) / (s + df)) + 1`, where s is 1 if smooth: as if a document had every term.

    A term in every document keeps weight 1 (Baeza-Yates and Ribeiro-Neto 2011, with scikit-learn's
    additions).

    Args:
        document_frequency: `(V,)` df, documents that have each term.
        documents: n, of the corpus.
        smooth: whether s is 1 or 0.
        dtype: NumPy's class of float32 or float64.

    Returns:
        `(V,)` weights.

    Example:
        >>> smooth_idf(np.array([1, 3]), 3, smooth=False, dtype=np.float64).round(3).tolist()
        [2.099, 1.0]
    """
    frequency = document_frequency.astype(dtype) + dtype(smooth)
    with np.errstate(divide="ignore"):  # a term of no document weighs infinitely, and never occurs
        inverse = np.full_like(frequency, documents + int(smooth)) / frequency
    weights: Weights = np.log(inverse) + dtype(1)
    return weights


def tfidf_weights(counts: Any, idf: Weights | None, *, sublinear: bool, norm: str | None) -> Any:
    """`(1 + log tf, or tf) * idf`, each row then scaled to norm 1; changes the matrix.

    Args:
        counts: `(documents, V)` sparse, tf as floats.
        idf: `(V,)` weights of terms; None for 1.
        sublinear: take 1 + log tf.
        norm: ``l2``, ``l1`` or None.

    Returns:
        `(documents, V)` sparse weights.

    Raises:
        DataError: a weight is not finite, and cannot be scaled.
    """
    if sublinear:
        np.log(counts.data, out=counts.data)
        counts.data += 1
    if idf is not None:
        multiply_columns(counts, idf)
    return normalize_rows(counts, norm)


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TfidfTransformer(
    TfidfParameters,
    OneToOneFeatureMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    auto_wrap_output_keys=None,  # type: ignore[call-arg]  # no `set_output`: a frame of a sparse matrix would be dense
):
    """Counts to TF-IDF weights, as scikit-learn's.

    Args:
        {parameters}

    Attributes:
        idf_: `(V,)` weight of each term, if `use_idf`.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.

    References:
        Spärck Jones 1972, "A statistical interpretation of term specificity and its application in
        retrieval"; the smoothing and the added 1 are scikit-learn's.

    Example:
        >>> TfidfTransformer(norm=None).fit_transform([[1, 1], [0, 2]]).toarray().round(3)
        array([[1.405, 1.   ],
               [0.   , 2.   ]])
    """

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn the weights of terms.

        Args:
            X: `(documents, terms)` counts, sparse or not.
            y: ignored, for pipelines.
        """
        check_parameters(self)
        counts = sparse.csr_array(validate_data(self, X, accept_sparse=("csr", "csc")))
        if self.use_idf:
            dtype = counts.dtype.type if counts.dtype in FLOATS else np.float64
            frequency = np.bincount(counts.indices, minlength=counts.shape[1])
            documents = counts.shape[0]
            if not (self.smooth_idf or frequency.all()):
                warnings.warn(
                    "divide by zero: a term of no document weighs infinitely; set smooth_idf=True",
                    RuntimeWarning,
                    stacklevel=2,
                )
            self.idf_ = smooth_idf(frequency, documents, smooth=self.smooth_idf, dtype=dtype)
        return self

    def transform(self, X: Any, copy: bool = True) -> Any:
        """Weigh counts.

        Args:
            X: `(documents, terms)` counts, sparse or not.
            copy: otherwise a CSR matrix of floats is changed in place.

        Returns:
            `(documents, terms)` sparse weights.
        """
        check_is_fitted(self)
        options = {"accept_sparse": "csr", "dtype": list(FLOATS), "reset": False}
        counts = validate_data(self, X, copy=copy, **options)
        if not sparse.issparse(counts):
            counts = sparse.csr_array(counts)
        idf = getattr(self, "idf_", None)
        weights = tfidf_weights(counts, idf, sublinear=self.sublinear_tf, norm=self.norm)
        return to_sklearn_sparse(weights)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TfidfVectorizer(TfidfParameters, VocabularyVectorizer):
    """Documents to a sparse matrix of TF-IDF weights, entry for entry as scikit-learn's.

    Documents are those of `CountVectorizer`, and so are further attributes.

    Args:
        {parameters}

    Attributes:
        idf_: `(V,)` weight of each term; may be set.

    Raises:
        ParameterError, CorpusError, CorpusReadError: as `CountVectorizer` does.

    References:
        Spärck Jones 1972, "A statistical interpretation of term specificity and its application in
        retrieval"; the smoothing and the added 1 are scikit-learn's.

    Example:
        >>> vectorizer = TfidfVectorizer()
        >>> weights = vectorizer.fit_transform(["The cat sat", "The dog sat", "Apple, grape"])
        >>> (weights @ weights.T).toarray().round(3)
        array([[1.   , 0.536, 0.   ],
               [0.536, 1.   , 0.   ],
               [0.   , 0.   , 1.   ]])
    """

    dtype: Any = parameter(np.float64, "type of the weights: float32 or float64")

    _KIND: ClassVar = ArchiveKind(
        "TfidfVectorizer",
        {**VOCABULARY_ARRAYS, IDF: ArraySpec(("F64",), ("columns",), required=False)},
    )
    _given_idf = cast("Weights | None", None)  # weights that were set

    @property
    def idf_(self) -> Weights:
        """`(V,)` weight of each term; may be set, to give weights instead of learning them.

        Raises:
            AttributeError: `use_idf` is False.
            NotFittedError: nothing was fitted, or no document.
        """
        if not self.use_idf:
            raise AttributeError("idf_ is not defined, because use_idf is False")
        if self._given_idf is not None:
            return self._given_idf
        if not self._statistics().documents:
            raise NotFittedError(
                f"the idf vector is not fitted: this {type(self).__name__} has learned from no "
                "document yet; call fit"
            )
        return self._learned_idf().copy()

    @idf_.setter
    def idf_(self, value: Any) -> None:
        if not self.use_idf:
            # scikit-learn's own spelling, so that what looks for it finds it
            raise ParameterError("`idf_` cannot be set when `user_idf=False`. Set use_idf=True")
        weights = np.asarray(value, dtype=self._matrix_dtype())
        if weights.shape != (self._width,):
            raise ParameterError(
                f"idf_ has shape {weights.shape}; its length must be equal to the vocabulary size "
                f"{self._width:,}"
            )
        self._given_idf = weights

    def _learned_idf(self) -> Weights:
        """The weights of the statistics, computed once."""
        columns = self._columns()
        dtype = self._matrix_dtype().type
        key = (self.smooth_idf, dtype)
        if key not in columns.derived:
            columns.derived[key] = smooth_idf(
                columns.document_frequency,
                columns.statistics.documents,
                smooth=self.smooth_idf,
                dtype=dtype,
            )
        weights: Weights = columns.derived[key]
        return weights

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        idf = None
        if self.use_idf:
            idf = self._learned_idf() if self._given_idf is None else self._given_idf
        return tfidf_weights(counts, idf, sublinear=self.sublinear_tf, norm=self.norm)

    def _matrix_dtype(self) -> np.dtype[Any]:
        return float_dtype(self.dtype)

    def _check_weights(self) -> None:
        if self.use_idf:
            _ = self.idf_

    def _forget_weights(self) -> None:
        self._given_idf = None

    def _given_weights(self) -> dict[str, Weights]:
        if self._given_idf is None:
            return {}
        if not np.isfinite(self._given_idf).all():
            raise ParameterError("idf_ holds a weight that is not finite, which no file may")
        return {IDF: self._given_idf}

    def _restore_weights(self, weights: dict[str, Weights]) -> None:
        if IDF in weights:
            with np.errstate(over="ignore"):
                self.idf_ = weights[IDF]
            if not np.isfinite(self.idf_).all():  # in the precision it is used in
                raise ValueError("a weight of idf is not finite")
