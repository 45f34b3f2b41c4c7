"""What a corpus teaches a vectorizer: its terms, and how often they occur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.bow.names import pack, unpack
from textdl.vectors.labels import Labels

Frequencies = NDArray[np.int64]


class Dropped(NamedTuple):
    """Tokens of a corpus that are in no column."""

    short: int = 0  # runs of letters too short for the token pattern, such as single characters
    stop_words: int = 0
    unknown: int = 0  # occurrences of n-grams that are not in the vocabulary


class Statistics(NamedTuple):
    """The terms of a corpus, before any is pruned. Those of two corpora can be added."""

    terms: Labels  # V, sorted; or in the order of a fixed vocabulary
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
        >>> a = Statistics(pack([b"cat", b"sat"]), np.array([1, 1]), np.array([2, 1]), 1)
        >>> b = Statistics(pack([b"a", b"cat"]), np.array([1, 1]), np.array([1, 1]), 1)
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


def _union(some: Sequence[Labels]) -> tuple[Labels, list[NDArray[np.int64]]]:
    """All terms, sorted, and the row in it of each term of each part."""
    names = [unpack(labels) for labels in some]
    union = sorted(set().union(*names))
    row = {name: number for number, name in enumerate(union)}
    rows = [np.fromiter(map(row.__getitem__, part), np.int64, len(part)) for part in names]
    return pack(union), rows


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
    blob, offsets = arrays["terms"], arrays["term_offsets"]
    frequencies = arrays["document_frequency"], arrays["term_frequency"]
    if len(offsets) != len(frequencies[0]) + 1 or offsets[0] != 0 or offsets[-1] != len(blob):
        raise ValueError("the offsets do not span the terms")
    if (offsets[1:] < offsets[:-1]).any() or min(map(np.min, frequencies), default=0) < 0:
        raise ValueError("an offset or a frequency is not possible")
    documents, dropped = int(metadata["documents"]), Dropped(**metadata["dropped"])
    return Statistics(Labels(blob, offsets), *frequencies, documents, dropped)
