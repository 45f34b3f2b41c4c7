"""Dense features: a row of numbers per example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
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
        return self.values.at[rows].get(mode="clip")

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
