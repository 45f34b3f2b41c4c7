"""Terms as ids: interned by a hash table, joined to n-grams, and given their names back.

A term is encoded as keys of 64 bits, and every distinct key gets an id. Eight bytes of text are
a key of themselves; a longer word is a chain of pairs (its beginning so far, the next eight bytes),
an n-gram a pair (the n-gram without its last word, that word), where each part is an id given
before. Equal keys mean equal terms: nothing is hashed beyond recognition, so nothing collides.

All of it is NumPy: there is no Python object per token, and none per term before names are asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError
from textdl.string_array import StringArray

Ids = NDArray[np.int32]
Keys = NDArray[np.uint64]

# The first byte of a key tells its kind. Eight bytes of UTF-8 text end in none of these.
CONTINUED = 0xFE  # (beginning of a word, the next eight bytes)
NGRAM = 0xFD  # (n-gram, word)
LONG_WORD = 0xFC  # a word too long for a chain, interned elsewhere
KIND_SHIFT = np.uint64(56)
PART_BITS = 28
MAX_IDS = 1 << PART_BITS

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio (Knuth, TAOCP 3, 6.4)
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


def pair_keys(kind: int, left: Ids, right: Ids) -> Keys:
    """Keys of pairs of ids.

    Args:
        kind: `CONTINUED` or `NGRAM`.
        left: `(T,)` ids below 2**28.
        right: `(T,)` ids below 2**28.

    Returns:
        `(T,)` keys.
    """
    keys = left.astype(np.uint64)
    keys <<= np.uint64(PART_BITS)
    keys |= right.astype(np.uint64)
    keys |= np.uint64(kind) << KIND_SHIFT
    return keys


def split_pairs(keys: Keys) -> tuple[Ids, Ids]:
    """The two ids that each pair was made of."""
    part = np.uint64(MAX_IDS - 1)
    left = (keys >> np.uint64(PART_BITS)) & part
    right = keys & part
    return left.astype(np.int32), right.astype(np.int32)


class HashTable:
    """Gives distinct keys the ids 1, 2, 3, ... as they come; may be shared between threads.

    Example:
        >>> table = HashTable()
        >>> keys = np.array([70, 90, 70], dtype=np.uint64)
        >>> table.intern(keys), len(table), table.keys()
        (array([1, 2, 1], dtype=int32), 2, array([ 0, 70, 90], dtype=uint64))
    """

    def __init__(self) -> None:
        self._table = _empty_table(1 << 12)
        self._count = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return self._count

    def keys(self) -> Keys:
        """`(N + 1,)` the key of each id; that of 0 is meaningless."""
        return self._table.keys[: self._count + 1]

    def intern(self, keys: Keys) -> Ids:
        """The ids `(T,)` of keys, none of which is 0; new ones get the next ids.

        Raises:
            CorpusError: there are more than 2**28 distinct keys.
        """
        ids, unknown = _find(self._table, keys)
        if len(unknown):
            missing = keys[unknown]
            self._add(np.unique(missing))
            ids[unknown], _ = _find(self._table, missing)
        return ids

    def _add(self, keys: Keys) -> None:
        with self._lock:
            keys = keys[_find(self._table, keys)[1]]  # another thread may have been faster
            total = self._count + len(keys)
            if total >= MAX_IDS:
                raise CorpusError(
                    f"the corpus has more than {MAX_IDS:,} distinct terms; use HashingVectorizer, "
                    "or fewer n-grams"
                )
            if 2 * total > len(self._table.slots):
                self._table = _grow(self._table, self._count, total)
            ids = np.arange(self._count + 1, total + 1, dtype=np.int32)
            # A thread that looks a key up meanwhile must not find an id without its key.
            self._table.keys[ids] = keys
            _insert(self._table, keys, ids)
            self._count = total


class _Table(NamedTuple):
    """Open addressing with linear probing, at most half full."""

    slots: Ids  # (2**b,) an id, or 0 for an empty slot
    keys: Keys  # (2**(b-1) + 1,) the key of each id; key 0 belongs to none

    def initial_slot(self, keys: Keys) -> NDArray[np.int64]:
        """The slot where the search for each key begins."""
        shift = np.uint64(65 - len(self.slots).bit_length())
        return ((keys * _MULTIPLIER) >> shift).view(np.int64)


def _empty_table(size: int) -> _Table:
    return _Table(np.zeros(size, np.int32), np.zeros(size // 2 + 1, np.uint64))


def _grow(table: _Table, count: int, total: int) -> _Table:
    larger = _empty_table(1 << (4 * total - 1).bit_length())
    larger.keys[: count + 1] = table.keys[: count + 1]
    _insert(larger, larger.keys[1 : count + 1], np.arange(1, count + 1, dtype=np.int32))
    return larger


def _find(table: _Table, keys: Keys) -> tuple[Ids, NDArray[np.int64]]:
    """The id of each key, or 0; and which of the keys have none."""
    slot = table.initial_slot(keys)
    ids: Ids = table.slots.take(slot)
    # Most are found at once; others are not there, or collided. No key is that of an empty slot.
    sought = np.flatnonzero(table.keys.take(ids) != keys)
    slot = slot[sought]
    found = ids[sought]
    missing = []
    while len(sought):
        is_empty = found == 0
        missing.append(sought[is_empty])
        collided = ~is_empty
        sought = sought[collided]
        slot = (slot[collided] + 1) & (len(table.slots) - 1)
        found = table.slots.take(slot)
        ids[sought] = found
        again = table.keys.take(found) != keys[sought]
        sought = sought[again]
        slot = slot[again]
        found = found[again]
    return ids, np.concatenate(missing) if missing else sought


def _insert(table: _Table, keys: Keys, ids: Ids) -> None:
    """Put distinct new keys into empty slots."""
    slot = table.initial_slot(keys)
    while len(ids):
        empty = table.slots.take(slot) == 0
        table.slots[slot[empty]] = ids[empty]  # of several for one slot, the last stays
        left = np.flatnonzero(table.slots.take(slot) != ids)
        slot = (slot[left] + 1) & (len(table.slots) - 1)
        ids = ids[left]


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
