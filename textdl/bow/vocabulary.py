"""What is learned from counts: the statistics of terms, and which of the terms are columns.

`build_statistics` names and sorts what was counted; `merge` adds the statistics of several corpora
up; `Pruning` says which terms are kept; `Columns` are those. `recount` is for a given vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.bow.engine.counting import CorpusCounts, DroppedTokens, Frequencies
from textdl.errors import CorpusError, ParameterError
from textdl.string_array import StringArray

Rows = NDArray[np.int32]


class CorpusStatistics(NamedTuple):
    """The terms of a corpus, before any is pruned. Those of two corpora can be added.

    The terms are sorted, or in the order of a given vocabulary. They stand here as the arrays of a
    file; `terms` makes strings of them.
    """

    term_bytes: NDArray[np.uint8]  # (B,) the terms in UTF-8, one after another
    term_offsets: NDArray[np.int64]  # (V + 1,) where each begins
    document_frequency: Frequencies  # (V,) documents that have the term
    term_frequency: Frequencies  # (V,) occurrences in all documents
    documents: int
    dropped: DroppedTokens = DroppedTokens()

    @property
    def terms(self) -> StringArray:
        """`(V,)` the terms."""
        return StringArray(self.term_bytes, self.term_offsets)


def make_statistics(
    terms: StringArray,
    frequencies: NDArray[np.int64],
    documents: int,
    dropped: DroppedTokens,
) -> CorpusStatistics:
    """The statistics of some terms.

    Args:
        terms: `(V,)`, sorted, or in the order of a given vocabulary.
        frequencies: `(2, V)` documents that have each term, and its occurrences.
        documents: of the corpus.
        dropped: tokens that are not among the terms.

    Returns:
        Those arrays and numbers, as a file holds them.
    """
    return CorpusStatistics(
        terms.blob, terms.offsets, frequencies[0], frequencies[1], documents, dropped
    )


def build_statistics(counts: CorpusCounts) -> tuple[CorpusStatistics, Rows]:
    """The statistics of a corpus, and `(N + 1,)` the row in them of each id, or -1."""
    names = counts.names()
    order = names.sort(counts.present())
    statistics = CorpusStatistics(
        *names.pack(order),
        counts.document_frequency[order],
        counts.term_frequency[order],
        counts.documents,
        counts.dropped,
    )
    rows = np.full(len(counts.document_frequency), -1, np.int32)
    rows[order] = np.arange(len(order))
    return statistics, rows


def recount(counts: CorpusCounts, rows: Rows, terms: StringArray) -> CorpusStatistics:
    """The statistics of the terms of a given vocabulary alone.

    Args:
        counts: of a corpus.
        rows: `(N + 1,)` which of `terms` each id is, or -1.
        terms: `(V,)` of the vocabulary.

    Returns:
        The statistics, in the order of `terms`; what is not among them counts as unknown.
    """
    known = np.flatnonzero(rows >= 0)
    totals = np.zeros((2, len(terms)), np.int64)
    totals[0, rows[known]] = counts.document_frequency[known]
    totals[1, rows[known]] = counts.term_frequency[known]
    unknown = int(counts.term_frequency.sum() - totals[1].sum())
    return make_statistics(
        terms, totals, counts.documents, counts.dropped._replace(unknown=unknown)
    )


def columns_of_terms(counts: CorpusCounts, vocabulary: Mapping[str, int]) -> Rows:
    """`(N + 1,)` the column of every id, -1 for what is not in the vocabulary."""
    present = counts.present()
    columns = np.full(len(counts.document_frequency), -1, np.int32)
    names = counts.names().encoded(present)
    columns[present] = [vocabulary.get(name, -1) for name in _decode(names)]
    return columns


def decode_terms(terms: StringArray) -> list[str]:
    """Every term, also one that holds a lone surrogate."""
    return _decode(terms.encoded())


def _decode(names: list[bytes]) -> list[str]:
    return [name.decode("utf-8", "surrogatepass") for name in names]


def merge(parts: Sequence[CorpusStatistics], *, is_given: bool = False) -> CorpusStatistics:
    """The statistics of several corpora as one; the order of the corpora does not matter.

    Args:
        parts: at least one.
        is_given: all have the terms of one given vocabulary, whose order stays.

    Example:
        >>> a, b = (StringArray.from_strings(words) for words in (["cat", "sat"], ["a", "cat"]))
        >>> parts = [
        ...     make_statistics(a, np.array([[1, 1], [2, 1]]), 1, DroppedTokens()),
        ...     make_statistics(b, np.array([[1, 1], [1, 1]]), 1, DroppedTokens()),
        ... ]
        >>> both = merge(parts)
        >>> list(both.terms), both.term_frequency.tolist(), both.documents
        (['a', 'cat', 'sat'], [1, 3, 1], 2)
    """
    if len(parts) == 1:
        return parts[0]
    documents = sum(part.documents for part in parts)
    dropped = DroppedTokens(*map(sum, zip(*(part.dropped for part in parts), strict=True)))
    if is_given:
        terms = parts[0].terms
        rows = [np.arange(len(terms))] * len(parts)
    else:
        terms, rows = _union([part.terms for part in parts])
    frequencies = np.zeros((2, len(terms)), np.int64)
    for part, row in zip(parts, rows, strict=True):
        frequencies[0, row] += part.document_frequency
        frequencies[1, row] += part.term_frequency
    return make_statistics(terms, frequencies, documents, dropped)


def add_part(
    parts: tuple[CorpusStatistics, ...], new: CorpusStatistics, *, is_given: bool = False
) -> tuple[CorpusStatistics, ...]:
    """`parts` and `new`, merged where sizes are alike: many small parts stay cheap to add.

    Args:
        parts: what was learned before.
        new: what is added.
        is_given: all have the terms of one given vocabulary.

    Returns:
        The parts, the smallest last.
    """
    found = [*parts, new]
    while len(found) > 1 and (is_given or _size(found[-2]) <= 2 * _size(found[-1])):
        found[-2:] = [merge(found[-2:], is_given=is_given)]
    return tuple(found)


def _size(statistics: CorpusStatistics) -> int:
    return len(statistics.document_frequency)


def _union(parts: Sequence[StringArray]) -> tuple[StringArray, list[NDArray[np.int64]]]:
    """All terms, sorted, and the row in it of each term of each part."""
    names = [terms.encoded() for terms in parts]
    union = sorted(set().union(*names))
    row = {name: number for number, name in enumerate(union)}
    rows = [np.fromiter(map(row.__getitem__, part), np.int64, len(part)) for part in names]
    return StringArray.from_encoded(union), rows


class Pruning(NamedTuple):
    """Which terms become columns."""

    max_df: float  # a share of the documents if it is not an int
    min_df: float
    max_features: int | None
    binary: bool  # a term counts once per document

    def check(self) -> None:
        """Refuse limits that are out of range.

        Raises:
            ParameterError: a limit is.
        """
        for name, limit in (("max_df", self.max_df), ("min_df", self.min_df)):
            if not (limit >= 1 if isinstance(limit, Integral) else 0 <= limit <= 1):
                raise ParameterError(
                    f"{name}={limit!r}; expected a number of documents from 1 (an int), or a share "
                    "of them from 0.0 to 1.0 (a float)"
                )

    def select(
        self, statistics: CorpusStatistics, dtype: np.dtype[np.generic]
    ) -> NDArray[np.int64]:
        """Rows of the terms that become columns, in order.

        Args:
            statistics: of the corpus.
            dtype: of the matrix, in whose precision scikit-learn ranks terms.

        Returns:
            `(columns,)` rows of the statistics.

        Raises:
            CorpusError: there is no term.
            ParameterError: `max_df` and `min_df` contradict each other, or no term remains.
        """
        if not _size(statistics):
            raise CorpusError(
                f"empty vocabulary: {statistics.documents:,} documents have no terms; perhaps the "
                "documents only contain stop words"
            )
        most = self._in_documents(self.max_df, statistics.documents)
        least = self._in_documents(self.min_df, statistics.documents)
        if most < least:
            raise ParameterError(
                f"max_df={self.max_df} corresponds to < documents than min_df={self.min_df}: of "
                f"{statistics.documents:,} documents that is {most:g} and {least:g}"
            )
        frequency = statistics.document_frequency
        rows = np.flatnonzero((frequency >= least) & (frequency <= most))
        if self.max_features is not None and len(rows) > self.max_features:
            total = frequency if self.binary else statistics.term_frequency
            # scikit-learn breaks ties by this very sort of these very numbers, which are sums.
            sums = total[rows].astype(np.zeros(0, dtype).sum().dtype)
            best = (-sums).argsort()[: self.max_features]
            rows = np.sort(rows[best])
        if not len(rows):
            raise ParameterError(
                f"after pruning, no terms remain of {len(frequency):,}; try a lower min_df (it is "
                f"{self.min_df}) or a higher max_df ({self.max_df})"
            )
        return rows

    @staticmethod
    def _in_documents(limit: float, documents: int) -> float:
        return limit if isinstance(limit, Integral) else limit * documents


class Columns:
    """The terms of a corpus that are columns.

    Args:
        statistics: of all terms.
        kept: `(columns,)` rows of those that are columns, in the order of columns.

    Attributes:
        derived: what was computed of them, such as weights, by what else it depends on.
    """

    def __init__(self, statistics: CorpusStatistics, kept: NDArray[np.int64]) -> None:
        self.statistics = statistics
        self.kept = kept
        self.derived: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.kept)

    def of_rows(self, rows: Rows) -> Rows:
        """`(N + 1,)` the column of every id, given its row in the statistics, or -1."""
        column = np.full(_size(self.statistics) + 1, -1, np.int32)  # the last is for row -1
        column[self.kept] = np.arange(len(self.kept))
        return column[rows]

    @property
    def document_frequency(self) -> Frequencies:
        """`(columns,)` documents that have the term of each column."""
        return self.statistics.document_frequency[self.kept]

    @property
    def term_frequency(self) -> Frequencies:
        """`(columns,)` occurrences of the term of each column."""
        return self.statistics.term_frequency[self.kept]

    @property
    def dropped(self) -> DroppedTokens:
        """Tokens that are in no column."""
        pruned = int(self.statistics.term_frequency.sum() - self.term_frequency.sum())
        dropped = self.statistics.dropped
        return dropped._replace(unknown=dropped.unknown + pruned)

    @cached_property
    def terms(self) -> StringArray:
        """The terms of the columns."""
        terms = self.statistics.terms
        if len(self.kept) == len(terms):
            return terms
        names = terms.encoded()
        return StringArray.from_encoded(names[row] for row in self.kept.tolist())

    @cached_property
    def index(self) -> dict[str, int]:
        """Term to column."""
        return {term: column for column, term in enumerate(decode_terms(self.terms))}


def zero_statistics(terms: list[str]) -> CorpusStatistics:
    """The statistics of a given vocabulary before any corpus was counted."""
    labels = StringArray.from_encoded(term.encode("utf-8", "surrogatepass") for term in terms)
    return make_statistics(labels, np.zeros((2, len(terms)), np.int64), 0, DroppedTokens())
