"""Weights of terms, as functions on a sparse matrix of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError

Weights = NDArray[np.floating[Any]]

FLOATS = (np.float64, np.float32)
_ENTRIES_AT_ONCE = 1 << 18


def smooth_idf(
    document_frequency: NDArray[Any], documents: int, *, smooth: bool, dtype: Any
) -> Weights:
    """`log((s + n) / (s + df)) + 1`, where s is 1 if smooth: as if a document had every term.

    A term in every document keeps weight 1 (Baeza-Yates and Ribeiro-Neto 2011, with scikit-learn's
    additions).

    Example:
        >>> smooth_idf(np.array([1, 3]), 3, smooth=False, dtype=np.float64).round(3).tolist()
        [2.099, 1.0]
    """
    frequency = document_frequency.astype(dtype) + dtype(smooth)
    with np.errstate(divide="ignore"):  # a term of no document weighs infinitely, and never occurs
        inverse = np.full_like(frequency, documents + int(smooth)) / frequency
    weights: Weights = np.log(inverse) + dtype(1)
    return weights


def bm25_idf(document_frequency: NDArray[Any], documents: int) -> NDArray[np.float64]:
    """`log(1 + (n - df + 1/2) / (df + 1/2))`, which is never negative (Lucene's form).

    Reference: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework".
    """
    frequency = document_frequency.astype(np.float64)
    weights: NDArray[np.float64] = np.log1p((documents - frequency + 0.5) / (frequency + 0.5))
    return weights


def weigh(matrix: Any, idf: Weights | None, *, sublinear: bool, norm: str | None) -> Any:
    """`(1 + log tf, or tf) * idf`, each row then scaled to norm 1; changes the matrix of floats."""
    if sublinear:
        np.log(matrix.data, out=matrix.data)
        matrix.data += 1
    if idf is not None:
        multiply_columns(matrix, idf)
    return scaled(matrix, norm)


def multiply_columns(matrix: Any, weights: Weights) -> None:
    """`X_ij w_j`, in place; a part at a time, because the weights of all entries take memory."""
    for begin in range(0, len(matrix.data), _ENTRIES_AT_ONCE):
        some = slice(begin, begin + _ENTRIES_AT_ONCE)
        matrix.data[some] *= weights.take(matrix.indices[some])


def scaled(matrix: Any, norm: str | None) -> Any:
    """Each row scaled to norm 1, in place; a row of zeros stays.

    Raises:
        DataError: a weight is not finite.
    """
    if norm is None:
        return matrix
    if not np.isfinite(matrix.data).all():
        raise DataError("a weight is not finite, which cannot be scaled; check idf_ and the counts")
    from sklearn.preprocessing import normalize  # half a second to load

    return normalize(matrix, norm=norm, copy=False)


def saturate(
    matrix: Any, idf: NDArray[np.float64], mean_length: float, *, k1: float, b: float
) -> Any:
    """BM25: `idf * tf (k1 + 1) / (tf + k1 (1 - b + b length / mean length))`; changes the matrix.

    The length of a document is the sum of its counts.
    """
    lengths = np.asarray(matrix.sum(axis=1), dtype=np.float64).reshape(-1)
    penalty = k1 * (1 - b + b * lengths / (mean_length or 1.0))  # (documents,)
    entries = np.diff(matrix.indptr)
    matrix.data *= (k1 + 1) / (matrix.data + np.repeat(penalty, entries))
    multiply_columns(matrix, idf)
    return matrix
