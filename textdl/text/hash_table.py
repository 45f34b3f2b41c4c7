"""Distinct keys of 64 bits as ids 1, 2, 3, ...: a hash table of arrays, no Python object per key.

A key may be a pair of ids given before, so that chains of them stand for what is longer: equal keys
mean equal things, for nothing is hashed beyond recognition.
"""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError

Ids = NDArray[np.int32]
Keys = NDArray[np.uint64]

# The first byte of a key tells its kind. Eight bytes of UTF-8 text end in none from 0xF5 on.
KIND_SHIFT = np.uint64(56)
PART_BITS = 28
MAX_IDS = 1 << PART_BITS

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio (Knuth, TAOCP 3, 6.4)


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
