"""Dense features: a row of numbers per example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import ArrayLike, NDArray


class DenseRows(NamedTuple):
    """The rows of an array; see `Features`."""

    values: Array  # (N, ...)

    @property
    def size(self) -> int:
        """N."""
        return int(self.values.shape[0]) if self.values.ndim else 0

    def take(self, rows: Array, capacity: int) -> Array:
        """The rows `(B,)` as an array `(B, ...)`; a row N is the last one."""
        del capacity  # all batches have the same shape
        return gather_rows(self.values, rows, "clip")

    def select(self, rows: NDArray[np.int64]) -> DenseRows:
        """Some of the rows, in the order of `rows`."""
        return DenseRows(self.values[rows])

    def capacity(self, order: NDArray[np.int32], before: int = 0) -> int:
        """0: all batches have the same shape."""
        del order, before
        return 0

    def groups(self) -> list[NDArray[np.int64]]:
        """All rows: their batches have one shape."""
        return [np.arange(self.size)]

    def arrange(self, order: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """The order as it is."""
        return [order]

    def batches(self, batch_size: int) -> Iterator[NDArray[np.generic]]:
        """All rows in order, `batch_size` at a time; the last batch is padded with zeros."""
        return padded_batches(self.values, batch_size)

    def padded(self) -> DenseRows:
        """As they are: what is compiled for their batches depends on more than their number."""
        return self

    def to_device(self) -> DenseRows:
        """The same as floats on the device."""
        return DenseRows(jnp.asarray(self.values, float))


def gather_rows(values: Array, rows: Array, beyond: str) -> Array:
    """The rows `(B,)` of an array, under `jit`: what ``values.at[rows].get(mode=...)`` gives.

    That is traced several times as slowly, which counts in the first training of a process.

    Args:
        values: `(N, ...)`.
        rows: `(B,)` int, none below 0.
        beyond: what a row from N on is: with ``"clip"`` the last one, with ``"fill"`` zeros.

    Returns:
        `(B, ...)`.

    Example:
        >>> gather_rows(jnp.array([1.0, 2.0]), jnp.array([1, 2]), "fill").tolist()
        [2.0, 0.0]
    """
    numbers = lax.GatherDimensionNumbers(
        offset_dims=tuple(range(1, values.ndim)),
        collapsed_slice_dims=(0,),
        start_index_map=(0,),
    )
    fill = 0 if beyond == "fill" else None
    sizes = (1, *values.shape[1:])
    return lax.gather(values, rows[:, None], numbers, sizes, mode=beyond, fill_value=fill)


def padded_batches(array: ArrayLike, batch_size: int) -> Iterator[NDArray[np.generic]]:
    """The rows of an array, `batch_size` at a time: at least one batch, the last padded.

    Example:
        >>> [batch.tolist() for batch in padded_batches([[1], [2], [3]], 2)]
        [[[1], [2]], [[3], [0]]]
    """
    values = np.asarray(array)
    for first in range(0, max(1, len(values)), batch_size):
        batch = np.zeros((batch_size, *values.shape[1:]), values.dtype)
        rows = values[first : first + batch_size]
        batch[: len(rows)] = rows
        yield batch
