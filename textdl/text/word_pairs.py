"""Pairs of words that stand beside each other in a sentence, connector words between them left out.

A pair is two consecutive words that are no connector words, such as "bank" and "america" in "bank
of america", and the sequence of connector words between them, which has a number. Text comes as
arrays of tokens; nothing here loops over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Counts = NDArray[np.int64]

LONGEST_SEQUENCE = 50  # connector words within a pair; what has more is a list, not a phrase


class ConnectorSequences:
    """Numbers for sequences of connector words: 0 is the empty one.

    They are a trie: a sequence is a shorter one and a last word.

    Args:
        connectors: the connector words.
    """

    def __init__(self, connectors: Iterable[str]) -> None:
        self.connectors = sorted(set(connectors))
        self.index = {word: code for code, word in enumerate(self.connectors)}
        self.sequences: list[tuple[str, ...]] = [(), *((word,) for word in self.connectors)]
        self._longer: dict[int, int] = {}  # sequence * connectors + next connector -> sequence

    def codes(self, words: Sequence[str]) -> Ids:
        """`(words,)` which connector each word is, or -1."""
        if not self.connectors:
            return np.full(len(words), -1, np.int32)
        return np.fromiter((self.index.get(word, -1) for word in words), np.int32, len(words))

    def number(self, sequence: Iterable[str]) -> int:
        """The number of one sequence, a new one if need be."""
        number = 0
        for word in sequence:
            number = self._following(number, self.index[word], grow=True)
        return number

    def numbers(self, codes: Ids, starts: Counts, lengths: Counts, *, grow: bool) -> Ids:
        """The numbers of many sequences that stand in a text.

        Args:
            codes: `(tokens,)` which connector each token is.
            starts: `(n,)` the first token of each sequence.
            lengths: `(n,)` tokens of each.
            grow: number those that are new.

        Returns:
            `(n,)`; -1 for one of more than `LONGEST_SEQUENCE` words, or that is not known.
        """
        found = np.where(lengths > LONGEST_SEQUENCE, -1, 0).astype(np.int32)
        rows = np.flatnonzero((lengths > 0) & (found == 0))
        found[rows] = codes[starts[rows]] + 1
        for place in range(1, LONGEST_SEQUENCE):
            rows = rows[(lengths[rows] > place) & (found[rows] >= 0)]
            if not len(rows):
                break
            keys = found[rows].astype(np.int64) * len(self.connectors) + codes[starts[rows] + place]
            distinct, which = np.unique(keys, return_inverse=True)
            pairs = (divmod(key, len(self.connectors)) for key in distinct.tolist())
            longer = [self._following(shorter, code, grow=grow) for shorter, code in pairs]
            found[rows] = np.array(longer, np.int32)[which]
        return found

    def _following(self, shorter: int, code: int, *, grow: bool) -> int:
        if shorter <= 0:
            return code + 1 if shorter == 0 else -1
        key = shorter * len(self.connectors) + code
        if key not in self._longer:
            if not grow:
                return -1
            self._longer[key] = len(self.sequences)
            self.sequences.append((*self.sequences[shorter], self.connectors[code]))
        return self._longer[key]


class AdjacentPairs(NamedTuple):
    """Each two consecutive tokens that are not connector words, of all sentences."""

    left: Counts  # (n,) positions
    right: Counts  # (n,)
    sequence: Ids  # (n,) of connector words between; -1: not in one sentence, or no such sequence


def adjacent_pairs(
    codes: Ids, lengths: Counts, sequences: ConnectorSequences, *, grow: bool
) -> AdjacentPairs:
    """Find the pairs of a text.

    Args:
        codes: `(tokens,)` which connector each token is, or -1.
        lengths: `(sentences,)` tokens of each.
        sequences: of connector words, which are numbered.
        grow: number sequences that are new; otherwise they get -1.

    Returns:
        The pairs in order; the right one of a pair is the left one of the next.
    """
    positions = np.flatnonzero(codes < 0)
    left = positions[:-1]
    right = positions[1:]
    is_within = np.ones(len(left), bool)
    firsts = np.searchsorted(positions, np.cumsum(lengths))  # behind the end of a sentence
    is_within[firsts[(firsts > 0) & (firsts < len(positions))] - 1] = False
    between = np.where(is_within, right - left - 1, 0)
    numbers = np.zeros(len(left), np.int32)
    if sequences.connectors:
        numbers = sequences.numbers(codes, left + 1, between, grow=grow)
    return AdjacentPairs(left, right, np.where(is_within, numbers, np.int32(-1)))


def open_tail(codes: Ids, lengths: Counts) -> int:
    """Where the last word of a text begins that may be the left one of a pair with what follows.

    Args:
        codes: `(tokens,)` which connector each token is, or -1.
        lengths: `(sentences,)` tokens of each; the last goes on.

    Returns:
        Its position; the number of tokens where there is none in reach.
    """
    tokens = len(codes)
    begin = max(tokens - int(lengths[-1]), tokens - LONGEST_SEQUENCE - 1)
    words = np.flatnonzero(codes[begin:] < 0)
    return begin + int(words[-1]) if len(words) else tokens
