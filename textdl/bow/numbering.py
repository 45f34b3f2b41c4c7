"""Numbers for 64-bit keys, the only dictionary of this package: a hash table made of NumPy arrays.

A term is spelled as keys. Eight bytes of text are a key of themselves; a longer word is a chain of
pairs (its beginning so far, the next eight bytes), an n-gram a pair (the n-gram without its last
word, that word), where each part is a number given before. Equal keys mean equal terms: nothing is
hashed beyond recognition, so nothing collides.
"""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError

Ids = NDArray[np.int32]
Keys = NDArray[np.uint64]

# The first byte of a key tells its kind. Eight bytes of UTF-8 text end in none of these.
CONTINUED = 0xFE  # (beginning of a word, the next eight bytes)
GRAM = 0xFD  # (n-gram, word)
LONG = 0xFC  # a word too long for a chain, numbered elsewhere
PART_BITS = 28
MOST_IDS = 1 << PART_BITS

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio (Knuth, TAOCP 3, 6.4)


def pair(kind: int, left: Ids, right: Ids) -> Keys:
    """Keys `(T,)` of pairs of numbers."""
    keys = left.astype(np.uint64)
    keys <<= np.uint64(PART_BITS)
    keys |= right.astype(np.uint64)
    keys |= np.uint64(kind << 56)
    return keys


def parts(keys: Keys) -> tuple[Ids, Ids]:
    """The two numbers that each pair was made of."""
    part = np.uint64(MOST_IDS - 1)
    return ((keys >> np.uint64(PART_BITS)) & part).astype(np.int32), (keys & part).astype(np.int32)


class _Table(NamedTuple):
    """Open addressing with linear probing, at most half full."""

    slots: Ids  # (2**b,) a number, or 0 for an empty slot
    keys: Keys  # (2**(b-1) + 1,) the key of each number; key 0 belongs to none

    def home(self, keys: Keys) -> NDArray[np.int64]:
        """The slot where the search for each key begins."""
        shift = np.uint64(65 - len(self.slots).bit_length())
        return ((keys * _MULTIPLIER) >> shift).view(np.int64)


class Numbering:
    """Numbers distinct keys 1, 2, 3, ... as they come; may be shared between threads.

    Example:
        >>> numbering = Numbering()
        >>> keys = np.array([70, 90, 70], dtype=np.uint64)
        >>> numbering.number(keys), len(numbering), numbering.keys()
        (array([1, 2, 1], dtype=int32), 2, array([ 0, 70, 90], dtype=uint64))
    """

    def __init__(self) -> None:
        self._table = _empty_table(1 << 12)
        self._count = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return self._count

    def keys(self) -> Keys:
        """`(N + 1,)` the key of each number; that of 0 is meaningless."""
        return self._table.keys[: self._count + 1]

    def number(self, keys: Keys) -> Ids:
        """The numbers `(T,)` of keys, none of which is 0; new ones get the next numbers.

        Raises:
            CorpusError: there are more than 2**28 distinct keys.
        """
        ids = _find(self._table, keys)
        unknown = np.flatnonzero(ids == 0)
        if len(unknown):
            missing = keys[unknown]
            self._add(np.unique(missing))
            ids[unknown] = _find(self._table, missing)
        return ids

    def _add(self, keys: Keys) -> None:
        with self._lock:
            keys = keys[_find(self._table, keys) == 0]  # another thread may have been faster
            total = self._count + len(keys)
            if total >= MOST_IDS:
                raise CorpusError(
                    f"the corpus has more than {MOST_IDS:,} distinct terms; use HashingVectorizer, "
                    "or fewer n-grams"
                )
            if 2 * total > len(self._table.slots):
                self._table = _grown(self._table, self._count, total)
            ids = np.arange(self._count + 1, total + 1, dtype=np.int32)
            # A thread that looks a key up meanwhile must not find a number without its key.
            self._table.keys[ids] = keys
            _place(self._table, keys, ids)
            self._count = total


def _empty_table(size: int) -> _Table:
    return _Table(np.zeros(size, np.int32), np.zeros(size // 2 + 1, np.uint64))


def _grown(table: _Table, count: int, total: int) -> _Table:
    larger = _empty_table(1 << (4 * total - 1).bit_length())
    larger.keys[: count + 1] = table.keys[: count + 1]
    _place(larger, larger.keys[1 : count + 1], np.arange(1, count + 1, dtype=np.int32))
    return larger


def _find(table: _Table, keys: Keys) -> Ids:
    """The number of each key, or 0."""
    slot = table.home(keys)
    ids: Ids = table.slots.take(slot)
    astray = np.flatnonzero((table.keys.take(ids) != keys) & (ids != 0))
    slot, wanted = slot[astray], keys[astray]
    while len(astray):
        slot = (slot + 1) & (len(table.slots) - 1)
        found = table.slots.take(slot)
        ids[astray] = found
        on = (table.keys.take(found) != wanted) & (found != 0)
        astray, slot, wanted = astray[on], slot[on], wanted[on]
    return ids


def _place(table: _Table, keys: Keys, ids: Ids) -> None:
    """Put distinct new keys into empty slots."""
    slot = table.home(keys)
    while len(ids):
        empty = table.slots.take(slot) == 0
        table.slots[slot[empty]] = ids[empty]  # of several for one slot, the last stays
        left = np.flatnonzero(table.slots.take(slot) != ids)
        slot, ids = (slot[left] + 1) & (len(table.slots) - 1), ids[left]
