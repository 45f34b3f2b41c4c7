"""Words between white space as ids, found in the bytes of a text: no Python object per word.

What `str.split` does, in NumPy. The first eight bytes of a word are a number, or all of them hashed
where it has more. Equal ones are found by a table of positions: all are written to the slots that
their numbers hash to, so that the first of each slot stays; those that are not equal to it go on to
another table. Words of more than eight bytes are compared in the end.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.string_array import StringArray
from textdl.text.hash_table import Keys
from textdl.text.word_table import PIECE, Positions, TextBytes, pieces

LONGEST_WORD = 1 << 10  # bytes; a chunk with a longer one is left to `str.split`
TABLES = 8  # that are tried before what is left is sorted


_ASCII_SPACES = string.whitespace + "\x1c\x1d\x1e\x1f"
# What else `str.split` splits at; each is replaced by as many spaces as it has bytes.
_WIDE_SPACES = [
    character.encode()
    for character in "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(map(chr, range(0x2000, 0x200B)))
]
_IS_IN_WORD = bytes(chr(byte) not in _ASCII_SPACES for byte in range(256))
# Of each table: odd multiples of 2**64 over the golden ratio (Knuth, TAOCP 3, 6.4).
_MULTIPLIERS = np.arange(1, 2 * TABLES, 2).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
_LEAST_BITS = 8  # of the slots of a table
_MOST_BITS = 20


class SplitText(NamedTuple):
    """The words of some documents."""

    words: StringArray  # the distinct ones, in order of first use
    ids: NDArray[np.int32]  # (tokens,) indices into `words`
    lengths: NDArray[np.int64]  # (documents,) tokens of each


def split_text(documents: Sequence[str], *, lowercase: bool) -> SplitText | None:
    """Split documents at white space, as `str.split` does.

    Args:
        documents: texts.
        lowercase: lower-case them first.

    Returns:
        Their words; None where a text is of a kind that only `str.split` can cope with: it has a
        NUL, half a character, or a word of more than `LONGEST_WORD` bytes; or two numbers collide.

    Example:
        >>> found = split_text(["to be or", "not to be"], lowercase=False)
        >>> list(found.words), found.ids.tolist(), found.lengths.tolist()
        (['to', 'be', 'or', 'not'], [0, 1, 2, 3, 0, 1], [3, 3])
    """
    joined = _join(documents, lowercase=lowercase)
    if joined is None:
        return None
    data, first = joined
    is_in_word = np.frombuffer(data.translate(_IS_IN_WORD), bool)
    edges = np.flatnonzero(is_in_word[1:] != is_in_word[:-1]) + 1
    begins = edges[::2]
    ends = edges[1::2]
    if (ends - begins).max(initial=0) > LONGEST_WORD:
        return None
    lengths = np.diff(np.searchsorted(begins, first))
    text = np.frombuffer(data, np.uint8)
    same = _first_of_words(text, begins, ends)
    if same is None:
        return None
    is_first = same == np.arange(len(same))
    numbers = np.cumsum(is_first, dtype=np.int32) - np.int32(1)
    words = StringArray.from_spans(text, begins.compress(is_first), ends.compress(is_first))
    return SplitText(words, numbers[same], lengths)


def _join(documents: Sequence[str], *, lowercase: bool) -> tuple[bytes, Positions] | None:
    """All documents between line breaks, `PIECE` bytes behind, and where each and the end begin."""
    text = "\n".join(documents)
    if text.isascii():
        data = (text.lower() if lowercase else text).encode()
        sizes = np.fromiter(map(len, documents), np.int64, len(documents))
    else:
        try:
            pieces = [(it.lower() if lowercase else it).encode() for it in documents]
        except UnicodeEncodeError:
            return None
        sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
        data = b"\n".join(pieces)
        for space in _WIDE_SPACES:
            if space in data:
                data = data.replace(space, b" " * len(space))
    if b"\0" in data:
        return None
    first = np.append(np.int64(1), 1 + np.cumsum(sizes + 1))
    return b"".join([b"\n", data, b"\n" * (PIECE + 1)]), first


def _first_of_words(
    text: TextBytes, begins: Positions, ends: Positions
) -> NDArray[np.int32] | None:
    """`(n,)` for each word the first one that is equal; None where two numbers say otherwise."""
    numbers = pieces(text, begins, ends)
    sizes = ends - begins
    long = np.flatnonzero(sizes > PIECE)
    rest = long
    place = PIECE
    while len(rest):  # a longer word is hashed, and compared below
        piece = pieces(text, begins[rest] + place, ends[rest])
        numbers[rest] = numbers[rest] * _MULTIPLIERS[0] + piece
        place += PIECE
        rest = rest[sizes[rest] > place]
    first = _first_of_equal(numbers)
    if not np.array_equal(sizes[first], sizes):
        return None
    other = first[long]
    for place in range(0, int(sizes.max(initial=0)), PIECE):
        piece = pieces(text, begins[long] + place, ends[long])
        if not np.array_equal(piece, pieces(text, begins[other] + place, ends[other])):
            return None
        is_longer = sizes[long] > place + PIECE
        long = long[is_longer]
        other = other[is_longer]
    return first


def _first_of_equal(numbers: Keys) -> NDArray[np.int32]:
    """`(n,)` for each number the position of the first one that is equal."""
    first = np.empty(len(numbers), np.int32)
    bits = min(max(len(numbers).bit_length() - 1, _LEAST_BITS), _MOST_BITS)
    table = np.empty(1 << bits, np.int32)
    rest = np.arange(len(numbers), dtype=np.int32)
    wanted = numbers
    for multiplier in _MULTIPLIERS:
        slots = (wanted * multiplier >> np.uint64(64 - bits)).view(np.int64)
        table[slots[::-1]] = rest[::-1]  # the last that is written stays: the first in order
        found = table[slots]
        is_other = numbers[found] != wanted
        first[rest] = found
        rest = rest[is_other]
        wanted = wanted[is_other]
        if not len(rest):
            return first
    _, firsts, which = np.unique(wanted, return_index=True, return_inverse=True)
    first[rest] = rest[firsts[which]]
    return first
