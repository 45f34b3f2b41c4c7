"""Tables of parameters, batches that name the rows they use, and gradients of rows.

A table is a matrix of parameters, such as the vectors of words. It may have any number of rows, of
anything: words, inner nodes of a tree, documents, terms of a classifier. What trains tables (the
step, the workers, their merges, checkpoints) knows them by name and nothing of what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
from jax import Array

#: Each `(rows, D)` float32: of JAX, or of NumPy where a table stays on the host.
Tables: TypeAlias = dict[str, Any]
#: The numbers of rows, by table and by what they are there for: `{"output": {"noise": ...}}`.
RowIds: TypeAlias = Mapping[str, Mapping[str, Any]]


class Batches(NamedTuple):
    """The input of `S` steps, as arrays of NumPy or of JAX.

    Functions of one step take the same without the axis `S`.
    """

    rows: RowIds  # each (S, ...) int32, every row that a step reads or moves
    values: Mapping[str, Any]  # each (S, ...), whatever else the loss is a function of
    rate: Any  # (S,) float32, the learning rate; of no concern to the loss


class ScaledRows(NamedTuple):
    """Rows that a table is to be moved by, each with a number in front that is still to be said."""

    lengths: Array  # (n,) Euclidean, where that number is 1
    times: Callable[[Array], Array]  # of these numbers, (n,) -> (n, D)


class RowGradients(NamedTuple):
    """Derivatives of the loss by rows of a table; a row that occurs several times adds up."""

    ids: Array  # (...,) int32, the rows
    values: Array  # (..., D)

    def scaled(self, factors: Array) -> ScaledRows:
        """Multiply the gradient of each row by its factor, `(...,)`."""
        return _of_values(factors[..., None] * self.values)


class ProductGradients(NamedTuple):
    """Gradients of rows that are a product: of derivatives by scores, and the vectors scored.

    Kept apart, they are scaled where they are small, before they are multiplied.
    """

    ids: Array  # (..., m) int32, the rows
    score_gradients: Array  # (..., m, n), derivatives by the score of each row with each vector
    vectors: Array  # (..., n, D)

    def scaled(self, factors: Array) -> ScaledRows:
        """Multiply the gradient of each row by its factor, `(..., m)`."""
        scaled = factors[..., None] * self.score_gradients
        return _of_values(jnp.einsum("...mn,...nd->...md", scaled, self.vectors))


class OuterGradients(NamedTuple):
    """Gradients of rows that were each scored with one vector, which others may have been, too.

    Their lengths are known before they are multiplied.
    """

    ids: Array  # (..., m) int32, the rows
    score_gradients: Array  # (..., m), the derivative by the score of each row
    vectors: Array  # (..., D), with which m rows were scored

    def scaled(self, factors: Array) -> ScaledRows:
        """Multiply the gradient of each row by its factor, `(..., m)`."""
        scaled = factors * self.score_gradients
        vector_lengths = row_lengths(self.vectors).reshape(*self.vectors.shape[:-1], 1)

        def times(shares: Array) -> Array:
            shared = shares.reshape(scaled.shape) * scaled
            rows = shared[..., None] * self.vectors[..., None, :]
            return rows.reshape(-1, self.vectors.shape[-1])

        return ScaledRows((jnp.abs(scaled) * vector_lengths).reshape(-1), times)


def _of_values(values: Array) -> ScaledRows:
    rows = values.reshape(-1, values.shape[-1])
    return ScaledRows(row_lengths(rows), lambda shares: shares[:, None] * rows)


def row_lengths(changes: Array) -> Array:
    """Euclidean length of every row. `(..., D) -> (n,)`, all axes but the last in one.

    Example:
        >>> row_lengths(jnp.array([[[3.0, 4.0]], [[0.0, 2.0]]])).tolist()
        [5.0, 2.0]
    """
    rows = changes.reshape(-1, changes.shape[-1])
    # As a product: XLA adds up a row on a CPU one number after the other, and a product in lanes.
    return jnp.sqrt((rows * rows) @ jnp.ones(rows.shape[1], rows.dtype))


RowsGradient: TypeAlias = RowGradients | ProductGradients | OuterGradients
TableGradients: TypeAlias = Sequence[RowsGradient]


class LossAndGradients(NamedTuple):
    """What a batch costs, and how that changes with the rows it uses."""

    loss: Array  # (B,) float32, of each block, summed over its predictions and their noise
    predictions: Array  # (B,) float32, of each block, over which the mean loss is taken
    gradients: Mapping[str, TableGradients]  # by table; the gradient is the sum of these
    #: Whatever else is measured, such as the right predictions: each `(B,)` float32, added up.
    metrics: Mapping[str, Array] = {}


#: Of one step: traced by JAX, with all tables and a batch without its axis `S`.
LossFunction: TypeAlias = Callable[[Tables, Batches], LossAndGradients]
