"""Batches of texts that are filled up to the same number of non-zeros.

XLA compiles for fixed shapes, so every batch has room for what the largest needs. Texts differ in
length by orders of magnitude: of batches of so many texts the largest has twice the mean, and half
of the work would be on padding. Filled up, nearly none is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.keyed_random import BLOCK_ORDER, random_bits

WIDEST = 2  # a batch of short texts has at most so many times the texts of a mean one


class PackedBatches(NamedTuple):
    """The batches of all epochs."""

    order: NDArray[np.int32]  # (E, S, B) row numbers, N where a batch is filled up
    capacity: int  # the most non-zeros a batch has


def pack_batches(
    sizes: NDArray[np.int32], batch_size: int, epochs: int, seed: int
) -> PackedBatches:
    """Shuffle the texts, and cut them into batches.

    Args:
        sizes: `(N,)` non-zeros of every text.
        batch_size: texts of a batch, on average; B is at most `WIDEST` times that.
        epochs: E; each is shuffled anew.
        seed: of the shuffling.

    Example:
        >>> sizes = np.array([1, 9, 1, 8, 1, 1], np.int32)
        >>> order, capacity = pack_batches(sizes, 3, 1, seed=1)
        >>> np.append(sizes, 0)[order].sum(2).tolist(), capacity
        ([[10, 2, 9]], 10)
    """
    most = max(round(sizes.mean() * batch_size), int(sizes.max()), 1)
    cut = [
        _cut(sizes, random_bits(len(sizes), seed, BLOCK_ORDER, epoch), most, WIDEST * batch_size)
        for epoch in range(epochs)
    ]
    steps, width = max(map(len, cut)), max(len(batch) for batches in cut for batch in batches)
    order = np.full((epochs, steps, width), len(sizes), np.int32)
    for epoch, batches in enumerate(cut):
        for step, batch in enumerate(batches):
            order[epoch, step, : len(batch)] = batch
    return PackedBatches(order, most)


def _cut(
    sizes: NDArray[np.int32], chance: NDArray[np.uint32], most: int, widest: int
) -> list[NDArray[np.int64]]:
    """The row numbers of every batch: as many texts as have at most `most` non-zeros."""
    rows = chance.argsort(kind="stable")
    ends = sizes[rows].cumsum(dtype=np.int64)
    batches, first, before = [], 0, 0
    while first < len(rows):
        last = min(int(ends.searchsorted(before + most, side="right")), first + widest)
        batches.append(rows[first:last])
        first, before = last, int(ends[last - 1])
    return batches
