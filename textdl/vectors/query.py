"""Lengths, directions and cosines of vectors, as pure functions on arrays.

Axes: V rows, D dimensions, n vectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError

Item: TypeAlias = "str | NDArray[np.floating[Any]]"  # a word, or a vector (D,)

_COSMUL_EPSILON = 1e-6  # as gensim has it; the paper has .001
_WIDE_ROWS_PER_BLOCK = 1 << 12  # rows turned into float64 at a time


def row_norms(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean length of each row, `(V, D)` to `(V,)`.

    Raises:
        ParameterError: a row holds NaN or infinity.
    """
    norms = np.empty(len(matrix), dtype=np.float32)
    for begin in range(0, len(matrix), _WIDE_ROWS_PER_BLOCK):
        rows = matrix[begin : begin + _WIDE_ROWS_PER_BLOCK].astype(np.float64)
        with np.errstate(over="ignore"):
            norms[begin : begin + _WIDE_ROWS_PER_BLOCK] = np.sqrt(np.einsum("vd,vd->v", rows, rows))
    finite = np.isfinite(norms)
    if not finite.all():
        raise ParameterError(
            f"row {int(np.argmin(finite)):,} holds NaN, infinity or too large a number; vectors "
            "must be finite: train with a lower learning rate or drop the row"
        )
    return norms


def normalize(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """`x / |x|` along the last axis; a zero vector stays zero.

    Raises:
        FileFormatError: a vector, which can only be one that is mapped from a file, is not finite.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    wide = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not np.isfinite(norms).all():
        raise FileFormatError(
            "a vector is not finite; the file it is from is damaged: make it again"
        )
    directions: NDArray[np.float64] = np.zeros_like(wide)
    np.divide(wide, norms, out=directions, where=norms > 0)
    return directions


def cosine(a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]]) -> float:
    """`a . b / (|a| |b|)`, 0 if either vector is zero."""
    return float(np.clip(normalize(a) @ normalize(b), -1.0, 1.0))


def cosines(matrix: NDArray[np.float32], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of each row `(V, D)` with a unit vector `(D,)`; equal rows get equal numbers. `(V,)`.

    Example:
        >>> cosines(np.array([[0, 2], [3, 4]], np.float32), np.array([1.0, 0.0]))
        array([0. , 0.6])
    """
    found = np.empty(len(matrix))
    for begin in range(0, len(matrix), _WIDE_ROWS_PER_BLOCK):
        block = slice(begin, begin + _WIDE_ROWS_PER_BLOCK)
        # BLAS would sum the last rows of a block in another order than the first.
        found[block] = np.einsum("vd,d->v", normalize(matrix[block]), direction)
    return np.clip(found, -1.0, 1.0)


def combine(
    vectors: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """`normalize(Σ w_i x_i)`: `(..., n, D)` vectors and `(n,)` weights to `(..., D)` queries."""
    return normalize(np.einsum("n,...nd->...d", weights, vectors))


def cosmul(
    positive: NDArray[np.floating[Any]], negative: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """3CosMul: `Π p / (Π n + ε)` over the first axis of cosines that are shifted to 0 to 1.

    Reference: Levy and Goldberg 2014, "Linguistic regularities in sparse and explicit word
    representations", equation 4.

    Example:
        >>> cosmul(np.array([[1.0, 0.5], [1.0, 0.5]]), np.array([[1.0, 0.5]])).round(3)
        array([1. , 0.5])
    """
    quotients: NDArray[np.floating[Any]]
    quotients = positive.prod(axis=0) / (negative.prod(axis=0) + _COSMUL_EPSILON)
    return quotients


def word_list(words: Iterable[str]) -> list[str]:
    """Words as a list.

    Raises:
        ParameterError: they are one text, or no words at all.
    """
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise ParameterError(f"got {words!r}; pass a list of words")
    return list(words)


def odd_one_out(vectors: NDArray[np.floating[Any]]) -> int:
    """The row of `(n, D)` that is least similar to the mean of the unit rows."""
    directions = normalize(vectors)
    return int(np.argmin(directions @ normalize(directions.mean(axis=0))))
