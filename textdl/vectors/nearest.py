"""Nearest rows by cosine, as pure functions on arrays.

Axes: V rows, D dimensions, Q queries, E rows a query must not answer with, n answers.

Similarities are ranked twice. In single precision a product of some queries and some rows, a tile,
stays in the cache; of each group of its rows only the largest score is looked at. The n-th largest
of these is a floor under the n-th best row, and only groups that reach it are looked into. What is
left, every row that can still be among the best after rounding, is ranked in double precision. So
an answer depends neither on the tile it was computed in nor on the number of threads, and equal
rows come in the order of the file.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.vectors.query import normalize

_QUERIES_PER_TILE = 512
_SCORES_PER_TILE = 1 << 20  # 4 MB of float32
_ROWS_PER_TILE = (1 << 11, 1 << 16)  # of many queries, and of one
_ROWS_PER_GROUP = 32
_PAIRS_KEPT = 1 << 20  # candidates that are ranked at once; ties may make as many as there are rows
_PAIRS_PER_BLOCK = 1 << 12  # rows turned into float64 at a time
_FEW_QUERIES = 2  # whose products take BLAS not much less time than NumPy


class NearestRows(NamedTuple):
    """The best rows for each query, best first."""

    rows: NDArray[np.int64]  # (Q, n)
    similarities: NDArray[np.float64]  # (Q, n) in [-1, 1]


class _Pairs(NamedTuple):
    """Rows that may be among the best for a query."""

    query: NDArray[np.intp]  # (p,)
    row: NDArray[np.intp]  # (p,)
    score: NDArray[np.float32]  # (p,) cosine in single precision

    def take(self, chosen: NDArray[Any]) -> _Pairs:
        """Those of an index or a mask."""
        return _Pairs(self.query[chosen], self.row[chosen], self.score[chosen])


def nearest(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    queries: NDArray[np.float64],
    topn: int,
    excluded: NDArray[np.int64],
) -> NearestRows:
    """The `topn` rows of highest cosine with each query, ties in row order.

    Args:
        matrix: `(V, D)`.
        norms: `(V,)` lengths of its rows; a zero row has similarity 0 to everything.
        queries: `(Q, D)` unit vectors (or zero).
        topn: at least 1; fewer rows come back if there are fewer.
        excluded: `(Q, E)` distinct rows that may not answer a query.

    Returns:
        `n` rows for each query, best first, and their cosines.

    Raises:
        FileFormatError: `matrix` holds NaN or infinity (a mapped file is not scanned when opened).

    Example:
        >>> from textdl.vectors.query import row_norms
        >>> matrix = np.array([[1, 0], [0, 2], [3, 3]], dtype=np.float32)
        >>> nearest(matrix, row_norms(matrix), normalize(matrix[:1]), 2, np.array([[0]])).rows
        array([[2, 1]])
    """
    count = max(0, min(topn, len(matrix) - excluded.shape[1]))
    found = NearestRows(np.empty((len(queries), count), np.int64), np.empty((len(queries), count)))
    for begin in range(0, len(queries) if count else 0, _QUERIES_PER_TILE):
        block = slice(begin, begin + _QUERIES_PER_TILE)
        answers = _nearest_of_block(matrix, norms, queries[block], count, excluded[block])
        found.rows[block], found.similarities[block] = answers
    return found


def _nearest_of_block(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    queries: NDArray[np.float64],
    count: int,
    excluded: NDArray[np.int64],
) -> NearestRows:
    """What `nearest` answers to some queries; `count` rows each."""
    # A sum of D float32 products is off by at most D half units in the last place, two scores by
    # twice that; a few more for the rounding of query, norm and quotient.
    margin = (matrix.shape[1] + 8) * float(np.finfo(np.float32).eps)
    narrow = queries.astype(np.float32)
    fewest, most = _ROWS_PER_TILE
    size = min(max(_SCORES_PER_TILE // len(queries) & -_ROWS_PER_GROUP, fewest), most)
    best = np.full((len(queries), count), -np.inf, np.float32)  # maxima of groups
    kept: list[_Pairs] = []
    scores = np.empty((size, len(queries)), np.float32)
    for begin in range(0, len(matrix), size):
        tile = slice(begin, begin + size)
        rows = len(matrix[tile])
        _score(matrix[tile], norms[tile], narrow, out=scores[:rows])
        here = (excluded >= begin) & (excluded < begin + rows)
        scores[excluded[here] - begin, np.nonzero(here)[0]] = -np.inf
        groups = _grouped(scores[:rows], _group_size(size, count))  # (R / G, G, Q)
        maxima = _maxima(groups)  # (G, Q)
        if not maxima.max() < np.inf:
            raise _damaged_row(scores[:rows], begin)
        best = _largest(np.concatenate([best, maxima.T], axis=1), count)
        floor = np.maximum(best.min(axis=1) - margin, np.float32(-2.0))  # (Q,)
        kept.append(_reaching(groups, maxima, floor, begin))
        if sum(len(pairs.row) for pairs in kept) > _PAIRS_KEPT:
            kept = [_best_pairs(matrix, queries, _joined(kept, floor), count)]
    pairs = _best_pairs(matrix, queries, _joined(kept, floor), count)
    if len(pairs.row) < len(queries) * count:
        raise FileFormatError("the stored norms are wrong; the file is damaged: make it again")
    shape = len(queries), count
    exact = _exact(matrix, queries, pairs)
    return NearestRows(pairs.row.reshape(shape), exact.reshape(shape))


def _group_size(rows: int, count: int) -> int:
    """How many rows of a tile share a maximum: fewer where many answers are asked for.

    Returns:
        A power of two.
    """
    most = max(1, min(_ROWS_PER_GROUP, rows // (4 * count)))
    return 1 << (most.bit_length() - 1)


def _grouped(scores: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Scores `(R, Q)` as groups `(size, G, Q)`, each of every G-th row; missing rows have -inf."""
    rows, queries = scores.shape
    if missing := -rows % size:
        nothing = np.full((missing, queries), -np.inf, np.float32)
        scores = np.concatenate([scores, nothing])
    return scores.reshape(size, -1, queries)


