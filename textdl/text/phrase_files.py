"""What the file of `Phrases` holds: an archive with a part for the counts of each round."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from textdl.io.archive import Archive, ArchiveContent, ArchiveKind, ArraySpec, check_offsets
from textdl.string_array import StringArray
from textdl.text.collocations import CollocationCounts
from textdl.text.word_pairs import LONGEST_SEQUENCE

PHRASES_KIND = ArchiveKind("Phrases", {})
ROUND_KIND = ArchiveKind(
    "CollocationCounts",
    {
        "word_offsets": ArraySpec(("I64",), ("V + 1",)),
        "word_counts": ArraySpec(("I64",), ("V",)),
        "counts": ArraySpec(("I64",), ("candidates",)),
        "sequence_offsets": ArraySpec(("I64",), ("sequences + 1",)),
        "left": ArraySpec(("I32",), ("candidates",)),
        "sequence": ArraySpec(("I32",), ("candidates",)),
        "right": ArraySpec(("I32",), ("candidates",)),
        "sequence_words": ArraySpec(("I32",), ("words of sequences",)),
        "words": ArraySpec(("U8",), ("bytes of words",)),
    },
)
MAX_WORDS = 1 << 52  # of a corpus: products of counts are as exact as floats can be


def encode_counts(counts: CollocationCounts) -> ArchiveContent:
    """Counts as a part of an archive; equal ones give equal bytes."""
    counts = counts.sort()
    words = StringArray.from_strings(counts.words)
    index = {word: code for code, word in enumerate(counts.connectors)}
    lengths = [len(words) for words in counts.sequences]
    codes = [index[word] for words in counts.sequences for word in words]
    return ArchiveContent(
        ROUND_KIND,
        state={
            "connectors": counts.connectors,
            "corpus_words": counts.corpus_words,
            "vocabulary_size": counts.vocabulary_size,
            "is_complete": counts.is_complete,
        },
        arrays={
            "word_offsets": words.offsets,
            "word_counts": counts.word_counts,
            "counts": counts.counts,
            "sequence_offsets": np.append(0, np.cumsum(lengths, dtype=np.int64)),
            "left": counts.left,
            "sequence": counts.sequence,
            "right": counts.right,
            "sequence_words": np.array(codes, np.int32),
            "words": words.blob,
        },
    )


def decode_counts(archive: Archive) -> CollocationCounts:
    """The counts that `encode_counts` encoded.

    Raises:
        KeyError, TypeError, ValueError: they are not what it encoded.
        FileFormatError: the archive is of another kind, or a word stands in it twice.
    """
    archive.require(ROUND_KIND)
    arrays = archive.arrays
    state = archive.state
    check_offsets(arrays["word_offsets"], len(arrays["words"]), "words")
    words = StringArray(arrays["words"], arrays["word_offsets"])
    connectors = state["connectors"]
    if not isinstance(connectors, list) or connectors != sorted({str(it) for it in connectors}):
        raise ValueError(f"its connector words are {connectors!r}")
    counts = CollocationCounts(
        words=list(words.key_to_index),
        word_counts=arrays["word_counts"],
        left=arrays["left"],
        sequence=arrays["sequence"],
        right=arrays["right"],
        counts=arrays["counts"],
        connectors=connectors,
        sequences=_sequences(arrays["sequence_words"], arrays["sequence_offsets"], connectors),
        corpus_words=state["corpus_words"],
        vocabulary_size=state["vocabulary_size"],
        is_complete=state["is_complete"],
    )
    _check(counts)
    return counts


def _sequences(
    codes: NDArray[np.int32], offsets: NDArray[np.int64], connectors: list[str]
) -> list[tuple[str, ...]]:
    check_offsets(offsets, len(codes), "sequences of connector words")
    if np.diff(offsets).max(initial=0) > LONGEST_SEQUENCE:
        raise ValueError(f"a sequence has more than {LONGEST_SEQUENCE} connector words")
    _check_range(codes, len(connectors), "a connector word")
    words = [connectors[code] for code in codes.tolist()]
    bounds = offsets.tolist()
    found = [tuple(words[a:b]) for a, b in pairwise(bounds)]
    if len(set(found)) != len(found):
        raise ValueError("a sequence of connector words stands twice")
    return found


def _check(counts: CollocationCounts) -> None:
    """Raise `ValueError` if no corpus has these counts."""
    numbers = {"corpus_words": counts.corpus_words, "vocabulary_size": counts.vocabulary_size}
    for name, number in numbers.items():
        if type(number) is not int or not 0 <= number <= MAX_WORDS:
            raise ValueError(f"{name} is {number!r}, expected 0 to {MAX_WORDS:,}")
    if type(counts.is_complete) is not bool:
        raise ValueError(f"is_complete is {counts.is_complete!r}")
    _check_range(counts.left, len(counts.words), "a left word")
    _check_range(counts.right, len(counts.words), "a right word")
    _check_range(counts.sequence, len(counts.sequences), "a sequence")
    _check_range(counts.word_counts, counts.corpus_words + 1, "the count of a word")
    ends = np.concatenate([counts.left, counts.right])
    if len(ends) and counts.word_counts[ends].min() < 1:
        raise ValueError("a word of a candidate does not occur")
    if len(counts.counts):
        _check_range(counts.counts - 1, counts.corpus_words - 1, "the count of a candidate")
    rows = np.stack([counts.left, counts.sequence, counts.right])
    is_same = (rows[:, 1:] == rows[:, :-1]).all(axis=0)
    if is_same.any():
        raise ValueError("a candidate stands twice")


def _check_range(numbers: NDArray[np.integer], end: int, what: str) -> None:
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < end:
        raise ValueError(f"{what} is {numbers.min()} to {numbers.max()}, expected 0 to {end - 1}")
