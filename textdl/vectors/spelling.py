"""Close spellings of a word that has no row."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from textdl.string_array import StringArray

# Rows stand by falling count: a suggestion should be a word people know, and soon found.
_ROWS_SEARCHED = 200_000
_ROWS_COMPARED = 300
_LEAST_RATIO = 0.7
_LONGEST_WORD = 100


def unknown_word_message(
    word: str, labels: StringArray, ngrams: tuple[int, int] | None = None
) -> str:
    """One line: the word, the size of the vocabulary, and close spellings or another remedy.

    Args:
        word: that has no vector.
        labels: known words, the most frequent first.
        ngrams: characters of the shortest and the longest, where those would have given it one.

    Returns:
        The message.

    Example:
        >>> labels = StringArray.from_strings(["king", "queen", "quern"])
        >>> print(unknown_word_message("quen", labels))
        "quen" is not in the vocabulary of 3 words; close spellings: queen, quern
    """
    shown = repr(word if len(word) <= _LONGEST_WORD else word[:_LONGEST_WORD] + "...")[1:-1]
    start = f'"{shown}" is not in the vocabulary of {len(labels):,} words'
    if ngrams is not None:
        start += f", none of its n-grams of {ngrams[0]} to {ngrams[1]} characters is known"
    if close := close_spellings(word, labels):
        return f"{start}; close spellings: {', '.join(close)}"
    return f"{start} and none is spelled like it; try another word or train with a lower min_count"


def close_spellings(word: str, labels: StringArray, count: int = 3) -> list[str]:
    """Up to `count` labels spelled like `word`, the most similar first, ties by row.

    Other capitalizations come first. The similarity of two spellings is difflib's: twice the
    number of matching characters over the sum of the lengths.

    Args:
        word: that is misspelled.
        labels: known words, the most frequent first.
        count: how many, at most.

    Returns:
        The labels, the most similar first.
    """
    if len(word) > _LONGEST_WORD:
        return []
    cased = {word.lower(), word.capitalize(), word.upper()} - {word}
    found = sorted(variant for variant in cased if variant in labels)
    matcher = SequenceMatcher(b=word, autojunk=False)
    ranked = []
    for place, row in enumerate(_promising_rows(word, labels).tolist()):
        matcher.set_seq1(labels[row])
        ranked.append((-matcher.ratio(), place, labels[row]))
    close = [label for ratio, _, label in sorted(ranked) if -ratio >= _LEAST_RATIO]
    return list(dict.fromkeys(found + close))[:count]


def _promising_rows(word: str, labels: StringArray) -> NDArray[np.intp]:
    """The rows whose bytes, in whatever order, agree most with those of `word`.

    The agreement `2 sum_b min(n_b(word), n_b(label)) / (length + length)` bounds difflib's ratio
    from above (exactly so in ASCII).
    """
    raw = np.frombuffer(word.encode("utf-8", "replace"), dtype=np.uint8)
    offsets = np.asarray(labels.offsets[: _ROWS_SEARCHED + 1])
    blob = np.asarray(labels.blob[: offsets[-1]])
    shared = np.zeros(len(offsets) - 1, dtype=np.int32)
    for byte, times in zip(*np.unique(raw, return_counts=True), strict=True):
        seen = np.concatenate([np.zeros(1, np.int32), np.cumsum(blob == byte, dtype=np.int32)])
        shared += np.minimum(np.diff(seen[offsets]), np.int32(times))
    agreement = 2 * shared / np.maximum(np.diff(offsets) + len(raw), 1)
    best: NDArray[np.intp] = np.argsort(-agreement, kind="stable")[:_ROWS_COMPARED]
    return best[: int((agreement[best] >= _LEAST_RATIO).sum())]
