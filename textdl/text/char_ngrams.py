"""Character n-grams: the subwords of a word, in the buckets into which fastText hashes them.

A word is written between ``<`` and ``>``; its subwords are all runs of `min_n` to `max_n` of these
characters (code points). Subwords have no names: one is known by ``hash % bucket`` alone, so that a
model file of fastText is only understood with the same hash of the same bytes. Three peculiarities
of the program are therefore kept:

- the hash is 32-bit FNV-1a, but a byte above 127 is extended with its sign before it is mixed in
  (``h ^ uint32(int8(byte))``), as a `char` of C++ is;
- of the subwords of one character, the ``<`` at the start and the ``>`` at the end are left out;
- the end of a sentence, ``</s>``, is a word without subwords.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError

END_OF_SENTENCE = "</s>"  # a token of fastText, not a spelling
_FNV_OFFSET = np.uint32(2166136261)
_FNV_PRIME = np.uint32(16777619)
_LARGEST_BUCKET = 2**31 - 1  # bucket ids are int32, in our arrays and in the files of fastText
_CHARACTERS_PER_SLICE = 1 << 15  # its arrays, of about 1 MiB, stay in the cache of a core


class CharNgrams(NamedTuple):
    """The subwords of words; those of word `i` are ``buckets[offsets[i]:offsets[i + 1]]``."""

    offsets: NDArray[np.int64]  # (V + 1,)
    buckets: NDArray[np.int32]  # (n,) from 0 to below `bucket`


def char_ngrams(word: str, min_n: int, max_n: int) -> list[str]:
    """The subwords of a word, in the order in which fastText lists them.

    Args:
        word: without the borders ``<`` and ``>``.
        min_n: characters of the shortest subword, borders included.
        max_n: characters of the longest; 0: there are no subwords.

    Returns:
        The subwords, from the first character on, shorter ones first; one that occurs twice is
        listed twice.

    Example:
        >>> char_ngrams("where", 3, 3)
        ['<wh', 'whe', 'her', 'ere', 're>']
        >>> char_ngrams("a", 1, 2)
        ['<a', 'a', 'a>']

    Reference: Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information", TACL 5.
    """
    _check_lengths(min_n, max_n)
    if word == END_OF_SENTENCE:
        return []
    text = f"<{word}>"
    return [
        text[start : start + n]
        for start in range(len(text))
        for n in range(max(min_n, 1), min(max_n, len(text) - start) + 1)
        if n > 1 or 0 < start < len(text) - 1
    ]


def char_ngram_buckets(words: Sequence[str], min_n: int, max_n: int, bucket: int) -> CharNgrams:
    """The hashed subwords of every word, as the fastText program numbers them.

    Works in slices of bounded size, so that the memory needed beyond the result does not grow with
    the vocabulary.

    Args:
        words: `V` words without borders; any strings, lone surrogates included.
        min_n: characters of the shortest subword, borders included.
        max_n: characters of the longest; 0: there are no subwords.
        bucket: number of buckets, fastText's default being 2,000,000.

    Returns:
        The buckets of `char_ngrams` of each word, in the same order. fastText adds the size of its
        vocabulary to them to number the rows of its input matrix.

    Raises:
        ParameterError: the lengths contradict each other, or there is no bucket.

    Example:
        >>> char_ngram_buckets(["where", "a"], 3, 6, 2_000_000).offsets
        array([ 0, 14, 15])

    Reference: Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information", TACL 5.
    """
    _check_lengths(min_n, max_n)
    if not (1 if max_n else 0) <= bucket <= _LARGEST_BUCKET:
        raise ParameterError(
            f"bucket={bucket}; expected from 1 to {_LARGEST_BUCKET:,}, such as 2,000,000"
        )
    min_n = max(min_n, 1)
    lengths = np.fromiter(map(_bordered_length, words), np.int64, len(words))  # (V,)
    offsets = np.append(np.int64(0), np.cumsum(_ngram_counts(lengths, min_n, max_n)))
    buckets = np.empty(offsets[-1], np.int32)
    for begin, end in _slices(lengths):
        characters = _characters([it for it in words[begin:end] if it != END_OF_SENTENCE])
        out = buckets[offsets[begin] : offsets[end]]
        for places, hashes in _hashes(characters, min_n, max_n):
            out[places] = hashes % np.uint32(bucket)
    return CharNgrams(offsets, buckets)


def fnv_hash(raw: bytes) -> int:
    """The 32-bit hash of a whole word, as fastText has it.

    Example:
        >>> fnv_hash(b"cat") == 0xFFFFFFFF & (fnv_hash(b"ca") ^ ord("t")) * 16777619
        True
    """
    value = int(_FNV_OFFSET)
    for byte in raw:
        signed = byte if byte < 128 else byte | 0xFFFFFF00
        value = ((value ^ signed) * int(_FNV_PRIME)) & 0xFFFFFFFF
    return value


def _check_lengths(min_n: int, max_n: int) -> None:
    if min_n < 0 or max_n < 0 or 0 < max_n < min_n:
        raise ParameterError(
            f"min_n={min_n}, max_n={max_n}; expected lengths of subwords with min_n at most max_n, "
            "or max_n=0 for none"
        )


class _Characters(NamedTuple):
    """The characters of words with their borders, one word after another."""

    values: NDArray[np.uint32]  # (B,) the bytes of UTF-8, each extended with its sign
    first: NDArray[np.int64]  # (C,) where the bytes of a character begin
    widths: NDArray[np.int64]  # (C,) how many bytes it has, from 1 to 4
    remaining: NDArray[np.int64]  # (C,) characters from it to the end of its word, both included
    is_border: NDArray[np.bool_]  # (C,) first or last of its word


def _bordered_length(word: str) -> int:
    """Characters of a word with its borders; 0: it has no subwords."""
    return 0 if word == END_OF_SENTENCE else len(word) + 2


def _ngram_counts(lengths: NDArray[np.int64], min_n: int, max_n: int) -> NDArray[np.int64]:
    """`(V,)`: the sum of ``length - n + 1`` for n from `min_n` to `max_n`, without lone borders."""
    longest = np.minimum(lengths, max_n)
    sizes = np.maximum(longest - min_n + 1, 0)
    counts: NDArray[np.int64] = sizes * (lengths + 1) - sizes * (longest + min_n) // 2
    if min_n == 1 <= max_n:
        counts -= 2 * (lengths > 0)
    return counts


def _slices(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of words, each of a bounded number of characters or of one word."""
    ends = np.cumsum(lengths)
    begin = 0
    while begin < len(lengths):
        before = ends[begin] - lengths[begin]
        end = int(np.searchsorted(ends, before + _CHARACTERS_PER_SLICE, side="right"))
        end = max(end, begin + 1)
        yield begin, end
        begin = end


