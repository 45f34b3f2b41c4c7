"""Sequences: integer ids, such as of words, with a length per example.

What is beyond the length is padding, whatever its value: it is never inferred from zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError
from textdl.nn.data.dense import padded_batches


class SequenceBatch(NamedTuple):
    """`B` sequences, the inputs and outputs of layers.

    Example:
        >>> batch = SequenceBatch(jnp.array([[5, 7, 0]]), jnp.array([2]))
        >>> batch.mask.tolist()
        [[True, True, False]]
    """

    values: Array  # (B, T) int ids, or (B, T, D) float vectors
    lengths: Array  # (B,) int32, from 0 to T

    @property
    def mask(self) -> Array:
        """`(B, T)` bool: False in the padding."""
        return jnp.arange(self.values.shape[1]) < self.lengths[:, None]


def masked_vectors(x: Any, layer: str, size: int | None = None) -> Array:
    """The vectors of a batch, with 0 in the padding.

    Args:
        x: what a layer was given.
        layer: what the message calls it.
        size: D, numbers per vector; None: any.

    Returns:
        `(B, T, D)` float.

    Raises:
        DataError: `x` is not a `SequenceBatch` of vectors, or they are not of that size.

    Example:
        >>> batch = SequenceBatch(jnp.array([[[1.0], [3.0], [99.0]]]), jnp.array([2]))
        >>> masked_vectors(batch, "pooling").tolist()
        [[[1.0], [3.0], [0.0]]]
    """
    if not isinstance(x, SequenceBatch) or x.values.ndim != 3:
        raise DataError(f"{layer} takes sequences of vectors; put nn.Embedding before it")
    found = x.values.shape[2]
    if size is not None and found != size:
        raise DataError(
            f"vectors of {found:,} numbers do not fit {layer} of {size:,} inputs; make it for "
            f"{found:,} inputs"
        )
    return jnp.where(x.mask[:, :, None], x.values, 0)


class Sequences(NamedTuple):
    """`N` sequences of ids, made by `make_sequences`; see `Features`.

    Example:
        >>> sequences = make_sequences([[5, 7], [3, 0]], [2, 1])
        >>> sequences.size, sequences.shape, sequences.id_range()
        (2, (2, 2), (3, 7))
    """

    ids: Array  # (N, T) int32
    lengths: Array  # (N,) int32, from 0 to T

    @property
    def size(self) -> int:
        """N."""
        return int(self.lengths.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, T)`."""
        return tuple(self.ids.shape)

    def take(self, rows: Array, capacity: int) -> SequenceBatch:
        """The rows `(B,)` as a batch; row N is empty."""
        del capacity  # all batches have the same shape
        ids = self.ids.at[rows].get(mode="clip")
        return SequenceBatch(ids, self.lengths.at[rows].get(mode="fill", fill_value=0))

    def select(self, rows: NDArray[np.int64]) -> Sequences:
        """Some of the sequences, in the order of `rows`."""
        return Sequences(self.ids[rows], self.lengths[rows])

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

    def batches(self, batch_size: int) -> Iterator[SequenceBatch]:
        """All sequences in order, `batch_size` at a time; the last batch has empty ones."""
        ids = padded_batches(self.ids, batch_size)
        lengths = padded_batches(self.lengths, batch_size)
        for batch in zip(ids, lengths, strict=True):
            yield SequenceBatch(*batch)  # type: ignore[arg-type]

    def padded(self) -> Sequences:
        """As they are: what is compiled for their batches depends on more than their number."""
        return self

    def to_device(self) -> Sequences:
        """The same on the device."""
        return Sequences(jnp.asarray(self.ids), jnp.asarray(self.lengths))

    def id_range(self) -> tuple[int, int]:
        """The smallest and the largest id outside the padding; 0 and 0 where there is none."""
        ids = np.asarray(self.ids)
        return id_range(ids[np.arange(ids.shape[1]) < np.asarray(self.lengths)[:, None]])


def id_range(ids: NDArray[np.int32]) -> tuple[int, int]:
    """The smallest and the largest of ids; 0 and 0 where there is none.

    Example:
        >>> id_range(np.array([5, 3], np.int32))
        (3, 5)
    """
    return (int(ids.min()), int(ids.max())) if ids.size else (0, 0)


def padded_table(
    ids: NDArray[np.int32], lengths: NDArray[np.int32], width: int
) -> NDArray[np.int32]:
    """Sequences that stand one after another as the rows of a table, padded with 0.

    Args:
        ids: `(P,)`.
        lengths: `(N,)` of the sequences, at most `width`; what is behind their sum is not read.
        width: columns.

    Returns:
        `(N, width)`.

    Example:
        >>> padded_table(np.array([5, 7, 3], np.int32), np.array([2, 0, 1]), 2).tolist()
        [[5, 7], [0, 0], [3, 0]]
    """
    table = np.zeros((len(lengths), width), np.int32)
    table[np.arange(width) < lengths[:, None]] = ids[: lengths.sum()]
    return table


def make_sequences(ids: ArrayLike, lengths: ArrayLike) -> Sequences:
    """Make sequences of ids; columns that no sequence uses are cut off.

    Args:
        ids: `(N, T)` int; any value beyond the length.
        lengths: `(N,)` int, from 0 to T.

    Raises:
        DataError: they are not integers, their shapes do not fit, or a length is out of range.

    Example:
        >>> make_sequences([[5, 7, 0, 0], [3, 0, 0, 0]], [2, 1]).ids.tolist()
        [[5, 7], [3, 0]]
    """
    table: Any = np.asarray(ids)
    sizes: Any = np.asarray(lengths)
    if table.ndim != 2 or table.dtype.kind not in "iu":
        raise DataError(
            f"ids of type {table.dtype} and shape {table.shape}; expected integers of shape "
            "(N, T), a row per sequence"
        )
    if sizes.shape != table.shape[:1] or sizes.dtype.kind not in "iu":
        raise DataError(
            f"lengths of type {sizes.dtype} and shape {sizes.shape} for {len(table):,} sequences; "
            "expected one integer per sequence"
        )
    wrong = (sizes < 0) | (sizes > table.shape[1])
    if wrong.any():
        raise DataError(
            f"length {sizes[wrong][0]:,} of a sequence in {table.shape[1]:,} columns; expected "
            f"0 to {table.shape[1]:,}"
        )
    longest = max(int(sizes.max(initial=0)), 1)
    return Sequences(table[:, :longest].astype(np.int32), sizes.astype(np.int32))
