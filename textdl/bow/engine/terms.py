"""Terms as ids: tokens joined to n-grams, and the names of both.

A term is encoded as keys of 64 bits, and every distinct key gets an id (`textdl.text.hash_table`).
Eight bytes of text are a key of themselves; a longer word is a chain of pairs (its beginning so
far, the next eight bytes), an n-gram a pair (the n-gram without its last word, that word), where
each part is an id given before.

All of it is NumPy: there is no Python object per token, and none per term before names are asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from textdl.string_array import StringArray
from textdl.text.hash_table import KIND_SHIFT, HashTable, Ids, Keys, pair_keys, split_pairs
from textdl.text.word_table import CONTINUED

NGRAM = 0xFD  # the kind of a pair (n-gram, word)
_SORTABLE_BITS = 63
_NAMES_PER_BATCH = 1 << 14


class Tokens(NamedTuple):
    """The tokens of consecutive documents."""

    ids: Ids  # (T,) ids of the tokens
    lengths: NDArray[np.int64]  # (documents,) tokens of each document


class Occurrences(NamedTuple):
    """Occurrences of terms in documents, in any order."""

    rows: NDArray[np.int32]  # (E,) documents, counted within the chunk
    ids: Ids  # (E,) ids of the terms


class PackedNames(NamedTuple):
    """Names in UTF-8, one after another, as a `StringArray` takes them."""

    blob: NDArray[np.uint8]  # (B,)
    offsets: NDArray[np.int64]  # (N + 1,)


def drop_tokens(tokens: Tokens, dropped: NDArray[np.bool_]) -> Tokens:
    """Tokens without some of them.

    Args:
        tokens: of some documents.
        dropped: `(T,)` those to leave out.
    """
    rows = np.repeat(np.arange(len(tokens.lengths)), tokens.lengths)
    lost = np.bincount(rows[dropped], minlength=len(tokens.lengths))
    return Tokens(tokens.ids[~dropped], tokens.lengths - lost)


def ngrams(tokens: Tokens, table: HashTable, shortest: int, longest: int) -> Occurrences:
    """All n-grams within each document.

    Args:
        tokens: of some documents.
        table: has interned the tokens, and interns the n-grams.
        shortest: tokens of an n-gram, at least 1.
        longest: tokens of an n-gram, at least `shortest`.

    Returns:
        An occurrence for each n-gram, by length, then by where it begins.

    Example:
        >>> table = HashTable()
        >>> ids = table.intern(np.array([5, 7, 9], dtype=np.uint64))
        >>> found = ngrams(Tokens(ids, np.array([2, 1])), table, 1, 2)
        >>> found.rows.tolist(), found.ids.tolist()
        ([0, 0, 1, 0], [1, 2, 3, 4])
    """
    documents = np.arange(len(tokens.lengths), dtype=np.int32)
    rows = np.repeat(documents, tokens.lengths)
    ids = tokens.ids
    last = tokens.ids
    found = [Occurrences(rows, ids)] if shortest == 1 else []
    for n in range(2, longest + 1):
        # An n-gram is an (n-1)-gram and the last token of the one that begins a token later.
        begin = np.flatnonzero(rows[1:] == rows[:-1])
        rows = rows[begin]
        last = last[begin + 1]
        ids = table.intern(pair_keys(NGRAM, ids[begin], last))
        if n >= shortest:
            found.append(Occurrences(rows, ids))
    return concatenate(found)


def concatenate(found: Sequence[Occurrences]) -> Occurrences:
    """Occurrences of several kinds as one."""
    return Occurrences(*(np.concatenate(side) for side in zip(*found, strict=True)))


class Lexicon(Protocol):
    """What interns the words (or characters) of a corpus, and knows their names."""

    table: HashTable

    def encode(self, words: list[str]) -> Ids:
        """The ids of whole words."""
        ...

    def decode(self, keys: Keys) -> list[bytes]:
        """The names, in UTF-8, of keys that are not pairs."""
        ...


class TermNames:
    """The names of the terms that a lexicon has interned, and their order.

    The order is that of characters, which is that of UTF-8.

    Args:
        words: `(N + 1,)` the name of each word, in UTF-8; empty for what is an n-gram.
        ngram_words: `(N + 1, n)` the words of each n-gram, followed by zeros.
        separator: stands between the words.
    """

    def __init__(self, words: list[bytes], ngram_words: Ids, separator: bytes) -> None:
        self._words = words
        self._ngram_words = ngram_words
        self._separator = separator

    def pack(self, terms: Ids) -> PackedNames:
        """The names of `terms`, one after another."""
        names = _pack([self._separator, *self._words[1:]])  # id 0 is not a word
        sizes = np.diff(names.offsets)
        batches = [
            _gather(names, sizes, self._ngram_words[terms[begin : begin + _NAMES_PER_BATCH]])
            for begin in range(0, len(terms), _NAMES_PER_BATCH)
        ]
        lengths = np.concatenate([np.zeros(1, np.int64), *(lengths for _, lengths in batches)])
        blob = np.concatenate([np.zeros(0, np.uint8), *(blob for blob, _ in batches)])
        return PackedNames(blob, np.cumsum(lengths))

    def encoded(self, terms: Ids) -> list[bytes]:
        """The name of each of `terms`, in UTF-8."""
        return StringArray(*self.pack(terms)).encoded()

    def sort(self, terms: Ids) -> Ids:
        """`terms` in the order of their names."""
        bits = len(self._ranked).bit_length()
        longest = self._ngram_words.shape[1]
        # Words by rank, as the digits of a number, sort faster than their names, and in the same
        # order unless a word has a byte that sorts before what separates it from the next.
        if bits * longest > _SORTABLE_BITS or (longest > 1 and self._any_below_separator()):
            names = self.encoded(terms)
            return terms[sorted(range(len(terms)), key=names.__getitem__)]
        rank = np.zeros(len(self._words), np.int64)
        rank[self._ranked] = np.arange(1, len(self._ranked) + 1)
        codes = np.zeros(len(terms), np.int64)
        for words in self._ngram_words[terms].T:  # the first word is the highest digit
            codes = (codes << bits) | rank[words]
        ordered: Ids = terms[np.argsort(codes)]
        return ordered

    @cached_property
    def _ranked(self) -> list[int]:
        """Words by name."""
        words = np.flatnonzero(self._ngram_words[:, 0] == np.arange(len(self._words)))[1:]
        return sorted(words.tolist(), key=self._words.__getitem__)

    def _any_below_separator(self) -> bool:
        text = np.frombuffer(b"".join(self._words), np.uint8)
        return bool(self._separator) and int(text.min(initial=255)) <= self._separator[0]


def name_terms(lexicon: Lexicon, separator: bytes, longest: int) -> TermNames:
    """The names of all terms that a lexicon has interned.

    Args:
        lexicon: has interned them.
        separator: stands between the words of an n-gram.
        longest: words of an n-gram.

    Returns:
        What gives and sorts their names.
    """
    keys = lexicon.table.keys()
    kinds = keys >> KIND_SHIFT
    words = [b""] * len(keys)
    simple = np.flatnonzero((kinds != CONTINUED) & (kinds != NGRAM))[1:]
    for row, name in zip(simple.tolist(), lexicon.decode(keys[simple]), strict=True):
        words[row] = name
    # The parts of a pair have lower ids than the pair, so their names are there before it.
    continued = np.flatnonzero(kinds == CONTINUED)
    left, right = split_pairs(keys[continued])
    for row, a, b in zip(continued.tolist(), left.tolist(), right.tolist(), strict=True):
        words[row] = words[a] + words[b]
    return TermNames(words, _words_of_ngrams(keys, kinds == NGRAM, longest), separator)


def _words_of_ngrams(keys: Keys, is_ngram: NDArray[np.bool_], longest: int) -> Ids:
    """`(N + 1, longest)` the words of each n-gram, followed by zeros."""
    words = np.zeros((len(keys), longest), np.int32)
    words[:, 0] = np.where(is_ngram, 0, np.arange(len(keys)))
    rows = np.flatnonzero(is_ngram)
    left, right = split_pairs(keys[rows])
    for n in range(1, longest):
        # An n-gram with one word more than its beginning, which has n of them.
        is_next = (words[left, n - 1] > 0) & (words[rows, 0] == 0)
        new = rows[is_next]
        words[new, :n] = words[left[is_next], :n]
        words[new, n] = right[is_next]
    return words


def _pack(names: list[bytes]) -> PackedNames:
    lengths = np.fromiter(map(len, names), np.int64, len(names))
    return PackedNames(
        np.frombuffer(b"".join(names), np.uint8), np.append(np.int64(0), np.cumsum(lengths))
    )


def _gather(
    names: PackedNames, lengths: NDArray[np.int64], words: Ids
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of `(V, n)` words, separated, and the length of each of the V names."""
    present = words > 0
    pieces = np.zeros((len(words), 2 * words.shape[1] - 1), np.int64)  # 0 is the separator
    pieces[:, ::2] = words
    used = np.ones(pieces.shape, np.bool_)
    used[:, ::2] = present
    used[:, 1::2] = present[:, 1:]
    sizes = np.where(used, lengths[pieces], 0)
    flat = sizes.reshape(-1)
    # Byte k of a piece lies k bytes behind where the piece begins.
    shift = names.offsets[pieces].reshape(-1) - (np.cumsum(flat) - flat)
    blob = names.blob[np.arange(flat.sum()) + np.repeat(shift, flat)]
    return blob, sizes.sum(axis=1)