def _characters(words: list[str]) -> _Characters:
    text = f"<{'><'.join(words)}>" if words else ""
    raw = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    first = np.flatnonzero((raw & 0xC0) != 0x80)
    lengths = np.fromiter(map(_bordered_length, words), np.int64, len(words))
    ends = np.repeat(np.cumsum(lengths), lengths)
    remaining = ends - np.arange(len(first))
    return _Characters(
        values=raw.view(np.int8).astype(np.uint32),
        first=first,
        widths=np.diff(first, append=len(raw)),
        remaining=remaining,
        is_border=(remaining == 1) | (remaining == np.repeat(lengths, lengths)),
    )


def _hashes(
    characters: _Characters, min_n: int, max_n: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """The place and the hash of every subword, all of one length at a time."""
    counts = np.maximum(np.minimum(characters.remaining, max_n) - min_n + 1, 0)
    shortest = np.zeros(len(counts), np.int64)  # (C,) place of a character's subword of `min_n`
    if min_n == 1 <= max_n:
        counts -= characters.is_border
        shortest -= characters.is_border
    shortest += np.cumsum(counts) - counts
    starts = np.arange(len(counts))
    hashes = np.full(len(counts), _FNV_OFFSET)
    for n in range(1, max_n + 1):
        is_inside = characters.remaining[starts] >= n
        starts = starts[is_inside]
        if not len(starts):
            return
        hashes = _mix_in(hashes[is_inside], characters, starts + n - 1)
        if n == 1 == min_n:
            is_listed = ~characters.is_border
            yield shortest[is_listed], hashes[is_listed]
        elif n >= min_n:
            yield shortest[starts] + (n - min_n), hashes


def _mix_in(
    hashes: NDArray[np.uint32], characters: _Characters, added: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Extend every hash by the bytes of one more character, by FNV-1a."""
    first = characters.first[added]
    widths = characters.widths[added]
    hashes = (hashes ^ characters.values[first]) * _FNV_PRIME
    for byte in range(1, int(widths.max())):
        rows = np.flatnonzero(widths > byte)
        hashes[rows] = (hashes[rows] ^ characters.values[first[rows] + byte]) * _FNV_PRIME
    return hashes