def _maxima(groups: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest score of each group, `(size, G, Q) -> (G, Q)`; NaN where there is one.

    By halves, which the processor compares eight or sixteen at a time.
    """
    while (half := len(groups) // 2) > 0:
        groups = np.maximum(groups[:half], groups[half:])
    maxima: NDArray[np.float32] = groups[0]
    return maxima


def _reaching(
    groups: NDArray[np.float32],
    maxima: NDArray[np.float32],
    floor: NDArray[np.float32],
    begin: int,
) -> _Pairs:
    """The scores that reach the floor of their query.

    Args:
        groups: `(R / G, G, Q)`.
        maxima: `(G, Q)`, of the groups.
        floor: `(Q,)`.
        begin: the first row of the tile.
    """
    group, query = np.nonzero(maxima >= floor)
    scores = groups[:, group, query]  # (R / G, g)
    place, chosen = np.nonzero(scores >= floor[query])
    row = begin + place * groups.shape[1] + group[chosen]
    return _Pairs(query[chosen], row, scores[place, chosen])


def _joined(kept: list[_Pairs], floor: NDArray[np.float32]) -> _Pairs:
    """All pairs that reach the last floor, which is the highest."""
    whole = _Pairs(*(np.concatenate(column) for column in zip(*kept, strict=True)))
    return whole.take(whole.score >= floor[whole.query])


def _best_pairs(
    matrix: NDArray[np.float32], queries: NDArray[np.float64], pairs: _Pairs, count: int
) -> _Pairs:
    """The best `count` pairs of each query, by cosine in double precision, best first."""
    order = np.lexsort((pairs.row, -_exact(matrix, queries, pairs), pairs.query))
    query = pairs.query[order]
    place = np.arange(len(order)) - np.searchsorted(query, query)  # among those of its query
    return pairs.take(order[place < count])


def _score(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    queries: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Write single-precision cosines `(R, Q)`.

    Args:
        matrix: `(R, D)`.
        norms: `(R,)`.
        queries: `(Q, D)`.
        out: what is written.
    """
    lengths = np.where(norms > 0, norms, np.float32(1))
    with np.errstate(all="ignore"):
        _multiply(matrix, queries, out)
        out /= lengths[:, None]


def _damaged_row(scores: NDArray[np.float32], begin: int) -> FileFormatError:
    """Of a tile with scores that are not finite, whose rows begin at `begin`."""
    row = begin + int(np.argmin((scores < np.inf).all(axis=1)))
    return FileFormatError(
        f"row {row:,} of the vectors is not finite, or its stored norm is wrong; the file is "
        "damaged: make it again"
    )


def _multiply(
    matrix: NDArray[np.float32], queries: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write inner products `(R, Q)`: by BLAS, one thread at a time.

    BLAS spreads a product over all cores. Where several threads of a program ask for that at once,
    its own threads take the cores from each other, and a query takes many times as long. A few
    queries do not wait for their turn, but are computed by this thread alone.

    Args:
        matrix: `(R, D)`.
        queries: `(Q, D)`.
        out: what is written.
    """
    if _blas.acquire(blocking=len(queries) > _FEW_QUERIES):
        try:
            np.matmul(matrix, queries.T, out=out)
        finally:
            _blas.release()
    else:
        np.einsum("rd,qd->rq", matrix, queries, out=out)


def _renew_lock() -> None:
    global _blas
    _blas = Lock()


_blas = Lock()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)  # its holder may be gone


def _largest(scores: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The `count` largest scores of each row, in any order."""
    cut = scores.shape[1] - count
    return np.partition(scores, cut, axis=1)[:, cut:]


def _exact(
    matrix: NDArray[np.float32], queries: NDArray[np.float64], pairs: _Pairs
) -> NDArray[np.float64]:
    """The cosine of each pair, in double precision."""
    exact = np.empty(len(pairs.row), dtype=np.float64)
    for begin in range(0, len(exact), _PAIRS_PER_BLOCK):
        some = slice(begin, begin + _PAIRS_PER_BLOCK)
        rows = normalize(matrix[pairs.row[some]])
        exact[some] = np.einsum("pd,pd->p", rows, queries[pairs.query[some]])
    return np.clip(exact, -1.0, 1.0)
