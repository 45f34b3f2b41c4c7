"""Words as ids, by their bytes: eight bytes are a key, a longer word is a chain of pairs of ids.

`WordInterner` gives ids to runs of bytes, on any number of threads, in any order. `WordTable` gives
the words of a corpus the ids 0, 1, 2, ... in the order of their first use, chunk by chunk. A
dictionary does the same at ten times the price: it goes to memory three times for each word that it
looks up, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from textdl.string_array import StringArray
from textdl.text.hash_table import KIND_SHIFT, HashTable, Ids, Keys, pair_keys

PIECE = 8  # bytes of a key
LONGEST_CHAIN = 512  # bytes; a longer word is rare, and interned by a dictionary
ZERO = b"\xff"  # stands for a NUL, because a key is padded with zeros

# Kinds of keys.
CONTINUED = 0xFE  # (beginning of a word, the next eight bytes)
LONG_WORD = 0xFC  # a word too long for a chain, interned elsewhere
EMPTY_WORD = 0xFB

TextBytes = NDArray[np.uint8]
Positions = NDArray[np.int64]

# What is left of eight bytes if a word ends after so many of them.
_MASK = np.array([(1 << 8 * n) - 1 for n in range(PIECE + 1)], np.uint64)


def pieces(text: TextBytes, begins: Positions, ends: Positions) -> Keys:
    """Up to eight bytes of each word, from `begins` on, as a number padded with zeros.

    Args:
        text: `(B,)` bytes; `PIECE` more follow the last word.
        begins: `(T,)` where each word begins.
        ends: `(T,)` behind its last byte.

    Returns:
        `(T,)` numbers.

    Example:
        >>> text = np.frombuffer(b"ab c" + bytes(PIECE), np.uint8)
        >>> [hex(number) for number in pieces(text, np.array([0, 3]), np.array([2, 4]))]
        ['0x6261', '0x63']
    """
    every: Keys = np.ndarray(len(text) - PIECE + 1, "<u8", text, strides=(1,))
    found: Keys = every[begins]
    found &= _MASK.take(ends - begins, mode="clip")
    return found


def packed(words: Sequence[str]) -> tuple[TextBytes, Positions]:
    """Words as `WordInterner` takes them.

    Args:
        words: n of them, of any characters.

    Returns:
        `(B,)` all bytes, with `PIECE` more behind them, and `(n + 1,)` where each word and the end
        begin.
    """
    if isinstance(words, StringArray):
        text = words.blob.tobytes()
        offsets = words.offsets
    else:
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        text = b"".join(encoded)
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        offsets = np.append(np.int64(0), np.cumsum(lengths))
    return np.frombuffer(text.replace(b"\0", ZERO) + bytes(PIECE), np.uint8), offsets


class WordInterner:
    """Interns words by their bytes; may be shared between threads.

    A NUL in a word is replaced by `ZERO` before, and no word is empty.

    Args:
        table: gives the ids; whatever it has beside words is of other kinds.

    Example:
        >>> interner = WordInterner(HashTable())
        >>> text = np.frombuffer(b"to be to" + bytes(PIECE), np.uint8)
        >>> ids = interner.intern(text, np.array([0, 3, 6]), np.array([2, 5, 8]))
        >>> interner.decode(interner.table.keys()[ids])
        [b'to', b'be', b'to']
    """

    def __init__(self, table: HashTable) -> None:
        self.table = table
        self._long: dict[bytes, int] = {}
        self._lock = Lock()

    def intern(self, text: TextBytes, begins: Positions, ends: Positions) -> Ids:
        """The ids of words.

        Args:
            text: `(B,)` bytes; `PIECE` more follow the last word.
            begins: `(T,)` where each word begins.
            ends: `(T,)` behind its last byte.

        Returns:
            `(T,)` ids.
        """
        ids = self.table.intern(pieces(text, begins, ends))
        rest = np.flatnonzero(ends - begins > PIECE)
        long = ends[rest] - begins[rest] > LONGEST_CHAIN
        if long.any():
            ids[rest[long]] = self._intern_long(text, begins[rest[long]], ends[rest[long]])
            rest = rest[~long]
        at = begins[rest] + PIECE
        ends = ends[rest]
        while len(rest):
            tail = self.table.intern(pieces(text, at, ends))
            ids[rest] = self.table.intern(pair_keys(CONTINUED, ids[rest], tail))
            on = ends - at > PIECE
            rest = rest[on]
            at = at[on] + PIECE
            ends = ends[on]
        return ids

    def _intern_long(self, text: TextBytes, begins: Positions, ends: Positions) -> Ids:
        with self._lock:
            numbers = [
                self._long.setdefault(text[begin:end].tobytes(), len(self._long))
                for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
            ]
        return self.table.intern(np.array(numbers, np.uint64) | np.uint64(LONG_WORD) << KIND_SHIFT)

    def decode(self, keys: Keys) -> list[bytes]:
        """The bytes of keys that are not pairs; those of a piece may end within a character."""
        long = np.flatnonzero(keys >> KIND_SHIFT == LONG_WORD)
        names: list[bytes] = keys.astype("<u8").view("S8").tolist()
        if len(long):
            by_number = list(self._long)
            for row, number in zip(long.tolist(), (keys[long] & _MASK[4]).tolist(), strict=True):
                names[row] = by_number[number]
        return names


class WordTable:
    """The words of a corpus, with ids 0, 1, 2, ... in the order of their first use.

    Example:
        >>> table = WordTable()
        >>> table.intern(["to", "be"]).tolist(), table.intern(["or", "be"]).tolist(), table.words
        ([0, 1], [2, 1], ['to', 'be', 'or'])

    Attributes:
        words: by id.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._interner = WordInterner(HashTable())
        self._id_of = np.zeros(0, np.int32)  # of the interner's ids; -1 for none

    def __len__(self) -> int:
        return len(self.words)

    def intern(self, words: Sequence[str]) -> Ids:
        """The ids of distinct words. `-> (words,)`."""
        interned = self._intern_bytes(*packed(words))
        size = len(self._interner.table) + 1
        if size > len(self._id_of):
            more = np.full(2 * size - len(self._id_of), -1, np.int32)
            self._id_of = np.append(self._id_of, more)
        ids: Ids = self._id_of[interned]
        new = np.flatnonzero(ids < 0)
        ids[new] = np.arange(len(self.words), len(self.words) + len(new), dtype=np.int32)
        self._id_of[interned[new]] = ids[new]
        if isinstance(words, StringArray):
            self.words += words.take(new)
        else:
            self.words += [words[row] for row in new.tolist()]
        return ids

    def _intern_bytes(self, text: TextBytes, offsets: Positions) -> Ids:
        begins = offsets[:-1]
        ends = offsets[1:]
        empty = np.flatnonzero(begins == ends)
        if not len(empty):
            return self._interner.intern(text, begins, ends)
        ids = np.empty(len(begins), np.int32)
        rest = np.flatnonzero(begins != ends)
        ids[rest] = self._interner.intern(text, begins[rest], ends[rest])
        ids[empty] = self._interner.table.intern(np.array([EMPTY_WORD], np.uint64) << KIND_SHIFT)
        return ids
