"""Batches of texts for the embedding bag: about the same number of non-zeros in each.

XLA compiles for fixed shapes, so every batch has room for what the largest needs. Texts differ in
length by orders of magnitude: of batches of so many texts the largest has twice the mean, and half
of the work would be on padding. Batches are therefore packed to about the same number of non-zeros.

The non-zeros of a text are cut into segments of `SEGMENT_SIZE`, of which the last is padded. Then a
batch is put together from whole segments, and the mean of a text is a sum over few of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.tables import Batches
from textdl.keyed_random import BLOCK_ORDER, random_bits

SEGMENT_SIZE = 16  # L, non-zeros
MAX_BATCH_FACTOR = 2  # a batch of short texts has at most this many times the mean number of texts
CHUNK_STEPS = 2  # of a worker, at most, before it agrees with the others on the frequent rows


class Segments(NamedTuple):
    """The non-zeros of N texts, in M segments of L; one more is empty."""

    terms: NDArray[np.int32]  # (M + 1, L)
    shares: NDArray[np.float32]  # (M + 1, L) of the text that a term is; 0 where there is none
    starts: NDArray[np.int64]  # (N + 1,) where the segments of each text begin

    @property
    def sizes(self) -> NDArray[np.int64]:
        """`(N,)` segments of each text."""
        return np.diff(self.starts)


class PackedBatches(NamedTuple):
    """The batches of all epochs."""

    order: NDArray[np.int32]  # (E, T, B) row numbers; N where a batch is padded
    capacity: int  # the most segments that a batch has


def make_segments(features: Any, numbers: NDArray[np.int32]) -> Segments:
    """Cut texts into segments.

    Args:
        features: `(N, V)` SciPy CSR matrix, rows scaled to sum to 1.
        numbers: `(V,)` the row of the table that each term has.

    Returns:
        The segments of all texts.

    Example:
        >>> from scipy.sparse import csr_array
        >>> found = make_segments(csr_array([[0.0, 0.75, 0.25], [0.0, 0.0, 0.0]]), np.arange(3))
        >>> found.terms[0, :3].tolist(), found.shares[0, :3].tolist(), found.sizes.tolist()
        ([1, 2, 0], [0.75, 0.25, 0.0], [1, 0])
    """
    sizes = np.diff(features.indptr)
    starts = np.append(0, np.cumsum(-(-sizes // SEGMENT_SIZE), dtype=np.int64))
    places = np.arange(features.nnz)
    places += np.repeat(starts[:-1] * SEGMENT_SIZE - features.indptr[:-1], sizes)
    terms = np.zeros((starts[-1] + 1, SEGMENT_SIZE), np.int32)
    shares = np.zeros(terms.shape, np.float32)
    terms.reshape(-1)[places] = numbers.take(features.indices)
    shares.reshape(-1)[places] = features.data
    return Segments(terms, shares, starts)


def pack_batches(
    sizes: NDArray[np.int64], batch_size: int, epochs: int, seed: int
) -> PackedBatches:
    """Shuffle the texts, and cut them into batches of about the same size.

    Args:
        sizes: `(N,)` segments of every text.
        batch_size: texts per batch, on average; B is at most `MAX_BATCH_FACTOR` times that.
        epochs: E; each is shuffled anew.
        seed: of the shuffling.

    Returns:
        The row numbers of every batch, and the most segments that one has.

    Example:
        >>> sizes = np.array([1, 9, 1, 8, 1, 1])
        >>> order, capacity = pack_batches(sizes, 3, 1, seed=1)
        >>> np.append(sizes, 0)[order].sum(2).tolist(), capacity
        ([[10, 2, 9]], 10)
    """
    capacity = max(round(sizes.mean() * batch_size), int(sizes.max()), 1)
    largest = MAX_BATCH_FACTOR * batch_size
    cut = [
        _cut(sizes, random_bits(len(sizes), seed, BLOCK_ORDER, epoch), capacity, largest)
        for epoch in range(epochs)
    ]
    steps = max(map(len, cut))
    width = max(len(batch) for batches in cut for batch in batches)
    order = np.full((epochs, steps, width), len(sizes), np.int32)
    for epoch, batches in enumerate(cut):
        for number, batch in enumerate(batches):
            order[epoch, number, : len(batch)] = batch
    return PackedBatches(order, capacity)


def _cut(
    sizes: NDArray[np.int64], bits: NDArray[np.uint32], capacity: int, largest: int
) -> list[NDArray[np.int64]]:
    """The row numbers of every batch: as many texts as have at most `capacity` segments."""
    rows = bits.argsort(kind="stable")
    ends = sizes[rows].cumsum()
    batches = []
    start = 0
    before = 0
    while start < len(rows):
        stop = min(int(ends.searchsorted(before + capacity, side="right")), start + largest)
        batches.append(rows[start:stop])
        start = stop
        before = int(ends[stop - 1])
    return batches


class BagBatches:
    """The chunks of all epochs.

    Args:
        segments: of N texts.
        targets: `(N,)` classes, or `(N, O)` labels.
        weights: `(N,)` of the texts.
        packed: which texts are in which batch.
        learning_rate: at the first step; it falls linearly to 0.
        workers: W, among which the chunks of an epoch are divided.

    Attributes:
        steps: S of a chunk.
    """

    def __init__(
        self,
        segments: Segments,
        targets: NDArray[Any],
        weights: NDArray[Any],
        *,
        packed: PackedBatches,
        learning_rate: float,
        workers: int,
    ) -> None:
        self._segments = segments
        self._sizes = np.append(segments.sizes, 0)  # of the padding, too
        kind = np.int32 if targets.dtype.kind in "iu" else np.float32
        self._targets = np.concatenate([targets, targets[:1]]).astype(kind)
        self._weights = np.append(weights, 0).astype(np.float32)
        self._packed = packed
        self._learning_rate = learning_rate
        steps = packed.order.shape[1]
        self.steps = min(CHUNK_STEPS, -(-steps // workers))

    def epochs(self) -> Iterator[Iterator[Batches]]:
        """The chunks of each epoch."""
        return map(self._chunks, range(len(self._packed.order)))

    def _chunks(self, epoch: int) -> Iterator[Batches]:
        order = self._packed.order[epoch]  # (T, B)
        empty = len(self._sizes) - 1
        padding = -len(order) % self.steps
        order = np.pad(order, ((0, padding), (0, 0)), constant_values=empty)
        rates = np.pad(self._rates(epoch), (0, padding))
        for start in range(0, len(order), self.steps):
            steps = slice(start, start + self.steps)
            yield self._chunk(order[steps], rates[steps])

    def _rates(self, epoch: int) -> NDArray[np.float32]:
        """`(T,)` the learning rate of every step of an epoch."""
        epochs, steps, _ = self._packed.order.shape
        left = 1 - (epoch * steps + np.arange(steps)) / (epochs * steps)
        rates: NDArray[np.float32] = np.float32(self._learning_rate) * left.astype(np.float32)
        return rates

    def _chunk(self, order: NDArray[np.int32], rates: NDArray[np.float32]) -> Batches:
        """The texts of `S` steps `(S, B)`."""
        numbers, texts = (
            np.stack(arrays) for arrays in zip(*map(self._places, order), strict=True)
        )
        return Batches(
            {"embeddings": {"terms": self._segments.terms[numbers]}},  # (S, P, L)
            {
                "shares": self._segments.shares[numbers],  # (S, P, L)
                "texts": texts,  # (S, P)
                "targets": self._targets[order],  # (S, B) or (S, B, O)
                "weights": self._weights[order],  # (S, B)
            },
            rates,
        )

    def _places(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The segments of a batch of texts `(B,)`, and which of the texts each is of: `(P,)`."""
        sizes = self._sizes[rows]
        ends = np.cumsum(sizes)
        count = int(ends[-1])
        numbers = np.full(self._packed.capacity, len(self._segments.terms) - 1)
        numbers[:count] = np.arange(count) + np.repeat(
            self._segments.starts[rows] - (ends - sizes), sizes
        )
        texts = np.full(self._packed.capacity, len(rows), np.int32)
        texts[:count] = np.repeat(np.arange(len(rows)), sizes)
        return numbers, texts
