"""Words that Python code has cut: numbered by a dictionary."""

from __future__ import annotations

from threading import Lock

import numpy as np

from textdl.bow.numbering import Ids, Keys, Numbering
from textdl.bow.tokens import Tokens
from textdl.text.encode import EncodedChunk, interning_dict


class Listed:
    """Words that come as `str`, such as those of a tokenizer.

    Args:
        numbering: gives the numbers.
    """

    def __init__(self, numbering: Numbering) -> None:
        self.numbering = numbering
        self._keys = interning_dict()
        self._lock = Lock()

    def tokens(self, chunk: EncodedChunk) -> tuple[Tokens, int]:
        """The words of a chunk; none is too short."""
        return Tokens(self.spell(chunk.words)[chunk.ids], chunk.lengths), 0

    def spell(self, words: list[str]) -> Ids:
        """The numbers of words."""
        with self._lock:  # a dictionary that numbers what it lacks must not do so twice
            keys = np.fromiter(map(self._keys.__getitem__, words), np.uint64, len(words))
        return self.numbering.number(keys + np.uint64(1))

    def names(self, keys: Keys) -> list[bytes]:
        """The words, in UTF-8."""
        words = [word.encode() for word in self._keys]
        return [words[key - 1] for key in keys.tolist()]
