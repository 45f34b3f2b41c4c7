"""The tokens of a chunk of documents, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from textdl.bow.numbering import GRAM, Ids, Keys, Numbering, pair


class Tokens(NamedTuple):
    """A run of documents, one after another."""

    ids: Ids  # (T,) numbers of the tokens
    lengths: NDArray[np.int64]  # (documents,) tokens of each document


class Lexicon(Protocol):
    """What gives the words (or characters) of a corpus their numbers, and knows their names."""

    numbering: Numbering

    def names(self, keys: Keys) -> list[bytes]:
        """The names, in UTF-8, of keys that are no pairs."""
        ...

    def spell(self, words: list[str]) -> Ids:
        """The numbers of whole words."""
        ...


class Entries(NamedTuple):
    """Occurrences of terms in documents, in any order."""

    rows: NDArray[np.int32]  # (E,) documents, counted within the chunk
    ids: Ids  # (E,) numbers of the terms


def without(tokens: Tokens, dropped: NDArray[np.bool_]) -> Tokens:
    """Drop tokens.

    Args:
        tokens: of some documents.
        dropped: `(T,)` those to leave out.
    """
    rows = np.repeat(np.arange(len(tokens.lengths)), tokens.lengths)
    lost = np.bincount(rows[dropped], minlength=len(tokens.lengths))
    return Tokens(tokens.ids[~dropped], tokens.lengths - lost)


def grams(tokens: Tokens, numbering: Numbering, shortest: int, longest: int) -> Entries:
    """All n-grams of `shortest` to `longest` tokens within each document.

    Example:
        >>> numbering = Numbering()
        >>> ids = numbering.number(np.array([5, 7, 9], dtype=np.uint64))
        >>> found = grams(Tokens(ids, np.array([2, 1])), numbering, 1, 2)
        >>> found.rows.tolist(), found.ids.tolist()
        ([0, 0, 1, 0], [1, 2, 3, 4])
    """
    documents = np.arange(len(tokens.lengths), dtype=np.int32)
    rows, ids, last = np.repeat(documents, tokens.lengths), tokens.ids, tokens.ids  # n = 1
    found = [Entries(rows, ids)] if shortest == 1 else []
    for n in range(2, longest + 1):
        # An n-gram is an (n-1)-gram and the last token of the one that begins a token later.
        begin = np.flatnonzero(rows[1:] == rows[:-1])
        rows, last = rows[begin], last[begin + 1]
        ids = numbering.number(pair(GRAM, ids[begin], last))
        if n >= shortest:
            found.append(Entries(rows, ids))
    return joined(found)


def joined(found: Sequence[Entries]) -> Entries:
    """Several entries as one."""
    return Entries(*(np.concatenate(side) for side in zip(*found, strict=True)))
