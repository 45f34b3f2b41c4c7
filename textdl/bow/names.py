"""The names of numbered terms, and their order: that of characters, which is that of UTF-8."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textdl.bow.numbering import CONTINUED, GRAM, Ids, Keys, parts
from textdl.bow.tokens import Lexicon
from textdl.string_array import StringArray

_SORTABLE_BITS = 63
_NAMES_AT_ONCE = 1 << 14


class Names:
    """The names of the terms that a lexicon has numbered.

    Args:
        words: `(N + 1,)` the name of each word, in UTF-8; empty for what is an n-gram.
        spelled: `(N + 1, n)` the words of each n-gram, followed by zeros.
        joint: stands between the words.
    """

    def __init__(self, words: list[bytes], spelled: Ids, joint: bytes) -> None:
        self._words, self._spelled, self._joint = words, spelled, joint

    def of(self, terms: Ids) -> StringArray:
        """The names of `terms`, one after another."""
        labels = StringArray.from_encoded([self._joint, *self._words[1:]])  # number 0 is no word
        some = [
            self._gather(labels, self._spelled[terms[begin : begin + _NAMES_AT_ONCE]])
            for begin in range(0, len(terms), _NAMES_AT_ONCE)
        ]
        lengths = np.concatenate([np.zeros(1, np.int64), *(lengths for _, lengths in some)])
        blob = np.concatenate([np.zeros(0, np.uint8), *(blob for blob, _ in some)])
        return StringArray(blob, np.cumsum(lengths))

    def _gather(
        self, labels: StringArray, words: Ids
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The bytes of `(V, n)` words, joined, and the length of each of the V names."""
        present = words > 0
        pieces = np.zeros((len(words), 2 * words.shape[1] - 1), np.int64)  # the joint is number 0
        pieces[:, ::2] = words
        used = np.ones(pieces.shape, np.bool_)
        used[:, ::2] = present
        used[:, 1::2] = present[:, 1:]
        sizes = np.where(used, labels.lengths[pieces], 0)
        flat = sizes.reshape(-1)
        # Byte k of a piece lies k bytes behind where the piece begins.
        shift = labels.offsets[pieces].reshape(-1) - (np.cumsum(flat) - flat)
        blob = labels.blob[np.arange(flat.sum()) + np.repeat(shift, flat)]
        return blob, sizes.sum(axis=1)

    def sorted(self, terms: Ids) -> Ids:
        """`terms` in the order of their names."""
        bits, longest = len(self._ranked).bit_length(), self._spelled.shape[1]
        # Words by rank, as the digits of a number, sort faster than their names, and in the same
        # order unless a word has a byte that sorts before what joins it to the next.
        if bits * longest > _SORTABLE_BITS or (longest > 1 and self._any_below_joint()):
            names = self.of(terms).encoded()
            return terms[sorted(range(len(terms)), key=names.__getitem__)]
        rank = np.zeros(len(self._words), np.int64)
        rank[self._ranked] = np.arange(1, len(self._ranked) + 1)
        codes = np.zeros(len(terms), np.int64)
        for words in self._spelled[terms].T:  # the first word is the highest digit
            codes = (codes << bits) | rank[words]
        ordered: Ids = terms[np.argsort(codes)]
        return ordered

    @cached_property
    def _ranked(self) -> list[int]:
        """Words by name."""
        words = np.flatnonzero(self._spelled[:, 0] == np.arange(len(self._words)))[1:]
        return sorted(words.tolist(), key=self._words.__getitem__)

    def _any_below_joint(self) -> bool:
        text = np.frombuffer(b"".join(self._words), np.uint8)
        return bool(self._joint) and int(text.min(initial=255)) <= self._joint[0]


def name_terms(lexicon: Lexicon, joint: bytes, longest: int) -> Names:
    """The names of all numbers that `lexicon` has given, n-grams having up to `longest` words."""
    keys = lexicon.numbering.keys()
    kinds = keys >> np.uint64(56)
    words = [b""] * len(keys)
    simple = np.flatnonzero((kinds != CONTINUED) & (kinds != GRAM))[1:]
    for row, name in zip(simple.tolist(), lexicon.names(keys[simple]), strict=True):
        words[row] = name
    # The parts of a pair have lower numbers than the pair, so their names are there before it.
    continued = np.flatnonzero(kinds == CONTINUED)
    left, right = parts(keys[continued])
    for row, a, b in zip(continued.tolist(), left.tolist(), right.tolist(), strict=True):
        words[row] = words[a] + words[b]
    return Names(words, _spell(keys, kinds == GRAM, longest), joint)


def _spell(keys: Keys, pairs: NDArray[np.bool_], longest: int) -> Ids:
    """`(N + 1, longest)` the words of each n-gram, followed by zeros."""
    spelled = np.zeros((len(keys), longest), np.int32)
    spelled[:, 0] = np.where(pairs, 0, np.arange(len(keys)))
    rows = np.flatnonzero(pairs)
    left, right = parts(keys[rows])
    for n in range(1, longest):
        # An n-gram with one word more than its beginning, which has n of them.
        next_level = (spelled[left, n - 1] > 0) & (spelled[rows, 0] == 0)
        new, begin, last = rows[next_level], left[next_level], right[next_level]
        spelled[new, :n], spelled[new, n] = spelled[begin, :n], last
    return spelled


def decode(names: StringArray) -> list[str]:
    """Every name, also one that holds a lone surrogate."""
    return [name.decode("utf-8", "surrogatepass") for name in names.encoded()]
