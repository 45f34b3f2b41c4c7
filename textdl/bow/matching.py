"""Matching: the most similar pairs of texts of two lists, and near-duplicates of one.

Texts are rows of length 1, of TF-IDF weights of character n-grams unless a vectorizer says
otherwise, and similarity is their cosine. No matrix of all pairs is ever held: rows are multiplied
block by block, and of a block only the pairs that can be answers are kept.

Where a high similarity of at least t is asked for, most of the work is saved. Let x = p + s, where
p has the terms that most documents share. By Cauchy and Schwarz p . y <= |p| for every y of length
1. If |p| < t, then each y with x . y >= t has a term in common with s, so that only the products
with the rare terms of s are computed for all y, and x . y for the few that are left.

References:
    Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search" (the bound).
    Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data cleaning".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from textdl.bow.bm25 import BM25Vectorizer
from textdl.bow.count import CountVectorizer
from textdl.bow.engine.matrix import normalize_rows
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfVectorizer
from textdl.errors import ParameterError
from textdl.parameters import check_topn

AnyVectorizer: TypeAlias = CountVectorizer | TfidfVectorizer | BM25Vectorizer | HashingVectorizer

_PUNCTUATION = re.compile(r"[^\w\s]|_")
_PRODUCTS_PER_BLOCK = 1 << 21  # of two entries; no block has more pairs than that
_PAIRS_PER_BLOCK = 1 << 16  # whose cosines are computed one by one
# By which the best of a row are told from the rest.
_LEVELS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
_ROUNDING = 1e-9  # by which two sums of the same products may differ
_SPLIT_FROM = 0.7  # the least t at which looking for candidates pays
_LARGEST_PREFIX = 0.75  # of t: the closer |p| is to it, the fewer products, but more candidates


class SimilarPairs(NamedTuple):
    """Pairs of rows, those of one row together, the most similar first."""

    first: NDArray[np.int64]  # (m,) in ascending order
    second: NDArray[np.int64]  # (m,)
    similarity: NDArray[np.float64]  # (m,) cosines above 0


def match_texts(
    first: Sequence[str],
    second: Sequence[str] | None = None,
    topn: int = 1,
    min_similarity: float = 0.0,
    *,
    vectorizer: AnyVectorizer | None = None,
) -> SimilarPairs:
    """For each text the most similar ones of another list, as for names that are spelled variously.

    Args:
        first: texts.
        second: texts; None: the others of `first`.
        topn: at most so many for each; texts without a term in common do not match.
        min_similarity: at least so much; the more is asked for, the faster.
        vectorizer: makes the rows, and is fitted to both lists; by default TF-IDF of the runs of
            three characters within words, lower-cased and without punctuation.

    Returns:
        Pairs of positions in the lists, by position in `first` and then by falling similarity.

    Raises:
        ParameterError: a list is empty or not one of texts, `topn` is below 1, or `min_similarity`
            is not from 0 to 1.

    Example:
        >>> found = match_texts(["Acme Corp.", "Globex"], ["globex inc", "ACME corporation"])
        >>> list(zip(found.first.tolist(), found.second.tolist()))
        [(0, 1), (1, 0)]
    """
    rows = _fitted_rows(first, second, vectorizer)
    if second is None:
        return match_rows(rows, None, topn, min_similarity)
    return match_rows(rows[: len(first)], rows[len(first) :], topn, min_similarity)


def match_rows(
    first: Any, second: Any | None = None, topn: int = 1, min_similarity: float = 0.0
) -> SimilarPairs:
    """For each row of a sparse matrix the rows of another of highest cosine.

    Args:
        first: `(N, terms)` sparse.
        second: `(M, terms)` sparse, of the same columns; None: the other rows of `first`.
        topn: at most so many for each row; rows without a term in common do not match.
        min_similarity: at least so much.

    Returns:
        Pairs, by row of `first` and then by falling similarity, ties in the order of `second`.

    Raises:
        ParameterError: the columns differ, `topn` is below 1, or `min_similarity` is not from 0
            to 1.

    Example:
        >>> rows = sparse.csr_array([[1.0, 1, 0], [0, 1, 1], [2, 2, 0]])
        >>> match_rows(rows).second.tolist()
        [2, 0, 0]
    """
    topn = check_topn(topn)
    search = _PairSearch(first, second, min_similarity)
    return _concatenated([_best(pairs, topn) for pairs in search.blocks(topn)])


def group_duplicates(
    texts: Sequence[str],
    min_similarity: float = 0.9,
    *,
    vectorizer: AnyVectorizer | None = None,
) -> NDArray[np.int64]:
    """For each text the first one of its group of near-duplicates.

    Texts are of one group if they are equal, or if a chain of pairs that are similar enough leads
    from one to the other.

    Args:
        texts: to be compared.
        min_similarity: of two texts that are near-duplicates.
        vectorizer: as in `match_texts`.

    Returns:
        `(N,)` positions; where a text is its own first one, keep it.

    Raises:
        ParameterError: the list is empty or not one of texts, or `min_similarity` is not above 0
            and at most 1.

    Example:
        >>> texts = ["the cat sat on the mat", "a dog", "the cat sat on the mat."]
        >>> group_duplicates(texts).tolist()
        [0, 1, 0]
    """
    if not min_similarity > 0:
        raise ParameterError(
            f"min_similarity is {min_similarity!r}, expected above 0: all texts are as similar as 0"
        )
    check_texts(texts)
    first_of: dict[str, int] = {}
    firsts = np.array([first_of.setdefault(text, place) for place, text in enumerate(texts)])
    distinct = list(first_of)
    search = _PairSearch(_fitted_rows(distinct, None, vectorizer), None, min_similarity)
    groups = np.arange(len(distinct))
    for pairs in search.blocks():
        groups = _joined(groups, pairs)
    place_of = np.array(list(first_of.values()))  # of distinct texts
    group_of = dict(zip(place_of.tolist(), place_of[groups].tolist(), strict=True))
    return np.array([group_of[place] for place in firsts.tolist()], dtype=np.int64)


def spelling_vectorizer(
    analyzer: str = "char_wb", ngram_range: tuple[int, int] = (3, 3)
) -> TfidfVectorizer:
    """The vectorizer of `match_texts`: TF-IDF of runs of characters, in any case, no punctuation.

    Example:
        >>> rows = spelling_vectorizer().fit_transform(["ACME", "A.C.M.E."])
        >>> bool((rows[[0]] != rows[[1]]).nnz)
        False
    """
    return TfidfVectorizer(analyzer=analyzer, ngram_range=ngram_range, preprocessor=_fold_spelling)


def _fold_spelling(text: str) -> str:
    return _PUNCTUATION.sub("", text.lower())


def check_texts(texts: Sequence[str]) -> None:
    """Refuse what is not a list of texts.

    Raises:
        ParameterError: it is empty, or not a list of texts.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Sequence | np.ndarray):
        raise ParameterError(f"got a {type(texts).__name__}; pass a list of texts")
    if not len(texts):
        raise ParameterError("the list of texts is empty; pass at least one")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ParameterError(
                f"item {place:,} is a {type(text).__name__}; pass a list of texts as str"
            )


