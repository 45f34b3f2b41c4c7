"""Batches of texts that have about as many non-zeros each.

XLA compiles for fixed shapes, so every batch has room for what the largest needs. Texts differ in
length by orders of magnitude: of random batches the largest is twice the mean, and half of the work
would be on padding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textdl.embed.sampling import random_bits

TEXTS, BATCHES = 0, 1  # what a draw is for


def balanced_batches(
    sizes: NDArray[np.int32], batch_size: int, seed: int, epoch: int
) -> tuple[NDArray[np.int32], int]:
    """Deal the texts out by length: each batch gets one of the longest, one of the next, and so on.

    Which one it gets is random.

    Args:
        sizes: `(N,)` non-zeros of every text.
        batch_size: B.
        seed: of the draw.
        epoch: of which these are the batches.

    Returns:
        The row numbers `(S, B)`, N where a batch is filled up, and the non-zeros of the largest
        batch.

    Example:
        >>> sizes = np.array([1, 1, 1, 9, 9, 9], np.int32)
        >>> order, most = balanced_batches(sizes, 2, seed=1, epoch=0)
        >>> sizes[order].tolist(), most
        ([[9, 1], [9, 1], [9, 1]], 10)
    """
    steps = -(-len(sizes) // batch_size)
    rows = random_bits(len(sizes), seed, epoch, TEXTS).argsort(
        kind="stable"
    )  # those of one length, too
    dealt = np.full(steps * batch_size, len(sizes), np.int32)
    dealt[: len(sizes)] = rows[np.argsort(-sizes[rows], kind="stable")]
    chance = random_bits(len(dealt), seed, epoch, BATCHES).reshape(batch_size, steps)
    mixed = np.take_along_axis(
        dealt.reshape(batch_size, steps), chance.argsort(1, kind="stable"), axis=1
    )
    order = mixed.T  # (S, B)
    return order, int(np.append(sizes, 0)[order].sum(1, dtype=np.int64).max(initial=1))
