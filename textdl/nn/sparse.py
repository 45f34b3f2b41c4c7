"""Sparse features: the rows of a CSR matrix, of which only the non-zeros are touched.

A whole matrix is `SparseRows`; a batch drawn from it is `SparseBatch`, padded to a fixed number of
non-zeros because XLA compiles for fixed shapes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.sparse import csr_array

NO_COLUMN = np.iinfo(np.int32).max


class SparseBatch(NamedTuple):
    """`B` rows with at most `P` non-zeros together; ``batch @ weights`` is a dense product."""

    ends: Array  # (B,) int32, where the non-zeros of each row end
    columns: Array  # (P,) int32, `NO_COLUMN` in the padding
    values: Array  # (P,) float, 0 in the padding

    @property
    def rows(self) -> Array:
        """`(P,)` the row of every non-zero; B in the padding."""
        places = jnp.arange(len(self.columns))
        return jnp.searchsorted(self.ends, places, side="right", method="scan_unrolled")

    def __matmul__(self, weights: Array) -> Array:
        """z_b = Σ_p values_p W[columns_p] over the non-zeros p of row b: `(B, O)`."""
        products = self.values[:, None] * weights.at[self.columns].get(mode="clip")  # (P, O)
        z = jnp.zeros((len(self.ends), weights.shape[1]), products.dtype)
        return z.at[self.rows].add(products, indices_are_sorted=True)  # padding has no row: dropped


class SparseRows(NamedTuple):
    """A CSR matrix of `N` rows on the device."""

    starts: Array  # (N + 1,) int32
    columns: Array  # (nnz,) int32
    values: Array  # (nnz,) float

    def select(self, rows: NDArray[np.int64]) -> SparseRows:
        """Some of the rows, as a matrix of their own."""
        starts, columns, values = map(np.asarray, self)
        width = int(columns.max(initial=0)) + 1
        matrix = csr_array((values, columns, starts), shape=(len(starts) - 1, width))
        return from_csr(matrix[rows])

    def take(self, rows: Array, capacity: int) -> SparseBatch:
        """The rows `(B,)` as a batch of `P` = `capacity` places; row N is empty.

        More non-zeros than the capacity would be lost: see `capacity_for`.
        """
        first, last = (self.starts.at[rows + i].get(mode="clip") for i in (0, 1))
        counts = last - first
        ends = jnp.cumsum(counts)
        places = jnp.arange(capacity)
        row = jnp.searchsorted(ends, places, side="right", method="scan_unrolled")
        used = places < ends[-1]
        source = jnp.where(used, places - (ends - last)[row], 0)
        columns = jnp.where(used, self.columns[source], NO_COLUMN)
        return SparseBatch(ends, columns, jnp.where(used, self.values[source], 0))


def from_csr(matrix: Any) -> SparseRows:
    """The rows of a SciPy CSR matrix, as floats, without a dense copy.

    Example:
        >>> from scipy.sparse import csr_array
        >>> rows = from_csr(csr_array([[0.0, 2.0], [3.0, 0.0]]))
        >>> (rows.take(jnp.array([1, 0]), 4) @ jnp.array([[1.0], [10.0]])).tolist()
        [[3.0], [20.0]]
    """
    indptr, indices = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    data = matrix.data
    if matrix.nnz == 0:  # one place that no row uses, for nothing can be gathered from none
        indices, data = np.zeros(1, np.int32), np.zeros(1, data.dtype)
    return SparseRows(*map(jnp.asarray, (indptr, indices, data)))


def batch_from_csr(matrix: Any, rows: int, entries: int = 0) -> SparseBatch:
    """A whole SciPy CSR matrix as one batch of `rows` rows, the last of them empty if need be.

    There is room for at least so many `entries`.
    """
    room = _round_up(max(entries, matrix.nnz))
    columns, values = np.full(room, NO_COLUMN), np.zeros(room, matrix.dtype)
    columns[: matrix.nnz], values[: matrix.nnz] = matrix.indices, matrix.data
    ends = np.full(rows, matrix.nnz, np.int32)
    ends[: matrix.shape[0]] = matrix.indptr[1:]
    return SparseBatch(ends, columns.astype(np.int32), values)  # type: ignore[arg-type]


def capacity_for(starts: NDArray[np.int32], order: NDArray[np.int32], before: int = 0) -> int:
    """Non-zeros to make room for in every batch of `order` `(S, B)`.

    It stays what it was `before` if that is enough; else it is more than needed by an eighth, so
    that the next order will most likely fit too: every new size is compiled anew.
    """
    counts = np.append(np.diff(starts), 0)  # row N is empty
    most = int(counts[order].sum(1, dtype=np.int64).max(initial=0))
    return before if 0 < most <= before else _round_up(most + most // 8)


def _round_up(size: int) -> int:
    """To one of four sizes an octave, for every size is compiled for."""
    grain = 1 << max(0, size.bit_length() - 3)
    return size // grain * grain + grain
