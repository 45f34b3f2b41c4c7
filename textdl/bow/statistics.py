"""What a corpus teaches a vectorizer: its terms, and how often they occur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.string_array import StringArray

Frequencies = NDArray[np.int64]
MOST_OCCURRENCES = (1 << 62) - 1  # sums of them stay whole numbers of 64 bits


class Dropped(NamedTuple):
    """Tokens of a corpus that are in no column."""

    short: int = 0  # runs of letters too short for the token pattern, such as single characters
    stop_words: int = 0
    unknown: int = 0  # occurrences of n-grams that are not in the vocabulary


class Statistics(NamedTuple):
    """The terms of a corpus, before any is pruned. Those of two corpora can be added."""

    terms: StringArray  # V, sorted; or in the order of a fixed vocabulary
    document_frequency: Frequencies  # (V,) documents that have the term
    term_frequency: Frequencies  # (V,) occurrences in all documents
    documents: int
    dropped: Dropped = Dropped()


def merge(some: Sequence[Statistics], *, fixed: bool = False) -> Statistics:
    """The statistics of several corpora as one; the order of the corpora does not matter.

    Args:
        some: at least one.
        fixed: all have the same terms, whose order stays.

    Example:
        >>> terms = [StringArray.from_strings(some) for some in (["cat", "sat"], ["a", "cat"])]
        >>> a = Statistics(terms[0], np.array([1, 1]), np.array([2, 1]), 1)
        >>> b = Statistics(terms[1], np.array([1, 1]), np.array([1, 1]), 1)
        >>> both = merge([a, b])
        >>> list(both.terms), both.term_frequency.tolist(), both.documents
        (['a', 'cat', 'sat'], [1, 3, 1], 2)
    """
    if len(some) == 1:
        return some[0]
    documents = sum(one.documents for one in some)
    dropped = Dropped(*map(sum, zip(*(one.dropped for one in some), strict=True)))
    if fixed:
        terms, rows = some[0].terms, [np.arange(len(some[0].terms))] * len(some)
    else:
        terms, rows = _union([one.terms for one in some])
    frequencies = np.zeros((2, len(terms)), np.int64)
    for one, row in zip(some, rows, strict=True):
        frequencies[0, row] += one.document_frequency
        frequencies[1, row] += one.term_frequency
    return Statistics(terms, frequencies[0], frequencies[1], documents, dropped)


def _union(some: Sequence[StringArray]) -> tuple[StringArray, list[NDArray[np.int64]]]:
    """All terms, sorted, and the row in it of each term of each part."""
    names = [labels.encoded() for labels in some]
    union = sorted(set().union(*names))
    row = {name: number for number, name in enumerate(union)}
    rows = [np.fromiter(map(row.__getitem__, part), np.int64, len(part)) for part in names]
    return StringArray.from_encoded(union), rows


def add(
    some: tuple[Statistics, ...], new: Statistics, *, fixed: bool = False
) -> tuple[Statistics, ...]:
    """`some` and `new`, merged where sizes are alike: many small parts stay cheap to add."""
    parts = [*some, new]
    while len(parts) > 1 and (fixed or len(parts[-2].terms) <= 2 * len(parts[-1].terms)):
        parts[-2:] = [merge(parts[-2:], fixed=fixed)]
    return tuple(parts)


def as_saved(statistics: Statistics) -> tuple[dict[str, Any], dict[str, Any]]:
    """Statistics as arrays and as JSON values."""
    arrays = {
        "term_offsets": statistics.terms.offsets,
        "document_frequency": statistics.document_frequency,
        "term_frequency": statistics.term_frequency,
        "terms": statistics.terms.blob,
    }
    return arrays, {"documents": statistics.documents, "dropped": statistics.dropped._asdict()}


def from_saved(arrays: Mapping[str, Any], metadata: Mapping[str, Any]) -> Statistics:
    """The statistics that `as_saved` gave.

    Raises:
        KeyError, TypeError, ValueError: they are not what it gave.
    """
    terms = StringArray(arrays["terms"], arrays["term_offsets"])
    document_frequency, term_frequency = arrays["document_frequency"], arrays["term_frequency"]
    documents, dropped = metadata["documents"], Dropped(**metadata["dropped"])
    for name, number in {"documents": documents, **dropped._asdict()}.items():
        if type(number) is not int or not 0 <= number <= MOST_OCCURRENCES:
            raise ValueError(f"{name} is {number!r}, expected 0 to {MOST_OCCURRENCES:,}")
    if len(terms) != len(document_frequency):
        raise ValueError(f"{len(terms):,} terms, {len(document_frequency):,} frequencies")
    _check_terms(terms)
    if (document_frequency < 0).any() or (document_frequency > documents).any():
        raise ValueError(f"a term is in less than no or more than all {documents:,} documents")
    if (term_frequency < document_frequency).any() or term_frequency.sum(
        dtype=np.float64
    ) > MOST_OCCURRENCES:
        raise ValueError("a term occurs in more documents than times, or too often")
    return Statistics(terms, document_frequency, term_frequency, documents, dropped)


def _check_terms(terms: StringArray) -> None:
    """Raise `ValueError` if the bytes of terms are not text, each of it once."""
    blob, offsets = terms.blob, terms.offsets
    if offsets[0] != 0 or offsets[-1] != len(blob) or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("the offsets of the terms do not rise from 0 to their end")
    try:
        blob.tobytes().decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        row = int(np.searchsorted(offsets, error.start, side="right")) - 1
        raise ValueError(f"term {row:,} is not UTF-8") from None
    begins = offsets[:-1][terms.lengths > 0]
    if (blob[begins] & 0xC0 == 0x80).any():  # continues a character that began before
        raise ValueError("a term begins within a character")
    if len(set(terms.encoded())) != len(terms):
        raise ValueError("a term stands twice")
