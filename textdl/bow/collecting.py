"""One pass over a corpus: rows of counts, and totals of every term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.bow.counters import Counter
from textdl.bow.names import decode, name_terms
from textdl.bow.numbering import Ids
from textdl.bow.statistics import Dropped, Frequencies, Statistics
from textdl.parallel import ordered_map
from textdl.string_array import StringArray


class Collected(NamedTuple):
    """What a pass found; a term is still a number."""

    counter: Counter
    rows: list[sparse.csr_array]  # of each chunk; empty if they were not to be kept
    document_frequency: Frequencies  # (N + 1,) of every number
    term_frequency: Frequencies  # (N + 1,)
    documents: int
    dropped: Dropped

    def present(self) -> Ids:
        """The numbers that are terms; others are parts of terms."""
        return np.flatnonzero(self.document_frequency).astype(np.int32)


def collect(counter: Counter, chunks: Iterable[list[Any]], jobs: int, *, keep: bool) -> Collected:
    """Count all chunks, on `jobs` threads; `keep` the rows or only their totals."""
    rows: list[sparse.csr_array] = []
    totals = np.zeros((2, 0), np.int64)  # document and term frequency of every number
    documents = short = stop_words = 0
    for counted in ordered_map(counter.run, counter.prepare(chunks, jobs), jobs):
        block = counted.rows
        width = block.shape[1]
        totals = _widened(totals, width)
        totals[0, :width] += np.bincount(block.indices, minlength=width)
        totals[1, :width] += np.bincount(block.indices, block.data, width).astype(np.int64)
        documents += block.shape[0]
        short += counted.short
        stop_words += counted.stop_words
        if keep:
            rows.append(block)
    totals = _widened(totals, len(counter.lexicon.numbering) + 1)
    return Collected(counter, rows, totals[0], totals[1], documents, Dropped(short, stop_words))


def _widened(totals: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    if width <= totals.shape[1]:
        return totals
    return np.pad(totals, ((0, 0), (0, width + width // 2 - totals.shape[1])))


def learn(found: Collected) -> tuple[Statistics, NDArray[np.int32]]:
    """The statistics of what was collected, and `(N + 1,)` the row in them of each number."""
    counter = found.counter
    names = name_terms(counter.lexicon, counter.joint, counter.longest)
    order = names.sorted(found.present())
    statistics = Statistics(
        names.of(order),
        found.document_frequency[order],
        found.term_frequency[order],
        found.documents,
        found.dropped,
    )
    rows = np.full(len(found.document_frequency), -1, np.int32)
    rows[order] = np.arange(len(order))
    return statistics, rows


def recount(found: Collected, rows: NDArray[np.int32], terms: StringArray) -> Statistics:
    """The statistics of `terms` alone; `rows` says which of them each number is, or -1."""
    known = np.flatnonzero(rows >= 0)
    totals = np.zeros((2, len(terms)), np.int64)
    totals[0, rows[known]] = found.document_frequency[known]
    totals[1, rows[known]] = found.term_frequency[known]
    unknown = int(found.term_frequency.sum() - totals[1].sum())
    dropped = found.dropped._replace(unknown=unknown)
    return Statistics(terms, totals[0], totals[1], found.documents, dropped)


def columns_of(found: Collected, vocabulary: Mapping[str, int]) -> NDArray[np.int32]:
    """`(N + 1,)` the column of every number, -1 for what is not in the vocabulary."""
    counter, present = found.counter, found.present()
    names = name_terms(counter.lexicon, counter.joint, counter.longest).of(present)
    columns = np.full(len(found.document_frequency), -1, np.int32)
    columns[present] = [vocabulary.get(name, -1) for name in decode(names)]
    return columns
