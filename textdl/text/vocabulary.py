"""The vocabulary: words by falling count."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError, ParameterError


class Vocabulary:
    """Words and their counts, by falling count; equal counts by code point, so ties never move.

    Because ids fall with the count, every cut of the vocabulary is a prefix of it: a token id below
    ``len(cut)`` is kept, any other is dropped.

    Example:
        >>> vocabulary, _ = Vocabulary.sorted(["b", "a", "the"], np.array([2, 2, 9]))
        >>> vocabulary.words
        ['the', 'a', 'b']
        >>> vocabulary.cut(min_count=3).words
        ['the']
    """

    def __init__(self, words: list[str], counts: NDArray[np.int64]) -> None:
        self.words = words
        self.counts = counts  # (V,), falling

    @classmethod
    def sorted(
        cls, words: Sequence[str], counts: NDArray[np.int64]
    ) -> tuple[Vocabulary, NDArray[np.int64]]:
        """Sort words; also return the order, ``words[order[i]]`` being word ``i``. `(V,)`."""
        by_word = np.array(sorted(range(len(words)), key=words.__getitem__), np.int64)
        order = by_word[np.argsort(-counts[by_word], kind="stable")]
        return cls([words[i] for i in order], counts[order]), order

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.key_to_index

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """The id of every word."""
        return {word: index for index, word in enumerate(self.words)}

    def cut(self, min_count: int = 1, max_vocab_size: int | None = None) -> Vocabulary:
        """Keep words that occur at least `min_count` times, at most `max_vocab_size` of them.

        Raises:
            CorpusError: no word is left.
        """
        if min_count < 1:
            raise ParameterError(f"min_count is {min_count}; expected at least 1")
        if max_vocab_size is not None and max_vocab_size < 1:
            raise ParameterError(f"max_vocab_size is {max_vocab_size}; expected at least 1")
        size = int(np.searchsorted(-self.counts, -min_count, side="right"))
        size = min(size, max_vocab_size or size)
        if size == 0:
            most = int(self.counts[0]) if len(self) else 0
            raise CorpusError(
                f"no word occurs min_count={min_count} times; the most frequent of {len(self):,} "
                f"words occurs {most:,} times: lower min_count or add text"
            )
        return Vocabulary(self.words[:size], self.counts[:size])
