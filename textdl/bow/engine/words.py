r"""Words as runs of bytes: from documents to ids without a Python object per word.

A token pattern such as ``\w\w+`` or ``[a-z]+`` finds the maximal runs of a class of characters,
and one such as ``\w+|[^\w\s]`` single characters beside them; neither needs a regular expression
engine (`parse_char_class`). Which characters belong to a class is asked of Python's own `re`, once
for every character of the blocks that the texts need, so that the answer is Python's to the last of
them: all 1,114,112 take 70 ms, those of most alphabets none. Words that Python
code has cut, such as a tokenizer of NLTK, come as lists of `str` (`TokenizerLexicon`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.bow.engine.terms import Tokens
from textdl.text.encode import EncodedChunk
from textdl.text.hash_table import HashTable, Ids, Keys
from textdl.text.word_table import (
    PIECE,
    ZERO,
    Positions,
    TextBytes,
    WordInterner,
    WordTable,
    packed,
)

DOCUMENT_SEPARATOR = b"\xfe"  # no byte of UTF-8
_SURROGATES = "surrogatepass"  # a text may hold a lone surrogate; it is passed on as it is

_CHARACTER_BYTES = np.repeat([1, 2, 3, 4, 1], [0xC0, 0x20, 0x10, 0x08, 0x08])  # by the first byte

_CHAR_CLASS = r"\\[wWsSdD]|\[\^?(?:[^\[\]\\&~|-]|[a-zA-Z0-9]-[a-zA-Z0-9]|\\[wWsSdD])+\]"
# A class, perhaps the same again, a quantifier, and perhaps characters that are tokens by
# themselves: (?u)\b\w\w+\b  \w{3,}  \S+  [a-z0-9]+  \w+|[^\w\s]
_CHAR_CLASS_RUNS = re.compile(
    rf"(?:\(\?u\))?(?P<begin>\\b)?(?P<kind>{_CHAR_CLASS})(?P<again>(?P=kind)*)"
    r"(?:\+|\{(?P<least>[0-9]{1,3}),\})(?P<end>\\b)?"
    rf"(?:\|(?P<single>{_CHAR_CLASS}))?"
)


# Alphabets from Latin to Arabic; the basic plane; all.
_BLOCK_ENDS = (0x800, 0x10000, sys.maxunicode + 1)


class CharClass(NamedTuple):
    """A class of characters, of which words are maximal runs; others may be words by themselves.

    It says so of the first C characters there are; see `covering`.
    """

    mask: NDArray[np.bool_]  # (C,) whether a character belongs to a word
    single: NDArray[np.bool_]  # (C,) whether it is a word by itself
    has_single: bool  # whether any character, also beyond C, may be
    min_length: int  # characters of a word
    outside: str  # two ASCII characters that are not of the mask, nor are they in lower case
    pattern: str  # what it was parsed of

    def covering(self, largest: int) -> CharClass:
        """The class for characters up to the code point `largest`, at least."""
        if largest < len(self.mask):
            return self
        found = parse_char_class(self.pattern, next(end for end in _BLOCK_ENDS if end > largest))
        assert found is not None  # it was parsed before
        return found


@lru_cache(maxsize=48)  # of two megabytes each, at most
def parse_char_class(token_pattern: str, characters: int = _BLOCK_ENDS[0]) -> CharClass | None:
    r"""What `token_pattern` finds in every text, if that is the maximal runs of a class.

    Further characters may be words by themselves, if words may be as short.

    Args:
        token_pattern: as of scikit-learn's vectorizers.
        characters: C, for which the class is known.

    Returns:
        The class; None where the pattern is another.

    Example:
        >>> found = parse_char_class(r"(?u)\b\w\w+\b")
        >>> found.min_length, bool(found.mask[ord("½")]), bool(found.mask[ord("-")])
        (2, True, False)
        >>> bool(parse_char_class(r"\w+|[^\w\s]").single[ord("-")])
        True
        >>> parse_char_class(r"(?<=#)\w+") is None
        True
    """
    match = _CHAR_CLASS_RUNS.fullmatch(token_pattern)
    if match is None:
        return None
    if (match["begin"] or match["end"]) and match["kind"] != r"\w":
        return None  # a boundary may lie within a run of another class
    min_length = len(match["again"]) // len(match["kind"]) + int(match["least"] or 1)
    mask = char_class_mask(match["kind"], characters)
    single = np.zeros_like(mask)
    if match["single"]:
        if min_length != 1:
            return None
        single = char_class_mask(match["single"], characters) & ~mask
        mask = mask | single
    mask.flags.writeable = single.flags.writeable = False
    outside = [chr(c) for c in range(128) if not (mask[c] or mask[ord(chr(c).lower())])]
    if min_length == 0 or len(outside) < 2:
        return None
    has_single = match["single"] is not None
    return CharClass(mask, single, has_single, min_length, "".join(outside[:2]), token_pattern)


@cache
def char_class_mask(kind: str, characters: int = _BLOCK_ENDS[-1]) -> NDArray[np.bool_]:
    """`(C,)` whether each of the first C characters matches the class `kind`, read-only."""
    points = np.arange(characters, dtype="<u4")
    every = points.tobytes().decode("utf-32-le", "surrogatepass")
    mask = np.zeros(characters, np.bool_)
    for run in re.finditer(f"{kind}+", every):
        mask[run.start() : run.end()] = True
    mask.flags.writeable = False
    return mask


class WordSpans(NamedTuple):
    """The words of a chunk, as places in its text."""

    text: TextBytes  # (B,) all documents
    begins: Positions  # (T,)
    ends: Positions  # (T,) behind the last byte
    lengths: Positions  # (documents,) words of each document
    short: int  # runs of the class that were too short to be words


class WordScanner:
    """Interns the runs of a class of characters by their bytes.

    Args:
        char_class: what a word is.
        preprocess: applied to every document first; None for nothing.
        table: gives the ids.
    """

    def __init__(
        self, char_class: CharClass, preprocess: Callable[[str], str] | None, table: HashTable
    ) -> None:
        self.table = table
        self._char_class = char_class
        self._preprocess = preprocess
        # Lower-casing ASCII needs no Python loop over documents.
        self._only_lowercase = preprocess is str.lower
        # A byte from 128 on is part of a character of the class: others have been replaced.
        inside = np.ones(256, np.bool_)
        inside[:128] = char_class.mask[:128]
        inside[[0, DOCUMENT_SEPARATOR[0]]] = False
        inside[ZERO[0]] = char_class.mask[0]
        self._inside = inside.tobytes()  # a table for `bytes.translate`
        self._has_single = char_class.has_single
        single = np.zeros(256, np.bool_)
        single[:128] = char_class.single[:128]
        single[ZERO[0]] = char_class.single[0]
        self._single = single.tobytes()
        self._interner = WordInterner(table)

    def scan(self, documents: Sequence[str]) -> tuple[Tokens, int]:
        """The words of documents, and how many runs were too short to be words."""
        found = self.find(documents)
        ids = self.intern(found)
        return Tokens(ids, found.lengths), found.short

    def intern(self, found: WordSpans) -> Ids:
        """`(T,)` the ids of words that were found."""
        return self._interner.intern(found.text, found.begins, found.ends)

    def find(self, documents: Sequence[str]) -> WordSpans:
        """Where the words of documents are."""
        joined, first = self._join(documents)
        begins, ends = self._edges(joined)
        text = np.frombuffer(joined, np.uint8)
        runs = len(begins)
        if self._char_class.min_length > 1:
            enough = _long_enough(text, begins, ends, self._char_class.min_length)
            begins = begins.compress(enough)
            ends = ends.compress(enough)
        lengths = np.diff(np.searchsorted(begins, np.append(first, len(text))))
        return WordSpans(text, begins, ends, lengths, runs - len(begins))

    def _edges(self, text: bytes) -> tuple[Positions, Positions]:
        """Where words begin, and where they end."""
        inside = np.frombuffer(text.translate(self._inside), np.bool_)
        if not self._has_single:
            edges = np.flatnonzero(inside[1:] != inside[:-1])
            edges += 1
            return edges[::2], edges[1::2]
        single = np.frombuffer(text.translate(self._single), np.bool_)
        is_edge = (inside[1:] != inside[:-1]) | single[1:] | single[:-1]
        begins = np.flatnonzero(is_edge & inside[1:]) + 1
        ends = np.flatnonzero(is_edge & inside[:-1]) + 1
        return begins, ends

    def encode(self, words: list[str]) -> Ids:
        """The ids of words, whatever characters they have; an empty one has none."""
        text, offsets = packed([word for word in words if word])
        return self._interner.intern(text, offsets[:-1], offsets[1:])

    def decode(self, keys: Keys) -> list[bytes]:
        """The bytes of keys that are not pairs; those of a piece may end within a character."""
        names = self._interner.decode(keys)
        if self._char_class.mask[0]:
            return [name.replace(ZERO, b"\0") for name in names]
        return names

    def _join(self, documents: Sequence[str]) -> tuple[bytes, Positions]:
        """All text, a separator before and after each document, and where documents begin."""
        pieces = self._to_bytes(documents)
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        first = np.cumsum(np.append(1, lengths + 1))[:-1]
        separator = DOCUMENT_SEPARATOR
        text = b"".join([separator, separator.join(pieces), separator, bytes(PIECE)])
        if self._only_lowercase:
            text = text.lower()
        if self._char_class.mask[0]:
            text = text[:-PIECE].replace(b"\0", ZERO) + text[-PIECE:]
        return text, first

    def _to_bytes(self, documents: Sequence[str]) -> list[bytes]:
        if self._preprocess is not None and not self._only_lowercase:
            documents = [self._preprocess(document) for document in documents]
        pieces = [document.encode("utf-8", _SURROGATES) for document in documents]
        others = [row for row, document in enumerate(documents) if not document.isascii()]
        for row, piece in zip(others, self._clean([documents[row] for row in others]), strict=True):
            pieces[row] = piece
        return pieces

    def _clean(self, documents: list[str]) -> list[bytes]:
        """UTF-8 in which every character outside the mask is the same ASCII character.

        So is what stands on both sides of a character that is a word by itself, unless it is ASCII.
        """
        if not documents:
            return []
        if self._only_lowercase:
            documents = [document.lower() for document in documents]
        gap, mark = list(self._char_class.outside)
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        joined = mark.join(documents).encode("utf-32-le", _SURROGATES)
        points = np.frombuffer(joined, "<u4")
        known = self._char_class.covering(int(points.max(initial=0)))
        points = np.where(known.mask.take(points), points, np.uint32(ord(gap)))
        points[np.cumsum(lengths[:-1] + 1) - 1] = ord(mark)
        if self._has_single:
            apart = known.single.take(points) & (points > 127)
            points = _set_apart(points, apart, np.uint32(ord(gap)))
        text = points.astype("<u4").tobytes().decode("utf-32-le", _SURROGATES)
        return text.encode("utf-8", _SURROGATES).split(mark.encode())


def _set_apart(
    points: NDArray[np.uint32], apart: NDArray[np.bool_], gap: np.uint32
) -> NDArray[np.uint32]:
    """A gap before and after the characters that are to be set apart."""
    sizes = np.where(apart, 3, 1)
    last = np.cumsum(sizes)[apart] - 1  # of the three
    points = np.repeat(points, sizes)
    points[last] = gap
    points[last - 2] = gap
    return points


class TokenizerLexicon:
    """Interns words that Python code has cut.

    Args:
        table: gives the ids.
    """

    def __init__(self, table: HashTable) -> None:
        self.table = table
        self._words = WordTable()
        self._lock = Lock()

    def scan(self, chunk: EncodedChunk) -> tuple[Tokens, int]:
        """The words of a chunk; none is too short."""
        return Tokens(self.encode(chunk.words)[chunk.ids], chunk.lengths), 0

    def encode(self, words: Sequence[str]) -> Ids:
        """The ids of distinct words."""
        with self._lock:  # which is of one thread at a time
            rows = self._words.intern(words)
        return self.table.intern(rows.astype(np.uint64) + np.uint64(1))

    def decode(self, keys: Keys) -> list[bytes]:
        """The words, in UTF-8."""
        words = self._words.words
        return [words[key - 1].encode() for key in keys.tolist()]


def count_characters(text: TextBytes, begins: Positions, ends: Positions) -> Positions:
    """How many characters each run of bytes has.

    Args:
        text: `(B,)` UTF-8.
        begins: `(T,)` where each run begins; a byte stands before the first.
        ends: `(T,)` behind its last byte.

    Returns:
        `(T,)` characters.
    """
    continuation = text.view(np.int8) < -64  # 10xxxxxx
    if not continuation.any():
        return ends - begins
    before = np.cumsum(continuation, dtype=np.int32)
    return ends - begins - (before[ends - 1] - before[begins - 1])


def _long_enough(
    text: TextBytes, begins: Positions, ends: Positions, min_length: int
) -> NDArray[np.bool_]:
    if min_length == 2:  # one character has as many bytes as its first byte says
        return ends - begins > _CHARACTER_BYTES[text[begins]]
    return count_characters(text, begins, ends) >= min_length
