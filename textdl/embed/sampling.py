"""The random draws of training, each from a key of its own: (seed, purpose, epoch, number).

The draws are made on the host, from the raw bits of a counter-based generator (Philox), so they
depend neither on the number of threads nor on what was drawn before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Purposes; a number never changes its meaning, or old seeds would give other vectors.
SUBSAMPLE: Final = 0
WINDOWS: Final = 1
NOISE: Final = 2
ORDER: Final = 3
START: Final = 4

NOISE_EXPONENT = 0.75  # Mikolov et al. 2013
FULL = 2**32  # how many numbers 32 bits are


def random_bits(size: int, *key: int) -> NDArray[np.uint32]:
    """Draw `size` words of 32 random bits; the same key gives the same bits.

    Example:
        >>> bool((random_bits(4, 1, NOISE, 0, 7) == random_bits(4, 1, NOISE, 0, 7)).all())
        True
    """
    generator = np.random.Philox(np.random.SeedSequence(key))
    return generator.random_raw((size + 1) // 2).view(np.uint32)[:size]


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """The probability of keeping each word: min(1, sqrt(t/f) + t/f), f its share of the text.

    This is the formula of the word2vec program, not the one its paper gives. `sample` is t; 0 keeps
    every word.
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / counts
    probability: NDArray[np.float64] = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return probability


class Subsampler:
    """Drops frequent words at random, and words outside the vocabulary always."""

    def __init__(self, keep: NDArray[np.float64], all_words: int) -> None:
        # A word is kept when 32 random bits fall below its threshold. The bits never reach the
        # largest threshold of a word that is always kept but for one draw in 2^32.
        self.threshold = np.zeros(all_words, np.uint32)
        self.threshold[: len(keep)] = np.minimum(keep * FULL, FULL - 1).astype(np.uint32)

    def __call__(self, ids: NDArray[np.int32], *key: int) -> NDArray[np.bool_]:
        """Say of every token whether it stays. `(n,) -> (n,)`."""
        return random_bits(len(ids), *key) < self.threshold.take(ids)


class NoiseSampler:
    """Draws words with probability in proportion to count^0.75, by Walker's alias method.

    Every word owns one of V equal columns; a column is split between its owner and one other word,
    so that a draw takes two random numbers and two look-ups, whatever the vocabulary.

    References:
        Walker 1977; the table is built as in Vose 1991.
    """

    def __init__(self, counts: NDArray[np.int64]) -> None:
        weights = counts.astype(np.float64) ** NOISE_EXPONENT
        #: The probability of each word. (V,)
        self.share = weights / weights.sum()
        owner, self.other = _alias_table(self.share * len(weights))
        self.owner_share = np.minimum(owner * FULL, FULL - 1).astype(np.uint32)

    def __call__(self, size: int, *key: int) -> NDArray[np.int32]:
        """Draw `size` word ids. `-> (size,)`."""
        bits = random_bits(2 * size, *key).astype(np.uint64)
        column = ((bits[:size] * np.uint64(len(self.other))) >> np.uint64(32)).astype(np.int32)
        own = bits[size:] < self.owner_share[column]
        return np.where(own, column, self.other[column])


def _alias_table(heights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Level columns of mean height 1: the share of each column's owner, and its other word."""
    share, other = heights.copy(), np.arange(len(heights), dtype=np.int32)
    low = [i for i, height in enumerate(heights) if height < 1]
    high = [i for i, height in enumerate(heights) if height >= 1]
    while low and high:
        short, tall = low.pop(), high[-1]
        other[short] = tall
        share[tall] -= 1 - share[short]
        if share[tall] < 1:
            low.append(high.pop())
    share[low + high] = 1  # what rounding left over
    return share, other


def reduced_windows(size: int, window: int, *key: int) -> NDArray[np.int32]:
    """Draw reduced windows b ~ U{1..window}. `-> (size,)`."""
    bits = random_bits(size, *key).astype(np.uint64)
    return (1 + ((bits * np.uint64(window)) >> np.uint64(32))).astype(np.int32)


def permutation(size: int, *key: int) -> NDArray[np.intp]:
    """Draw an order of `size` things. `-> (size,)`."""
    return np.argsort(random_bits(size, *key), kind="stable")
