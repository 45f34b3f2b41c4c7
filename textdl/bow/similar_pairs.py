"""The most similar pairs of rows of sparse matrices, in bounded memory.

No matrix of all pairs is ever held: rows are multiplied block by block, and of a block only the
pairs that can be answers are kept. Where that is the best few of each row, `sparse_dot_topn` never
writes the others; where it is not installed, all are, and the answers are the same.

Where a high similarity of at least t is asked for, most of the work is saved. Let x = p + s, where
p has the terms that most documents share. By Cauchy and Schwarz p . y <= |p| for every y of length
1. If |p| < t, then each y with x . y >= t has a term in common with s, so that only the products
with the rare terms of s are computed for all y, and x . y for the few that are left.

References:
    Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search" (the bound).
    Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data cleaning".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.bow.engine.matrix import normalize_rows
from textdl.errors import ParameterError
from textdl.parallel import count_jobs

try:
    from sparse_dot_topn import sp_matmul_topn
except ImportError:  # it has no wheels for Linux on ARM
    sp_matmul_topn = None

_PRODUCTS_PER_BLOCK = 1 << 21  # of two entries; no block has more pairs than that
_PRODUCTS_PER_CALL = 1 << 26  # of sparse_dot_topn, which takes a tenth of a second for them
_PAIRS_PER_CALL = 1 << 21  # that it gives back
_PAIRS_PER_BLOCK = 1 << 16  # whose cosines are computed one by one
_ROUNDING = 1e-9  # by which two sums of the same products may differ
_SPLIT_FROM = 0.7  # the least t at which looking for candidates pays
_LARGEST_PREFIX = 0.75  # of t: the closer |p| is to it, the fewer products, but more candidates


class SimilarPairs(NamedTuple):
    """Pairs of rows, those of one row together, the most similar first."""

    first: NDArray[np.int64]  # (m,) in ascending order
    second: NDArray[np.int64]  # (m,)
    similarity: NDArray[np.float64]  # (m,) cosines above 0


class PairSearch:
    """Finds the pairs of rows whose cosine is above 0 and at least `min_similarity`.

    Args:
        first: `(N, terms)` sparse.
        second: `(M, terms)` sparse; None: the other rows of `first`.
        min_similarity: from 0 to 1.

    Raises:
        ParameterError: the columns differ, or the number is out of its range.
    """

    def __init__(self, first: Any, second: Any | None, min_similarity: float) -> None:
        if not 0 <= min_similarity <= 1:
            raise ParameterError(f"min_similarity is {min_similarity!r}, expected from 0 to 1")
        if second is not None and first.shape[1] != second.shape[1]:
            raise ParameterError(
                f"the rows have {first.shape[1]:,} and {second.shape[1]:,} columns; make both "
                "with one vectorizer"
            )
        self._is_within = second is None
        self._min_similarity = min_similarity
        self._queries = _normalized(first)
        self._documents = self._queries if second is None else _normalized(second)
        self._by_term = sparse.csr_array(self._documents.T)
        self._frequency = np.bincount(self._documents.indices, minlength=first.shape[1])

    def best(self, topn: int) -> SimilarPairs:
        """The best `topn` pairs of each row of `first`, in order."""
        if self._min_similarity >= _SPLIT_FROM or sp_matmul_topn is None:
            found = [_best(pairs, topn) for pairs in self.blocks()]
        else:
            limits = _limits(
                self._queries,
                self._frequency,
                _PRODUCTS_PER_CALL,
                max(1, _PAIRS_PER_CALL // min(topn, self._documents.shape[0] + 1)),
            )
            found = [self._best_of_block(begin, end, topn) for begin, end in limits]
        return _concatenated(found)

    def blocks(self) -> Iterator[SimilarPairs]:
        """The pairs, block by block of rows of `first`.

        Yields:
            Pairs in no order within the block.
        """
        is_split = self._min_similarity >= _SPLIT_FROM
        prefix = _LARGEST_PREFIX * self._min_similarity if is_split else 0.0
        parts = _split(self._queries, self._frequency, prefix)
        # What the frequent terms may add is at most |p|.
        floor = np.maximum(self._min_similarity - parts.prefix_norms - _ROUNDING, 0)
        for begin, end in _limits(parts.rare, self._frequency):
            rows = np.arange(begin, end)
            pairs = self._pairs_of(rows, parts.rare[begin:end], floor[begin:end])
            if is_split:
                pairs = pairs._replace(similarity=self._cosines(pairs))
                pairs = _take(pairs, pairs.similarity >= self._min_similarity - _ROUNDING)
            yield pairs._replace(similarity=np.minimum(pairs.similarity, 1.0))

    def _pairs_of(
        self, rows: NDArray[np.int64], queries: sparse.csr_array, floor: NDArray[np.float64]
    ) -> SimilarPairs:
        """All pairs of some rows whose product is above 0 and at least a floor of their row."""
        products = sparse.csr_array(queries @ self._by_term)
        place = np.repeat(np.arange(len(rows)), np.diff(products.indptr))
        is_enough = (products.data >= floor[place]) & (products.data > 0)
        return self._without_itself(
            SimilarPairs(
                rows[place[is_enough]],
                products.indices[is_enough].astype(np.int64),
                products.data[is_enough],
            )
        )

    def _without_itself(self, pairs: SimilarPairs) -> SimilarPairs:
        return _take(pairs, pairs.first != pairs.second) if self._is_within else pairs

    def _best_of_block(self, begin: int, end: int, topn: int) -> SimilarPairs:
        """The best pairs of the rows from `begin` to `end`, ties in the order of `second`.

        Of pairs that are as similar, `sparse_dot_topn` keeps any. So it is asked for one more than
        are wanted, and where that one is as similar as the last of those, all pairs of the row are
        looked at.
        """
        asked = topn + 1 + self._is_within  # which a row itself is one of
        found = sp_matmul_topn(
            sparse.csr_matrix(self._queries[begin:end]),
            sparse.csr_matrix(self._by_term),
            asked,
            threshold=max(self._min_similarity - _ROUNDING, 0.0),
            n_threads=count_jobs(None),
        )
        counts = np.diff(found.indptr)
        pairs = self._without_itself(
            SimilarPairs(
                np.repeat(np.arange(begin, end), counts),
                found.indices[: found.indptr[-1]].astype(np.int64),
                found.data[: found.indptr[-1]],
            )
        )
        best = _best(pairs, topn)
        last = _least_of_rows(best, begin, end)
        is_tied = (counts == asked) & (last <= _least_of_rows(pairs, begin, end) + _ROUNDING)
        parts = [_take(best, ~is_tied[best.first - begin])]
        tied = np.flatnonzero(is_tied)
        queries = self._queries[begin + tied]
        for some, after in _limits(queries, self._frequency):
            rows = tied[some:after]
            pairs = self._pairs_of(begin + rows, queries[some:after], last[rows] - _ROUNDING)
            parts.append(_best(pairs, topn))
        whole = _best(_concatenated(parts), topn)
        return whole._replace(similarity=np.minimum(whole.similarity, 1.0))

    def _cosines(self, pairs: SimilarPairs) -> NDArray[np.float64]:
        """The cosines of pairs, by all their terms."""
        cosines = np.empty(len(pairs.first))
        for begin in range(0, len(cosines), _PAIRS_PER_BLOCK):
            some = slice(begin, begin + _PAIRS_PER_BLOCK)
            queries = self._queries[pairs.first[some]]
            documents = self._documents[pairs.second[some]]
            cosines[some] = np.asarray(queries.multiply(documents).sum(axis=1)).ravel()
        return cosines


class _SplitRows(NamedTuple):
    """Rows x = p + s, where p has the most frequent terms."""

    rare: sparse.csr_array  # (n, terms), s
    prefix_norms: NDArray[np.float64]  # (n,), |p|


def _split(rows: sparse.csr_array, frequency: NDArray[np.int64], prefix: float) -> _SplitRows:
    """Rows without their most frequent terms, as many as have a length of at most `prefix`.

    Args:
        rows: `(N, terms)` of length 1.
        frequency: `(terms,)` in how many documents each term is.
        prefix: the largest |p|.

    Returns:
        What is left of the rows, and |p|.
    """
    if not prefix:
        return _SplitRows(rows, np.zeros(rows.shape[0]))
    owners = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    order = np.lexsort((-frequency[rows.indices], owners))
    sums = np.concatenate([[0.0], np.cumsum(rows.data[order] ** 2)])
    before = sums[rows.indptr[:-1]]
    norms = np.sqrt(np.maximum(sums[1:] - before[owners], 0))  # of a term and those before it
    is_frequent = norms <= prefix
    prefix_norms = np.zeros(rows.shape[0])
    np.maximum.at(prefix_norms, owners[is_frequent], norms[is_frequent])
    is_rare = np.ones(len(order), dtype=bool)
    is_rare[order[is_frequent]] = False
    counts = np.bincount(owners[is_rare], minlength=rows.shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    rare = sparse.csr_array((rows.data[is_rare], rows.indices[is_rare], indptr), shape=rows.shape)
    return _SplitRows(rare, prefix_norms)


def _least_of_rows(pairs: SimilarPairs, begin: int, end: int) -> NDArray[np.float64]:
    """The lowest similarity of each row from `begin` to `end`; infinity where it has no pair."""
    least = np.full(end - begin, np.inf)
    np.minimum.at(least, pairs.first - begin, pairs.similarity)
    return least


def _limits(
    rows: sparse.csr_array,
    frequency: NDArray[np.int64],
    most_products: int = _PRODUCTS_PER_BLOCK,
    most_rows: int | None = None,
) -> Iterator[tuple[int, int]]:
    """The first row of each block whose products are few enough, and the one after its last.

    Args:
        rows: `(N, terms)`, that are multiplied.
        frequency: `(terms,)` products that an entry of each term makes.
        most_products: of a block of several rows.
        most_rows: of a block; None: any number.

    Yields:
        The limits of the blocks, in order.
    """
    products = np.concatenate([[0], np.cumsum(frequency[rows.indices])])
    work = products[rows.indptr]  # before each row
    begin = 0
    while begin < rows.shape[0]:
        end = int(np.searchsorted(work, work[begin] + most_products, side="right")) - 1
        end = max(begin + 1, end if most_rows is None else min(end, begin + most_rows))
        yield begin, end
        begin = end


def _normalized(matrix: Any) -> sparse.csr_array:
    rows = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    return sparse.csr_array(normalize_rows(rows, "l2")) if rows.shape[0] else rows


def _take(pairs: SimilarPairs, chosen: NDArray[Any]) -> SimilarPairs:
    """The pairs of an index or a mask."""
    return SimilarPairs(*(column[chosen] for column in pairs))


def _best(pairs: SimilarPairs, count: int) -> SimilarPairs:
    """The best `count` pairs of each row, in order, ties by the second row."""
    order = np.lexsort((pairs.second, -pairs.similarity, pairs.first))
    row = pairs.first[order]
    place = np.arange(len(order)) - np.searchsorted(row, row)  # among those of its row
    return _take(pairs, order[place < count])


def _concatenated(blocks: Sequence[SimilarPairs]) -> SimilarPairs:
    empty = SimilarPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return SimilarPairs(*(np.concatenate(column) for column in zip(empty, *blocks, strict=True)))
