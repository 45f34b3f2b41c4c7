"""Words as runs of bytes: from documents to numbers without a Python object per word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.bow.numbering import CONTINUED, LONG, Ids, Keys, Numbering, pair
from textdl.bow.pattern import Runs
from textdl.bow.tokens import Tokens

PIECE = 8  # bytes of a key
LONGEST_CHAIN = 512  # bytes; a longer word is rare, and numbered by a dictionary
SEPARATOR = b"\xfe"  # between documents; no byte of UTF-8
ZERO = b"\xff"  # stands for a NUL, because a key is padded with zeros
_SURROGATES = "surrogatepass"  # a text may hold half a character; it is passed on as it is

Text = NDArray[np.uint8]
Places = NDArray[np.int64]

# What is left of eight bytes if a word ends after so many of them.
_MASK = np.array([(1 << 8 * n) - 1 for n in range(PIECE + 1)], np.uint64)

_CHARACTER_BYTES = np.repeat([1, 2, 3, 4, 1], [0xC0, 0x20, 0x10, 0x08, 0x08])  # by the first byte


class Found(NamedTuple):
    """The words of a chunk, as places in its text."""

    text: Text  # (B,) all documents
    begins: Places  # (T,)
    ends: Places  # (T,) behind the last byte
    lengths: Places  # (documents,) words of each document
    short: int  # runs of the class that were too short to be words


class Words:
    """The runs of a class of characters, numbered by their bytes.

    Args:
        runs: what a word is.
        preprocess: applied to every document first; None for nothing.
        numbering: gives the numbers.
    """

    def __init__(
        self, runs: Runs, preprocess: Callable[[str], str] | None, numbering: Numbering
    ) -> None:
        self.numbering = numbering
        self._runs, self._preprocess = runs, preprocess
        # Lower-casing ASCII needs no Python loop over documents.
        self._only_lowercase = preprocess is str.lower
        # A byte from 128 on is part of a character of the class: others have been replaced.
        self._inside = np.ones(256, np.bool_)
        self._inside[:128] = runs.members[:128]
        self._inside[[0, SEPARATOR[0]]] = False
        self._inside[ZERO[0]] = runs.members[0]
        self._long: dict[bytes, int] = {}
        self._lock = Lock()

    def tokens(self, documents: Sequence[str]) -> tuple[Tokens, int]:
        """The words of documents, and how many runs were too short to be words."""
        found = self.find(documents)
        return Tokens(self.number(found.text, found.begins, found.ends), found.lengths), found.short

    def find(self, documents: Sequence[str]) -> Found:
        """Where the words of documents are."""
        text, first = self._join(documents)
        inside = self._inside.take(text)
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        begins, ends = edges[::2], edges[1::2]
        runs = len(begins)
        if self._runs.least > 1:
            enough = _long_enough(text, begins, ends, self._runs.least)
            begins, ends = begins[enough], ends[enough]
        lengths = np.diff(np.searchsorted(begins, np.append(first, len(text))))
        return Found(text, begins, ends, lengths, runs - len(begins))

    def spell(self, words: list[str]) -> Ids:
        """The numbers of words, whatever characters they have; an empty one has none."""
        encoded = [word.encode("utf-8", _SURROGATES).replace(b"\0", ZERO) for word in words if word]
        ends = np.cumsum([len(word) for word in encoded], dtype=np.int64)
        begins = np.append(0, ends)[:-1]
        text = np.frombuffer(b"".join(encoded) + bytes(PIECE), np.uint8)
        return self.number(text, begins, ends)

    def names(self, keys: Keys) -> list[bytes]:
        """The bytes of keys that are no pairs; those of a piece may end within a character."""
        long = np.flatnonzero(keys >> np.uint64(56) == LONG)
        names: list[bytes] = keys.astype("<u8").view("S8").tolist()
        if self._runs.members[0]:
            names = [name.replace(ZERO, b"\0") for name in names]
        if len(long):
            by_number = list(self._long)
            for row, number in zip(long.tolist(), (keys[long] & _MASK[4]).tolist(), strict=True):
                names[row] = by_number[number].replace(ZERO, b"\0")
        return names

    def _join(self, documents: Sequence[str]) -> tuple[Text, Places]:
        """All text, a separator before and after each document, and where documents begin."""
        pieces = self._encode(documents)
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        first = np.cumsum(np.append(1, lengths + 1))[:-1]
        text = b"".join([SEPARATOR, SEPARATOR.join(pieces), SEPARATOR, bytes(PIECE)])
        if self._only_lowercase:
            text = text.lower()
        if self._runs.members[0]:
            text = text[:-PIECE].replace(b"\0", ZERO) + text[-PIECE:]
        return np.frombuffer(text, np.uint8), first

    def _encode(self, documents: Sequence[str]) -> list[bytes]:
        if self._preprocess is not None and not self._only_lowercase:
            documents = [self._preprocess(document) for document in documents]
        pieces = [document.encode("utf-8", _SURROGATES) for document in documents]
        others = [row for row, document in enumerate(documents) if not document.isascii()]
        for row, piece in zip(others, self._clean([documents[row] for row in others]), strict=True):
            pieces[row] = piece
        return pieces

    def _clean(self, documents: list[str]) -> list[bytes]:
        """UTF-8 in which every character outside the class is the same ASCII character."""
        if not documents:
            return []
        if self._only_lowercase:
            documents = [document.lower() for document in documents]
        gap, mark = list(self._runs.outside)
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        joined = mark.join(documents).encode("utf-32-le", _SURROGATES)
        points = np.frombuffer(joined, "<u4")
        points = np.where(self._runs.members.take(points), points, np.uint32(ord(gap)))
        points[np.cumsum(lengths[:-1] + 1) - 1] = ord(mark)
        text = points.astype("<u4").tobytes().decode("utf-32-le", _SURROGATES)
        return text.encode("utf-8", _SURROGATES).split(mark.encode())

    def number(self, text: Text, begins: Places, ends: Places) -> Ids:
        """The numbers `(T,)` of the words `text[begin:end]`; `PIECE` more bytes follow the last."""
        ids = self.numbering.number(_pieces(text, begins, ends))
        rest = np.flatnonzero(ends - begins > PIECE)
        long = ends[rest] - begins[rest] > LONGEST_CHAIN
        if long.any():
            ids[rest[long]] = self._number_long(text, begins[rest[long]], ends[rest[long]])
            rest = rest[~long]
        at, ends = begins[rest] + PIECE, ends[rest]
        while len(rest):
            tail = self.numbering.number(_pieces(text, at, ends))
            ids[rest] = self.numbering.number(pair(CONTINUED, ids[rest], tail))
            on = ends - at > PIECE
            rest, at, ends = rest[on], at[on] + PIECE, ends[on]
        return ids

    def _number_long(self, text: Text, begins: Places, ends: Places) -> Ids:
        with self._lock:
            numbers = [
                self._long.setdefault(text[begin:end].tobytes(), len(self._long))
                for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
            ]
        return self.numbering.number(np.array(numbers, np.uint64) | np.uint64(LONG << 56))


def _pieces(text: Text, begins: Places, ends: Places) -> Keys:
    """Up to eight bytes of each word, from `begins` on, as a number padded with zeros."""
    every: Keys = np.ndarray(len(text) - PIECE + 1, "<u8", text, strides=(1,))
    pieces: Keys = every[begins]
    pieces &= _MASK.take(np.minimum(ends - begins, PIECE))
    return pieces


def _long_enough(text: Text, begins: Places, ends: Places, least: int) -> NDArray[np.bool_]:
    if least == 2:  # one character has as many bytes as its first byte says
        return ends - begins > _CHARACTER_BYTES[text[begins]]
    return count_characters(text, begins, ends) >= least


def count_characters(text: Text, begins: Places, ends: Places) -> Places:
    """How many characters each run of bytes has."""
    continuation = text.view(np.int8) < -64  # 10xxxxxx
    if not continuation.any():
        return ends - begins
    before = np.cumsum(continuation, dtype=np.int32)
    return ends - begins - (before[ends - 1] - before[begins - 1])
