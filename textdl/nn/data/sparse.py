"""Sparse features: the rows of a CSR matrix, of which only the non-zeros are touched.

A whole matrix is `SparseRows`; a batch drawn from it is `SparseBatch`, padded to a fixed number of
non-zeros because XLA compiles for fixed shapes. JAX's own format, `BCOO`, is converted both ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental.sparse import BCOO
from numpy.typing import NDArray
from scipy.sparse import csr_array

from textdl.errors import DataError

NO_COLUMN = np.iinfo(np.int32).max


class SparseBatch(NamedTuple):
    """`B` rows with at most `P` non-zeros together; ``batch @ weights`` is a dense product."""

    ends: Array  # (B,) int32, where the non-zeros of each row end
    columns: Array  # (P,) int32, `NO_COLUMN` in the padding
    values: Array  # (P,) float, 0 in the padding

    @property
    def rows(self) -> Array:
        """`(P,)` the row of every non-zero; B in the padding."""
        positions = jnp.arange(len(self.columns))
        return jnp.searchsorted(self.ends, positions, side="right", method="scan_unrolled")

    def __matmul__(self, weights: Array) -> Array:
        """z_b = Σ_p values_p W[columns_p] over the non-zeros p of row b: `(B, O)`."""
        products = self.values[:, None] * weights.at[self.columns].get(mode="clip")  # (P, O)
        z = jnp.zeros((len(self.ends), weights.shape[1]), products.dtype)
        return z.at[self.rows].add(products, indices_are_sorted=True)  # padding has no row: dropped


class SparseRows(NamedTuple):
    """A CSR matrix of `N` rows; see `Features`."""

    starts: Array  # (N + 1,) int32
    columns: Array  # (nnz,) int32
    values: Array  # (nnz,) float

    @property
    def size(self) -> int:
        """N."""
        return int(self.starts.shape[0]) - 1

    def take(self, rows: Array, capacity: int) -> SparseBatch:
        """The rows `(B,)` as a batch of P = `capacity` non-zeros; row N is empty.

        More non-zeros than the capacity would be lost: see `capacity_for`.
        """
        first = self.starts.at[rows].get(mode="clip")
        last = self.starts.at[rows + 1].get(mode="clip")
        counts = last - first
        ends = jnp.cumsum(counts)
        positions = jnp.arange(capacity)
        row = jnp.searchsorted(ends, positions, side="right", method="scan_unrolled")
        used = positions < ends[-1]
        source = jnp.where(used, positions - (ends - last)[row], 0)
        columns = jnp.where(used, self.columns[source], NO_COLUMN)
        return SparseBatch(ends, columns, jnp.where(used, self.values[source], 0))

    def select(self, rows: NDArray[np.int64]) -> SparseRows:
        """Some of the rows, as a new matrix."""
        starts, columns, values = map(np.asarray, self)
        width = int(columns.max(initial=0)) + 1
        matrix = csr_array((values, columns, starts), shape=(self.size, width))
        return from_csr(matrix[rows])

    def capacity(self, order: NDArray[np.int32], before: int = 0) -> int:
        """Non-zeros to reserve in every batch of `order` `(S, B)`, see `capacity_for`."""
        return capacity_for(np.asarray(self.starts), order, before)

    def groups(self) -> list[NDArray[np.int64]]:
        """All rows: their batches have one shape."""
        return [np.arange(self.size)]

    def arrange(self, order: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """The order as it is."""
        return [order]

    def batches(self, batch_size: int) -> Iterator[SparseBatch]:
        """All rows in order, `batch_size` at a time, in batches of one capacity."""
        starts, columns, values = map(np.asarray, self)
        firsts = np.arange(0, max(1, self.size), batch_size)
        lasts = np.minimum(firsts + batch_size, self.size)
        capacity = _round_up(int((starts[lasts] - starts[firsts]).max()))
        for first, last in zip(firsts, lasts, strict=True):
            chosen = slice(starts[first], starts[last])
            ends = np.full(batch_size, starts[last] - starts[first], np.int32)
            ends[: last - first] = starts[first + 1 : last + 1] - starts[first]
            batch = (ends, _padded(columns[chosen], capacity, NO_COLUMN),
                     _padded(values[chosen], capacity, 0))  # fmt: skip
            yield SparseBatch(*batch)  # type: ignore[arg-type]

    def padded(self) -> SparseRows:
        """As they are: what is compiled for their batches depends on more than their number."""
        return self

    def to_device(self) -> SparseRows:
        """The same on the device; indices are copied, since they may belong to a matrix."""
        return SparseRows(jnp.array(self.starts), jnp.array(self.columns), jnp.asarray(self.values))


def from_csr(matrix: Any) -> SparseRows:
    """The rows of a SciPy CSR matrix `(N, F)`, on the host, without a dense copy.

    Example:
        >>> rows = from_csr(csr_array([[0.0, 2.0], [3.0, 0.0]])).to_device()
        >>> (rows.take(jnp.array([1, 0]), 4) @ jnp.array([[1.0], [10.0]])).tolist()
        [[3.0], [20.0]]
    """
    starts: Any = matrix.indptr.astype(np.int32, copy=False)
    columns: Any = matrix.indices.astype(np.int32, copy=False)
    values = matrix.data
    if matrix.nnz == 0:  # one entry that no row uses: nothing can be gathered from an empty array
        columns = np.zeros(1, np.int32)
        values = np.zeros(1, values.dtype)
    return SparseRows(starts, columns, values)


def capacity_for(starts: NDArray[np.int32], order: NDArray[np.int32], before: int = 0) -> int:
    """The number of non-zeros to reserve in every batch of an epoch.

    It stays what it was `before` if that is enough; else it is an eighth more than needed, so that
    the next order most likely fits too: every new size is compiled again.

    Args:
        starts: `(N + 1,)` where the non-zeros of each row begin.
        order: `(S, B)` row numbers; N is an empty row.
        before: the capacity of the epoch before.

    Returns:
        P, the non-zeros per batch.

    Example:
        >>> capacity_for(np.array([0, 3, 4]), np.array([[0, 1]]))
        5
    """
    counts = np.append(np.diff(starts), 0)  # row N is empty
    most = int(counts[order].sum(1, dtype=np.int64).max(initial=0))
    return before if 0 < most <= before else _round_up(most + most // 8)


def to_bcoo(matrix: Any) -> BCOO:
    """Convert a SciPy sparse matrix to a `BCOO` on the device: from a vectorizer to JAX.

    A network takes it as it takes the matrix itself: layers, `make_dataset` and the estimators.
    The entries of a row are sorted, and duplicates summed.

    Args:
        matrix: `(N, F)`.

    Returns:
        `(N, F)` float.

    Example:
        >>> from textdl import CountVectorizer
        >>> counts = to_bcoo(CountVectorizer().fit_transform(["the cat", "the dog the cat"]))
        >>> (counts @ jnp.array([1.0, 10.0, 100.0])).tolist()
        [101.0, 211.0]
    """
    rows = csr_array(matrix, copy=True)
    rows.sum_duplicates()
    entries = rows.tocoo()
    indices = np.stack([entries.row, entries.col], axis=1).astype(np.int32)  # (nnz, 2)
    values = jnp.asarray(entries.data, float)
    shape = rows.shape
    return BCOO(
        (values, jnp.asarray(indices)), shape=shape, indices_sorted=True, unique_indices=True
    )


def from_bcoo(array: BCOO) -> csr_array:
    """Convert a `BCOO` to a SciPy matrix; its padding is dropped.

    Raises:
        DataError: it does not have two axes, or one of them is a batch axis or dense.

    Example:
        >>> from_bcoo(BCOO.fromdense(jnp.array([[0.0, 2.0], [3.0, 0.0]]), nse=5)).toarray()
        array([[0., 2.],
               [3., 0.]], dtype=float32)
    """
    if array.ndim != 2 or array.n_batch or array.n_dense:
        raise DataError(
            f"a BCOO of shape {array.shape} with {array.n_batch} batch and {array.n_dense} dense "
            "axes; expected two sparse axes, examples and features: see bcoo_update_layout"
        )
    indices = np.asarray(array.indices)
    values = np.asarray(array.data)
    if values.dtype not in (np.float32, np.float64):  # SciPy does not know bfloat16
        values = values.astype(np.float32)
    inside = (indices < array.shape).all(axis=1)  # padding points behind the last row or column
    return csr_array((values[inside], indices[inside].T), shape=array.shape)


def _padded(array: NDArray[Any], size: int, fill: int) -> NDArray[Any]:
    padded = np.full(size, fill, array.dtype)
    padded[: len(array)] = array
    return padded


def _round_up(size: int) -> int:
    """To one of four sizes per octave, because each size is compiled separately."""
    grain = 1 << max(0, size.bit_length() - 3)
    return size // grain * grain + grain
