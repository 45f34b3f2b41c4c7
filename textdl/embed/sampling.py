"""The random draws of training, each from a key of its own: (seed, purpose, epoch, number)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from textdl.keyed_random import UINT32_RANGE, random_bits, scaled_bits, uniform_integers


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """The probability of keeping each word: min(1, sqrt(t/f) + t/f), f its share of the text.

    This is the formula of the word2vec program, not the one its paper gives. `sample` is t; 0 keeps
    every word.

    Example:
        >>> keep_probability(np.array([9_000, 1_000]), 0.1).round(3).tolist()
        [0.444, 1.0]
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / counts
    probability: NDArray[np.float64] = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return probability


def noise_probability(counts: NDArray[np.int64], exponent: float) -> NDArray[np.float64]:
    """The probability that a noise word is each word: in proportion to count^exponent.

    Example:
        >>> noise_probability(np.array([16, 1]), 0.75).round(3).tolist()
        [0.889, 0.111]
    """
    weights = counts.astype(np.float64) ** exponent
    probability: NDArray[np.float64] = weights / weights.sum()
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
    """Draws words with probability in proportion to count^exponent, by Walker's alias method.

    Each of V equal columns is split between the word of its number and its alias, so that a draw
    takes two random numbers and two look-ups, whatever the vocabulary.

    References:
        Walker 1977; the table is built as in Vose 1991, "A linear algorithm for generating random
        numbers with a given distribution".
    """

    def __init__(self, counts: NDArray[np.int64], exponent: float) -> None:
        #: Of drawing each word. (V,)
        self.word_probability = noise_probability(counts, exponent)
        probability, self.alias = alias_table(self.word_probability)
        threshold = np.minimum(probability * UINT32_RANGE, UINT32_RANGE - 1)
        #: A column is its own word where 32 random bits fall below this, else its alias. (V,)
        self.threshold = threshold.astype(np.uint32)

    def __call__(self, size: int, *key: int) -> NDArray[np.int32]:
        """Draw `size` word ids. `-> (size,)`."""
        bits = random_bits(2 * size, *key)
        column = scaled_bits(bits[:size], len(self.alias)).astype(np.int32)
        is_own = bits[size:] < self.threshold[column]
        return np.where(is_own, column, self.alias[column])


def alias_table(
    distribution: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Vose's tables of a distribution of n outcomes.

    Args:
        distribution: `(n,)`, of sum 1.

    Returns:
        `(n,)` the probability that a column is its own outcome, and `(n,)` the alias it is else.

    Example:
        >>> probability, alias = alias_table(np.array([0.75, 0.25]))
        >>> probability.tolist(), alias.tolist()
        ([1.0, 0.5], [0, 0])
    """
    scaled = distribution * len(distribution)
    probability = scaled.copy()
    alias = np.arange(len(scaled), dtype=np.int32)
    small = [i for i, value in enumerate(scaled) if value < 1]
    large = [i for i, value in enumerate(scaled) if value >= 1]
    while small and large:
        less = small.pop()
        more = large[-1]
        alias[less] = more
        probability[more] -= 1 - probability[less]
        if probability[more] < 1:
            small.append(large.pop())
    probability[small + large] = 1  # what rounding left over
    return probability, alias


def reduced_windows(size: int, window: int, *key: int) -> NDArray[np.int32]:
    """Draw reduced windows b ~ U{1..window}. `-> (size,)`."""
    return (1 + uniform_integers(size, window, *key)).astype(np.int32)