def _fitted_rows(
    first: Sequence[str], second: Sequence[str] | None, vectorizer: AnyVectorizer | None
) -> Any:
    """The rows of all texts, one list after the other."""
    for texts in (first,) if second is None else (first, second):
        check_texts(texts)
    if vectorizer is None:
        vectorizer = spelling_vectorizer()
    return vectorizer.fit_transform(list(chain(first, second or ())))


class _PairSearch:
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

    def blocks(self, topn: int | None = None) -> Iterator[SimilarPairs]:
        """The pairs, block by block of rows of `first`.

        Args:
            topn: pairs that cannot be among so many best of their row may be left out.

        Yields:
            Pairs in no order within the block.
        """
        is_split = self._min_similarity >= _SPLIT_FROM
        prefix = _LARGEST_PREFIX * self._min_similarity if is_split else 0.0
        parts = _split(self._queries, self._frequency, prefix)
        for begin, end in _limits(parts.rare, self._frequency):
            products = sparse.csr_array(parts.rare[begin:end] @ self._by_term)
            row = np.repeat(np.arange(begin, end), np.diff(products.indptr))
            pairs = SimilarPairs(row, products.indices, products.data)
            # What the frequent terms may add is at most |p|.
            floor = np.maximum(self._min_similarity - parts.prefix_norms - _ROUNDING, 0)
            pairs = _take(pairs, (pairs.similarity >= floor[row]) & (pairs.similarity > 0))
            if self._is_within:
                pairs = _take(pairs, pairs.first != pairs.second)
            if is_split:
                pairs = pairs._replace(similarity=self._cosines(pairs))
                pairs = _take(pairs, pairs.similarity >= self._min_similarity - _ROUNDING)
            elif topn is not None:
                pairs = _take(pairs, _may_be_best(pairs.first - begin, pairs.similarity, topn))
            yield pairs._replace(
                second=pairs.second.astype(np.int64),
                similarity=np.minimum(pairs.similarity, 1.0),
            )

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


def _may_be_best(
    row: NDArray[np.int64], similarity: NDArray[np.float64], count: int
) -> NDArray[np.bool_]:
    """Which pairs may be among the best `count` of their row: few more than that, and no sorting.

    Args:
        row: `(m,)` numbers from 0.
        similarity: `(m,)`.
        count: how many are asked for.

    Returns:
        `(m,)`.
    """
    floor = np.zeros(int(row.max(initial=0)) + 1)
    for level in _LEVELS:
        reaching = np.bincount(row[similarity >= level], minlength=len(floor))
        floor[reaching >= count] = level
    may_be: NDArray[np.bool_] = similarity >= floor[row]
    return may_be


def _limits(rows: sparse.csr_array, frequency: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The first row of each block whose products are few enough, and the one after its last."""
    products = np.concatenate([[0], np.cumsum(frequency[rows.indices])])
    work = products[rows.indptr]  # before each row
    begin = 0
    while begin < rows.shape[0]:
        end = int(np.searchsorted(work, work[begin] + _PRODUCTS_PER_BLOCK, side="right")) - 1
        end = max(begin + 1, end)
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


def _joined(groups: NDArray[np.int64], pairs: SimilarPairs) -> NDArray[np.int64]:
    """Groups `(N,)`, named by their first members, after pairs were joined."""
    size = len(groups)
    start = np.concatenate([pairs.first, np.arange(size)])
    end = np.concatenate([pairs.second, groups])
    edges = sparse.coo_array((np.ones(len(start), np.int8), (start, end)), shape=(size, size))
    _, component = csgraph.connected_components(edges, directed=False)
    _, first = np.unique(component, return_index=True)
    named: NDArray[np.int64] = first[component].astype(np.int64)
    return named
