"""Words as ids, and unknown words by their shape: a capital, digits, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# What an unknown word looks like; the place is its id.
SHAPES = ("lower", "capitalized", "upper", "number", "other")


class TaggerWords:
    """The words that a tagger knows; the ids of others are those of their shapes.

    Args:
        words: V; the first id is `len(SHAPES)`.

    Example:
        >>> words = TaggerWords(["the", "cat"])
        >>> words.ids(["The", "cat", "Tom", "1990s"]).tolist()
        [5, 6, 1, 3]
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._index = {word: number for number, word in enumerate(self.words, len(SHAPES))}

    def __len__(self) -> int:
        return len(self.words) + len(SHAPES)

    def ids(self, sentence: Iterable[str]) -> NDArray[np.int32]:
        """The id of every token; one that is known in lower case only is taken for that word."""
        return np.array([self._id(word) for word in sentence], np.int32)

    def _id(self, word: str) -> int:
        found = self._index.get(word)
        if found is None:
            found = self._index.get(word.lower())
        return SHAPES.index(shape_of(word)) if found is None else found


def shape_of(word: str) -> str:
    """A name in `SHAPES`.

    Example:
        >>> [shape_of(word) for word in ("cat", "Tom", "USA", "4th", "?!")]
        ['lower', 'capitalized', 'upper', 'number', 'other']
    """
    if any(map(str.isdigit, word)):
        return "number"
    if word.isupper() and len(word) > 1:
        return "upper"
    if word[:1].isupper():
        return "capitalized"
    return "lower" if word[:1].isalpha() else "other"


def count_words(sentences: Iterable[Sequence[str]], min_count: int) -> list[str]:
    """The words that occur often enough, the most frequent first, equals by code point."""
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = (item for item in counts.items() if item[1] >= min_count)
    return [word for word, _ in sorted(kept, key=lambda item: (-item[1], item[0]))]
