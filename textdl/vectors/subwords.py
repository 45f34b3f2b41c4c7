"""Subwords: vectors for words that have no row, from the vectors of their character n-grams.

As fastText does, the vector of an unseen word is the mean of those of its n-grams. A model has rows
only for the *known* n-grams, those which share a bucket with one of a word that it was trained on:
fastText has random rows for all the others, and mixes this noise into the mean. Here the mean is
over the known n-grams alone, and a word that has none has no vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import ParameterError
from textdl.text.char_ngrams import char_ngram_buckets

_WORDS_PER_BLOCK = 1 << 9  # whose n-grams' vectors stay in the cache of a core


class WordsFromNgrams(NamedTuple):
    """What n-grams say of some words."""

    vectors: NDArray[np.float32]  # (n, D), zero where no n-gram is known
    are_known: NDArray[np.bool_]  # (n,)


class NgramSums(NamedTuple):
    """The n-grams of some words, added up."""

    vectors: NDArray[np.float64]  # (n, D)
    counts: NDArray[np.int64]  # (n,) how many of its n-grams are known


class SubwordVectors:
    """The vectors of character n-grams, in memory or mapped from a file.

    Args:
        buckets: `(U,)` the buckets that have a row, in ascending order.
        matrix: `(U, D)` their vectors, finite; not copied if it is float32.
        min_n: characters of the shortest n-gram.
        max_n: characters of the longest.
        bucket: how many buckets there are.

    Raises:
        ParameterError: these contradict each other.

    Example:
        >>> from textdl.text.char_ngrams import char_ngram_buckets
        >>> buckets = np.unique(char_ngram_buckets(["cat"], 3, 3, 1000).buckets)
        >>> subwords = SubwordVectors(buckets, np.eye(3), 3, 3, 1000)
        >>> subwords.compose(["cat", "dog"]).are_known.tolist()
        [True, False]
    """

    def __init__(
        self,
        buckets: ArrayLike,
        matrix: ArrayLike,
        min_n: int,
        max_n: int,
        bucket: int,
    ) -> None:
        _check_sizes(min_n, max_n, bucket)
        self.buckets = np.asarray(buckets, np.int32)
        self.matrix = np.asarray(matrix, np.float32)
        self.min_n = min_n
        self.max_n = max_n
        self.bucket = bucket
        if self.matrix.ndim != 2 or self.buckets.shape != self.matrix.shape[:1]:
            raise ParameterError(
                f"the vectors of n-grams have shape {self.matrix.shape} for buckets of shape "
                f"{self.buckets.shape}; expected one row per bucket"
            )
        _check_buckets(self.buckets, bucket)

    def __len__(self) -> int:
        return len(self.buckets)

    def compose(self, words: Sequence[str]) -> WordsFromNgrams:
        """The means of the known n-grams of words.

        Args:
            words: with or without rows of their own, which count for nothing here; the empty word
                has no n-grams.

        Returns:
            Their vectors, and which words have one.
        """
        found = self.sum_ngrams(words)
        are_known = found.counts > 0
        vectors = np.zeros(found.vectors.shape, np.float32)
        vectors[are_known] = found.vectors[are_known] / found.counts[are_known, None]
        return WordsFromNgrams(vectors, are_known)

    def sum_ngrams(self, words: Sequence[str]) -> NgramSums:
        """The sums of the known n-grams of words, those that occur twice counting twice."""
        sums = np.zeros((len(words), self.matrix.shape[1]))
        counts = np.zeros(len(words), np.int64)
        for begin in range(0, len(words) if len(self) else 0, _WORDS_PER_BLOCK):
            block = slice(begin, begin + _WORDS_PER_BLOCK)
            rows, counts[block] = self._rows_of(words[block])
            known = counts[block] > 0
            if known.any():
                starts = (np.cumsum(counts[block]) - counts[block])[known]
                sums[block][known] = np.add.reduceat(
                    self.matrix[rows], starts, axis=0, dtype=np.float64
                )
        return NgramSums(sums, counts)

    def _rows_of(self, words: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows of the known n-grams, one word after another, and how many each has."""
        ngrams = char_ngram_buckets(words, self.min_n, self.max_n, self.bucket)
        owners = np.repeat(np.arange(len(words)), np.diff(ngrams.offsets))
        has_letters = np.fromiter(map(bool, words), np.bool_, len(words))
        rows = ngrams.buckets
        if len(self) < self.bucket:  # else every bucket has a row, that of its number
            rows = np.minimum(np.searchsorted(self.buckets, rows), len(self) - 1)
        is_known = (self.buckets[rows] == ngrams.buckets) & has_letters[owners]
        return rows[is_known], np.bincount(owners[is_known], minlength=len(words))


def _check_sizes(min_n: int, max_n: int, bucket: int) -> None:
    sizes = {"min_n": min_n, "max_n": max_n, "bucket": bucket}
    for name, size in sizes.items():
        if type(size) is not int or not 1 <= size < 2**31:
            raise ParameterError(f"{name}={size!r}; expected a whole number from 1 to {2**31 - 1}")
    if max_n < min_n:
        raise ParameterError(f"max_n={max_n} is below min_n={min_n}; expected at least as much")


def _check_buckets(buckets: NDArray[np.int32], bucket: int) -> None:
    if not len(buckets):
        return
    if buckets[0] < 0 or buckets[-1] >= bucket or (buckets[1:] <= buckets[:-1]).any():
        raise ParameterError(
            f"the buckets of n-grams do not rise from 0 to below {bucket:,}; expected each once, "
            "in ascending order"
        )
