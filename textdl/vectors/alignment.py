"""Alignment: vectors of several models, turned so that they can be compared and averaged.

The vectors of two models agree on which words are alike, but not on directions: each model may be
turned (rotated, reflected) without changing any cosine or its loss. Orthogonal Procrustes finds the
turn that brings one as close as possible to another.

References:
    Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem".
    Hamilton et al. 2016, "Diachronic word embeddings reveal statistical laws of semantic change"
    (vectors of different times, aligned).
    Antoniak and Mimno 2018, "Evaluating the stability of embedding-based word similarities" (what
    differs between runs; averages over runs are more reliable).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.parameters import check_topn
from textdl.vectors.vectors import Vectors

_ROWS_PER_BLOCK = 1 << 14  # turned into float64 at a time


def align_vectors(vectors: Vectors, target: Vectors, *, anchors: int | None = None) -> Vectors:
    """Turn vectors so that the words which both have are as near as possible to those of a target.

    Cosines between the words of `vectors` stay as they are; cosines with words of `target` get a
    meaning. So a word can be compared over time, between corpora, or between runs.

    Args:
        vectors: `(V, D)`, to be turned.
        target: `(U, D)`, with labels of which at least one is in `vectors`.
        anchors: only so many common words say how to turn, those of the first rows of both, which
            are the most frequent ones in most files; None: all.

    Returns:
        `(V, D)` with the labels, the order and the counts of `vectors`.

    Raises:
        ParameterError: they are of different dimensions, have no word in common, or `anchors` is
            below that number of dimensions.

    References:
        Hamilton et al. 2016, "Diachronic word embeddings reveal statistical laws of semantic
        change".

    Example:
        >>> target = Vectors(["up", "right"], [[0.0, 1.0], [1.0, 0.0]])
        >>> turned = Vectors(["right", "up", "left"], [[0.0, 2.0], [2.0, 0.0], [0.0, -2.0]])
        >>> (align_vectors(turned, target).matrix.round(3) + 0.0).tolist()
        [[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0]]
    """
    if vectors.vector_size != target.vector_size:
        raise ParameterError(
            f"the vectors have {vectors.vector_size:,} dimensions and the target "
            f"{target.vector_size:,}; expected the same of both"
        )
    rows_of_target = target.key_to_index
    common = [
        (row, rows_of_target[word])
        for word, row in vectors.key_to_index.items()
        if word in rows_of_target
    ]
    if not common:
        raise ParameterError(
            f"the {len(vectors):,} words of the vectors and the {len(target):,} of the target have "
            "none in common; expected at least one, and better many more than dimensions"
        )
    if anchors is not None:
        if check_topn(anchors, "anchors") < target.vector_size:
            raise ParameterError(
                f"anchors is {anchors}, but fewer words than the {target.vector_size} dimensions "
                f"leave open how the spaces are turned; pass {target.vector_size} or more"
            )
        common = sorted(common, key=max)[:anchors]
    rows, targets = np.array(common).T
    rotation = orthogonal_procrustes(vectors.matrix[rows], target.matrix[targets])
    matrix = _product(vectors.matrix, rotation)
    return Vectors(vectors.labels, matrix, vectors.counts, config=vectors.config)


def orthogonal_procrustes(
    source: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """The orthogonal R that minimizes |source R - target|² (Frobenius norm).

    With U Σ Vᵀ the singular value decomposition of sourceᵀ target it is U Vᵀ. Where the rank of
    that is below D there are several such R, which turn `source` into equally good places; the one
    returned depends on the numbers alone, not on the threads.

    Args:
        source: `(V, D)`.
        target: `(V, D)`, row by row what `source` should be near.

    Returns:
        `(D, D)`.

    Raises:
        ParameterError: the shapes differ, or a number is not finite.

    Example:
        >>> source = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> (orthogonal_procrustes(source, np.array([[0.0, 2.0], [-2.0, 0.0]])) + 0.0).tolist()
        [[0.0, 1.0], [-1.0, 0.0]]
    """
    from threadpoolctl import threadpool_limits  # with scikit-learn; a lookup does without

    if source.shape != target.shape:
        raise ParameterError(
            f"the source is of shape {source.shape} and the target of {target.shape}; expected the "
            "same of both"
        )
    # One thread: the order of a sum depends on their number.
    with threadpool_limits(1, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
        product = np.zeros((source.shape[1], target.shape[1]))
        for begin in range(0, len(source), _ROWS_PER_BLOCK):
            block = slice(begin, begin + _ROWS_PER_BLOCK)
            product += source[block].astype(np.float64).T @ target[block].astype(np.float64)
        if not np.isfinite(product).all():
            raise ParameterError(
                "vectors to be aligned hold NaN, infinity or too large a number; expected "
                "finite ones: drop those rows"
            )
        left, _, right = np.linalg.svd(product)
        rotation: NDArray[np.float64] = left @ right
    return rotation


def mean_of_aligned(matrices: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of matrices whose rows stand for the same words, each turned towards the first.

    Args:
        matrices: `(V, D)` each, at least one; one alone is its own mean.

    Returns:
        `(V, D)`.

    Example:
        >>> one = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
        >>> turned = np.array([[0.0, 3.0], [-3.0, 0.0]], np.float32)
        >>> (mean_of_aligned([one, turned]) + 0.0).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """
    first = matrices[0]
    if len(matrices) == 1:
        return first
    total = first.astype(np.float64)
    for matrix in matrices[1:]:
        total += _product(matrix, orthogonal_procrustes(matrix, first))
    return (total / len(matrices)).astype(np.float32)


def centered(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows without their mean, which all words share, and which says nothing of any. `(V, D)`.

    One row alone stays as it is, for nothing would be left of it.

    References:
        Mu and Viswanath 2018, "All-but-the-top: simple and effective postprocessing for word
        representations" (its first step; the second, removing the first components, was of no use
        here).

    Example:
        >>> centered(np.array([[1.0, 5.0], [3.0, 5.0]], np.float32)).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    if len(matrix) < 2:
        return matrix
    mean = matrix.mean(axis=0, dtype=np.float64)
    rest: NDArray[np.float32] = (matrix - mean).astype(np.float32)
    return rest


def _product(matrix: NDArray[np.float32], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """`matrix @ rotation`, to the same bits on any number of threads. `(V, D)`."""
    from threadpoolctl import threadpool_limits  # with scikit-learn; a lookup does without

    product = np.empty(matrix.shape)
    with threadpool_limits(1, user_api="blas"):
        for begin in range(0, len(matrix), _ROWS_PER_BLOCK):
            block = slice(begin, begin + _ROWS_PER_BLOCK)
            product[block] = matrix[block].astype(np.float64) @ rotation
    return product
