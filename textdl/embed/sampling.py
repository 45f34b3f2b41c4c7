"""The random draws of training, each from a key of its own: (seed, purpose, epoch, number)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textdl.keyed_random import UINT32_RANGE, random_bits, scaled_bits, uniform_integers

NOISE_EXPONENT = 0.75  # Mikolov et al. 2013


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
        self.threshold[: len(keep)] = np.minimum(keep * UINT32_RANGE, UINT32_RANGE - 1).astype(
            np.uint32
        )

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
        self.owner_share = np.minimum(owner * UINT32_RANGE, UINT32_RANGE - 1).astype(np.uint32)

    def __call__(self, size: int, *key: int) -> NDArray[np.int32]:
        """Draw `size` word ids. `-> (size,)`."""
        bits = random_bits(2 * size, *key)
        column = scaled_bits(bits[:size], len(self.other)).astype(np.int32)
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
    return (1 + uniform_integers(size, window, *key)).astype(np.int32)
