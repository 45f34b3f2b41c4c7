"""Sequences of very unequal lengths: packed one after another, and padded batch by batch.

A batch is as wide as its longest sequence needs, rounded up to a power of two from 16 on, so that
few shapes are compiled. Sequences of like width are put into one batch, within a window of the
shuffled order: so little is padding, and the order stays random. A sequence is predicted in a batch
of its own width, so its outputs do not depend on the sequences beside it.

Reference:
    Khomenko et al. 2016, "Accelerating recurrent neural network training using sequence bucketing
    and multi-GPU data parallelization".
"""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError, ParameterError
from textdl.nn.data.sequences import SequenceBatch, id_range, padded_table

SMALLEST_WIDTH = 16
LONGEST = 512  # tokens of a sequence that are kept, unless another number is asked for
BATCHES_PER_WINDOW = 64
_KNUTH = np.uint64(2_654_435_761)  # multiplicative hashing: Knuth 1998, volume 3, section 6.4
_LARGEST_ID = np.iinfo(np.int32).max


class PackedSequences(NamedTuple):
    """`N` sequences of ids, made by `pack_sequences`; see `Features`.

    Memory is that of the ids, whatever the longest sequence is.

    Example:
        >>> sequences = pack_sequences([[5, 7], [3]])
        >>> sequences.size, sequences.lengths.tolist(), sequences.id_range()
        (2, [2, 1], (3, 7))
    """

    ids: Array  # (P,) int32, all sequences one after another
    starts: Array  # (N + 1,) int32, where each sequence begins

    @property
    def size(self) -> int:
        """N."""
        return int(self.starts.shape[0]) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """`(N, T)`, where T is the longest length."""
        return self.size, int(self.lengths.max(initial=0))

    @property
    def lengths(self) -> NDArray[np.int32]:
        """`(N,)` ids of each sequence."""
        return np.diff(np.asarray(self.starts))

    def take(self, rows: Array, capacity: int) -> SequenceBatch:
        """The rows `(B,)` as a batch `(B, capacity)`; row N is empty."""
        first = self.starts.at[rows].get(mode="clip")
        lengths = self.starts.at[rows + 1].get(mode="clip") - first
        positions = first[:, None] + jnp.arange(capacity)
        ids = self.ids.at[positions].get(mode="fill", fill_value=0)
        return SequenceBatch(jnp.where(jnp.arange(capacity) < lengths[:, None], ids, 0), lengths)

    def select(self, rows: NDArray[np.int64]) -> PackedSequences:
        """Some of the sequences, in the order of `rows`."""
        ids = np.asarray(self.ids)
        begins = np.asarray(self.starts)[:-1][rows]
        lengths = self.lengths[rows]
        starts = _starts(lengths)
        positions = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], lengths)
        return _packed(ids[positions], starts)

    def capacity(self, order: NDArray[np.int32], before: int = 0) -> int:
        """The width of the batches of `order`: that of the longest sequence."""
        del before
        return int(self._widths()[order].max(initial=SMALLEST_WIDTH))

    def groups(self) -> list[NDArray[np.int64]]:
        """The numbers of the sequences of each width, from the least width to the largest."""
        widths = self._widths()[:-1]
        return [np.flatnonzero(widths == width) for width in np.unique(widths)]

    def arrange(self, order: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """Put sequences of like width into one batch, within windows of the order `(S, B)`.

        Args:
            order: the row numbers of the batches, N in the padding of the last.

        Returns:
            The batches one by one, in an order that does not depend on widths.
        """
        widths = self._widths()
        windows = np.split(order, range(BATCHES_PER_WINDOW, len(order), BATCHES_PER_WINDOW))
        return [batch for window in windows for batch in _sorted_batches(window, widths)]

    def batches(self, batch_size: int) -> Iterator[SequenceBatch]:
        """All sequences in order, `batch_size` at a time; the last batch has empty ones."""
        rows = np.arange(self.size)
        width = self.capacity(rows.astype(np.int32))
        for first in range(0, max(1, self.size), batch_size):
            part = self.select(rows[first : first + batch_size])
            lengths = np.zeros(batch_size, np.int32)
            lengths[: part.size] = part.lengths
            ids = padded_table(np.asarray(part.ids), lengths, width)
            yield SequenceBatch(ids, lengths)  # type: ignore[arg-type]

    def padded(self) -> PackedSequences:
        """The same, with empty sequences and unused ids behind them: round numbers of both."""
        ids = np.asarray(self.ids)
        starts = np.asarray(self.starts)
        more = (round_size(self.size) - self.size, round_size(len(ids)) - len(ids))
        return PackedSequences(
            np.pad(ids, (0, more[1])),  # type: ignore[arg-type]
            np.pad(starts, (0, more[0]), mode="edge"),  # type: ignore[arg-type]
        )

    def to_device(self) -> PackedSequences:
        """The same on the device."""
        return PackedSequences(jnp.asarray(self.ids), jnp.asarray(self.starts))

    def id_range(self) -> tuple[int, int]:
        """The smallest and the largest id; 0 and 0 where there is none."""
        return id_range(np.asarray(self.ids)[: int(self.starts[-1])])

    def _widths(self) -> NDArray[np.int64]:
        """`(N + 1,)` the width of each sequence, and of the padding."""
        lengths = np.append(self.lengths, 0)
        exponents = np.ceil(np.log2(np.maximum(lengths, SMALLEST_WIDTH)))
        widths: NDArray[np.int64] = np.left_shift(1, exponents.astype(np.int64))
        return widths


def round_size(size: int) -> int:
    """The next multiple of a 32nd of the next power of two: a sixteenth more at most.

    A program is compiled for the sizes of its arrays: so those of similar data are made equal.

    Example:
        >>> round_size(20_001), round_size(20_480), round_size(3)
        (20480, 20480, 3)
    """
    step = 1 << max(0, (max(size, 1) - 1).bit_length() - 5)
    return -(-size // step) * step


def pack_sequences(
    sequences: Iterable[ArrayLike], max_length: int | None = LONGEST
) -> PackedSequences:
    """Pack sequences of ids, read one by one: memory is that of what is kept.

    Args:
        sequences: an iterable of lists or arrays of ids, read once.
        max_length: ids of a sequence that are kept, from its beginning; None: all.

    Returns:
        The sequences, on the host.

    Raises:
        ParameterError: `max_length` is below 1.
        DataError: a sequence is not one axis of integers from 0 to 2,147,483,647; or there are more
            than that many ids.

    Warns:
        UserWarning: sequences were cut: how many, and what share of all ids was lost.

    Example:
        >>> pack_sequences([[5, 7, 9], [], [3]]).lengths.tolist()
        [3, 0, 1]
    """
    if max_length is not None and not max_length >= 1:
        raise ParameterError(f"max_length={max_length}; expected a whole number from 1 up, or None")
    packed = array("i")
    lengths: list[int] = []
    found = 0
    cut = 0
    for number, sequence in enumerate(sequences):
        ids = _checked(sequence, number)
        found += len(ids)
        cut += max_length is not None and len(ids) > max_length
        kept = ids[:max_length]
        packed.frombytes(kept.astype(np.int32).tobytes())
        lengths.append(len(kept))
        if len(packed) > _LARGEST_ID:
            raise DataError(
                f"the first {number + 1:,} sequences have {len(packed):,} ids, more than can be "
                "numbered; train on a part of them"
            )
    if cut:
        warnings.warn(
            f"{cut:,} of {len(lengths):,} sequences were cut to max_length={max_length}, which "
            f"loses {1 - len(packed) / found:.1%} of {found:,} tokens; raise max_length to keep "
            "them",
            UserWarning,
            stacklevel=2,
        )
    return _packed(np.frombuffer(packed, np.int32), _starts(np.array(lengths, np.int64)))


def _checked(sequence: ArrayLike, number: int) -> NDArray[Any]:
    ids: NDArray[Any] = np.asarray(sequence)
    if ids.shape == (0,):
        return ids.astype(np.int32)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise DataError(
            f"sequence {number + 1:,} is of type {ids.dtype} and shape {ids.shape}; expected a "
            "list of integer ids"
        )
    if ids.min() < 0 or ids.max() > _LARGEST_ID:
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise DataError(f"id {wrong:,} of sequence {number + 1:,}; expected 0 to {_LARGEST_ID:,}")
    return ids


def _starts(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    return np.append(0, np.cumsum(lengths)).astype(np.int32)


def _packed(ids: NDArray[np.int32], starts: NDArray[np.int32]) -> PackedSequences:
    if not len(ids):  # one id that no sequence uses: nothing can be gathered from an empty array
        ids = np.zeros(1, np.int32)
    return PackedSequences(ids, starts)  # type: ignore[arg-type]


def _sorted_batches(
    window: NDArray[np.int32], widths: NDArray[np.int64]
) -> Iterator[NDArray[np.int32]]:
    """The batches of a window, each `(1, B)`, of sequences of like width.

    They go in the order of a hash of their row numbers: one that knows nothing of the widths, and
    is another where the rows are shuffled anew.
    """
    rows = window.ravel()
    numbers = rows[np.argsort(widths[rows], kind="stable")].reshape(window.shape)  # (S, B)
    hashes = (numbers.sum(axis=1, dtype=np.uint64) * _KNUTH) % np.uint64(1 << 32)
    for batch in np.argsort(hashes, kind="stable"):
        yield numbers[batch : batch + 1]
