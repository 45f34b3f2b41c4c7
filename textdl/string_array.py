"""Packed strings: one run of UTF-8 bytes, and the offset where each string begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError

# One dictionary of a vocabulary costs about as much as this many scans of it.
_LOOKUPS_BEFORE_DICTIONARY = 100


class StringArray(Sequence[str]):
    """A read-only sequence of distinct strings, decoded only when looked at.

    Word `i` is `blob[offsets[i]:offsets[i + 1]]`, in UTF-8. The arrays may be mapped from a file:
    nothing is read before it is needed, and a few lookups search the bytes instead of building a
    dictionary. Uniqueness is checked by `from_strings`, and for mapped arrays when the dictionary
    is built.

    Args:
        blob: `(B,)` uint8, all words one after another.
        offsets: `(V + 1,)` int64, rising from 0 to B.
        order: `(V,)` rows by rising bytes of their words, in which a lookup is a binary search;
            None: it is a scan.

    Example:
        >>> labels = StringArray.from_strings(["up", "down"])
        >>> labels[1], labels.index("down"), "left" in labels, len(labels)
        ('down', 1, False, 2)
    """

    def __init__(
        self,
        blob: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        order: NDArray[np.int32] | None = None,
    ) -> None:
        self.blob = blob  # (B,) uint8
        self.offsets = offsets  # (V + 1,) int64
        self.order = order  # (V,) int32
        self._lookups = 0

    @classmethod
    def from_strings(cls, words: Iterable[str]) -> StringArray:
        """StringArray from strings.

        Raises:
            ParameterError: a word occurs twice, is not a `str` or cannot be written as UTF-8.
        """
        labels = cls.from_encoded(_encoded(word, row) for row, word in enumerate(words))
        try:
            _ = labels.key_to_index
        except FileFormatError as error:
            raise ParameterError(str(error)) from None
        return labels

    @classmethod
    def from_encoded(cls, strings: Iterable[bytes]) -> StringArray:
        """Pack strings that are UTF-8 already, or may hold lone surrogates; nothing is checked."""
        encoded = list(strings)
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        blob = np.frombuffer(b"".join(encoded), np.uint8)
        return cls(blob, np.append(np.int64(0), np.cumsum(lengths)))

    @classmethod
    def from_spans(
        cls, text: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> StringArray:
        """Pack runs of bytes of a text, which are not checked.

        Args:
            text: `(B,)` UTF-8.
            begins: `(V,)` where each string begins.
            ends: `(V,)` behind its last byte.

        Returns:
            The strings, copied.
        """
        sizes = ends - begins
        offsets = np.append(np.int64(0), np.cumsum(sizes))
        # Byte k of a string lies k bytes behind where the string begins.
        places = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], sizes)
        return cls(text[places], offsets)

    def take(self, rows: NDArray[np.int64]) -> StringArray:
        """The strings of some rows.

        Example:
            >>> list(StringArray.from_strings(["up", "down", "left"]).take(np.array([2, 0])))
            ['left', 'up']
        """
        return self.from_spans(self.blob, self.offsets[rows], self.offsets[rows + 1])

    def encoded(self) -> list[bytes]:
        """The bytes of every string."""
        raw = self.blob.tobytes()
        return [raw[begin:end] for begin, end in pairwise(self.offsets.tolist())]

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """Word to row, for the whole vocabulary.

        Raises:
            FileFormatError: a word occurs twice or is not UTF-8.
        """
        rows = {word: row for row, word in enumerate(self)}
        if len(rows) != len(self):
            row, word = next((row, word) for row, word in enumerate(self) if rows[word] != row)
            raise FileFormatError(
                f"label {word!r} stands in row {row:,} and again in row {rows[word]:,}; labels "
                "must be distinct: drop or rename one of them"
            )
        return rows

    def sorted_rows(self) -> NDArray[np.int32]:
        """`(V,)` the rows by rising bytes of their words."""
        if self.order is not None:
            return self.order
        encoded = self.encoded()
        return np.array(sorted(range(len(encoded)), key=encoded.__getitem__), np.int32)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """`(V,)` int64, the number of bytes of each word."""
        return np.diff(self.offsets)

    def find(self, word: object) -> int | None:
        """The row of `word`, or None if it is not here."""
        if not isinstance(word, str):
            return None
        row = self.search(word)
        if row is None and self._lookups > _LOOKUPS_BEFORE_DICTIONARY:
            return self.key_to_index.get(word)
        return self._scan(word) if row is None else row

    def search(self, word: str) -> int | None:
        """The row of `word` if it can be found by looking at a few others, else None.

        A row that is found has the word, whatever the arrays hold. None says nothing: there is no
        `order`, it does not lead to the word, or a dictionary is due.
        """
        if "key_to_index" in self.__dict__:
            return self.key_to_index.get(word)
        self._lookups += 1
        if self.order is None or self._lookups > _LOOKUPS_BEFORE_DICTIONARY:
            return None
        raw = word.encode("utf-8", "surrogatepass")
        low, high = 0, len(self.order)
        while low < high:
            middle = (low + high) // 2
            row = int(self.order[middle])
            if not 0 <= row < len(self):
                return None
            begin, end = self.offsets[row : row + 2].tolist()
            if not 0 <= begin <= end <= len(self.blob):
                return None
            # One byte more than the word has tells a longer one.
            found = self.blob[begin : min(end, begin + len(raw) + 1)].tobytes()
            if found == raw:
                return row
            if found < raw:
                low = middle + 1
            else:
                high = middle
        return None

    def index(self, word: object, start: int = 0, stop: int | None = None) -> int:
        """The row of `word`.

        Args:
            word: to look for.
            start: the first row that counts; negative ones count from the end.
            stop: the row behind the last; None: the end.

        Returns:
            Its row, from 0.

        Raises:
            ValueError: `word` is not among rows `start` to `stop`.
        """
        row = self.find(word)
        if row is None or row not in range(*slice(start, stop).indices(len(self))):
            raise ValueError(f"{word!r} is not among the {len(self):,} labels")
        return row

    def starting_with(self, prefix: str, count: int) -> list[str]:
        """The first `count` words that begin with a prefix, in the order of the rows.

        Example:
            >>> StringArray.from_strings(["the", "cat", "then", "that"]).starting_with("the", 5)
            ['the', 'then']
        """
        raw = prefix.encode("utf-8", "surrogatepass")
        rows = np.flatnonzero(self.lengths >= len(raw))
        for position, byte in enumerate(raw):
            rows = rows[self.blob[self.offsets[rows] + position] == byte]
        return [self[row] for row in rows[:count].tolist()]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __contains__(self, word: object) -> bool:
        return self.find(word) is not None

    def __iter__(self) -> Iterator[str]:
        raw = self.blob.tobytes()
        spans = pairwise(self.offsets.tolist())
        if raw.isascii():
            text = raw.decode("ascii")
            return (text[begin:end] for begin, end in spans)
        return (self._decoded(raw[begin:end], row) for row, (begin, end) in enumerate(spans))

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> list[str]: ...
    def __getitem__(self, key: int | slice) -> str | list[str]:
        if isinstance(key, slice):
            return [self[row] for row in range(*key.indices(len(self)))]
        row = range(len(self))[key]
        raw = self.blob[self.offsets[row] : self.offsets[row + 1]].tobytes()
        return self._decoded(raw, row)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StringArray):
            return np.array_equal(self.offsets, other.offsets) and np.array_equal(
                self.blob, other.blob
            )
        return isinstance(other, list | tuple) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # comparable with lists, which have no hash

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3])) + (", ..." if len(self) > 3 else "")
        return f"StringArray([{shown}], length {len(self):,})"

    def _scan(self, word: str) -> int | None:
        # A lone surrogate (an undecodable argument of a command line) becomes bytes no label has.
        raw = word.encode("utf-8", "surrogatepass")
        rows = np.flatnonzero(self.lengths == len(raw))
        for position, byte in enumerate(raw):
            rows = rows[self.blob[self.offsets[rows] + position] == byte]
            if not len(rows):
                break
        return int(rows[0]) if len(rows) else None

    def _decoded(self, raw: bytes, row: int) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise FileFormatError(
                f"label {row:,} is not UTF-8: byte 0x{raw[error.start]:02x} at position "
                f"{error.start} of {raw[:40]!r}; convert the labels to UTF-8"
            ) from None


def _encoded(word: object, row: int) -> bytes:
    if not isinstance(word, str):
        raise ParameterError(f"label {row:,} is {word!r}, a {type(word).__name__}; pass a str")
    try:
        return word.encode()
    except UnicodeEncodeError:
        raise ParameterError(
            f"label {row:,} is {word!r}, which UTF-8 cannot hold; remove its lone surrogate"
        ) from None
