"""Nearest rows by cosine, and close spellings of a word without a row, as pure functions on arrays.

Axes: V rows, D dimensions, Q queries, E rows a query must not answer with, n answers.

Similarities are ranked twice: a single-precision product over all rows leaves every row that can
still be among the best after rounding, and double precision decides between those. So an answer
depends neither on the block it was computed in nor on the number of threads, and equal rows come
in the order of the file.
"""

from __future__ import annotations

import os
from difflib import SequenceMatcher
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.string_array import StringArray

_SCORES_PER_BLOCK = 1 << 23  # 32 MB of float32
_ROWS_PER_BLOCK = 1 << 16
_WIDE_ROWS_PER_BLOCK = 1 << 12  # rows turned into float64 at a time
_FEW_QUERIES = 2  # whose products take BLAS not much less time than NumPy

# Rows stand by falling count: a suggestion should be a word people know, and soon found.
_ROWS_SEARCHED = 200_000
_ROWS_COMPARED = 300
_LEAST_RATIO = 0.7
_LONGEST_WORD = 100


class NearestRows(NamedTuple):
    """The best rows for each query, best first."""

    rows: NDArray[np.int64]  # (Q, n)
    similarities: NDArray[np.float64]  # (Q, n) in [-1, 1]


def row_norms(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean length of each row, `(V, D)` to `(V,)`.

    Raises:
        ParameterError: a row holds NaN or infinity.
    """
    norms = np.empty(len(matrix), dtype=np.float32)
    for begin in range(0, len(matrix), _WIDE_ROWS_PER_BLOCK):
        rows = matrix[begin : begin + _WIDE_ROWS_PER_BLOCK].astype(np.float64)
        with np.errstate(over="ignore"):
            norms[begin : begin + _WIDE_ROWS_PER_BLOCK] = np.sqrt(np.einsum("vd,vd->v", rows, rows))
    finite = np.isfinite(norms)
    if not finite.all():
        raise ParameterError(
            f"row {int(np.argmin(finite)):,} holds NaN, infinity or too large a number; vectors "
            "must be finite: train with a lower learning rate or drop the row"
        )
    return norms


def normalize(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """`x / |x|` along the last axis; a zero vector stays zero.

    Raises:
        FileFormatError: a vector, which can only be one that is mapped from a file, is not finite.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    wide = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not np.isfinite(norms).all():
        raise FileFormatError(
            "a vector is not finite; the file it is from is damaged: make it again"
        )
    directions: NDArray[np.float64] = np.zeros_like(wide)
    np.divide(wide, norms, out=directions, where=norms > 0)
    return directions


def cosine(a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]]) -> float:
    """`a . b / (|a| |b|)`, 0 if either vector is zero."""
    return float(np.clip(normalize(a) @ normalize(b), -1.0, 1.0))


def combine(
    vectors: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """`normalize(Σ w_i x_i)`: `(..., n, D)` vectors and `(n,)` weights to `(..., D)` queries."""
    return normalize(np.einsum("n,...nd->...d", weights, vectors))


def odd_one_out(vectors: NDArray[np.floating[Any]]) -> int:
    """The row of `(n, D)` that is least similar to the mean of the unit rows."""
    directions = normalize(vectors)
    return int(np.argmin(directions @ normalize(directions.mean(axis=0))))


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
        >>> matrix = np.array([[1, 0], [0, 2], [3, 3]], dtype=np.float32)
        >>> nearest(matrix, row_norms(matrix), normalize(matrix[:1]), 2, np.array([[0]])).rows
        array([[2, 1]])
    """
    count = max(0, min(topn, len(matrix) - excluded.shape[1]))
    step = max(1, _SCORES_PER_BLOCK // max(1, min(_ROWS_PER_BLOCK, len(matrix))))
    found = NearestRows(np.empty((len(queries), count), np.int64), np.empty((len(queries), count)))
    for begin in range(0, len(queries) if count else 0, step):
        block = slice(begin, begin + step)
        some = queries[block]
        query, row = _candidates(matrix, norms, some, count, excluded[block])
        found.rows[block], found.similarities[block] = _rank(matrix, some, query, row, count)
    return found


def _candidates(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    queries: NDArray[np.float64],
    count: int,
    excluded: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (query, row) that contain the best `count` rows of each query, and few others."""
    # A sum of D float32 products is off by at most D half units in the last place, two scores by
    # twice that; a few more for the rounding of query, norm and quotient.
    margin = (matrix.shape[1] + 8) * float(np.finfo(np.float32).eps)
    pairs = []
    for begin in range(0, len(matrix), _ROWS_PER_BLOCK):
        rows = slice(begin, begin + _ROWS_PER_BLOCK)
        scores = _scores(matrix[rows], norms[rows], queries, begin)  # (Q, R)
        here = (excluded >= begin) & (excluded < begin + scores.shape[1])
        scores[np.nonzero(here)[0], excluded[here] - begin] = -np.inf
        floor = _largest(scores, count) - margin  # (Q,)
        query, row = np.nonzero(scores >= np.maximum(floor, -2.0)[:, None])
        pairs.append((query, row + begin))
    query, row = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return query, row


def _scores(
    matrix: NDArray[np.float32],
    norms: NDArray[np.float32],
    queries: NDArray[np.float64],
    begin: int,
) -> NDArray[np.float32]:
    """Single-precision cosines `(Q, R)`; `matrix` holds the rows from `begin` on."""
    with np.errstate(all="ignore"):
        scores = _products(matrix, queries.astype(np.float32))
        np.divide(scores, norms, out=scores, where=norms > 0)
    if not np.isfinite(scores.max()):
        row = begin + int(np.argmin(np.isfinite(scores).all(axis=0)))
        raise FileFormatError(
            f"row {row:,} of the vectors is not finite, or its stored norm is wrong; the file is "
            "damaged: make it again"
        )
    return scores


def _products(matrix: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Inner products `(Q, R)`: by BLAS, one thread at a time.

    BLAS spreads a product over all cores. Where several threads of a program ask for that at once,
    its own threads take the cores from each other, and a query takes many times as long. A few
    queries do not wait for their turn, but are computed by this thread alone.
    """
    if _blas.acquire(blocking=len(queries) > _FEW_QUERIES):
        try:
            return queries @ matrix.T
        finally:
            _blas.release()
    products: NDArray[np.float32] = np.einsum("rd,qd->qr", matrix, queries)
    return products


def _renew_lock() -> None:
    global _blas
    _blas = Lock()


_blas = Lock()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)  # its holder may be gone


def _largest(scores: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The `count`-th largest score of each row, or the least if there are fewer."""
    if count == 1:
        best: NDArray[np.float32] = scores.max(axis=1)
        return best
    cut = max(0, scores.shape[1] - count)
    return np.partition(scores, cut, axis=1)[:, cut]


def _rank(
    matrix: NDArray[np.float32],
    queries: NDArray[np.float64],
    query: NDArray[np.intp],
    row: NDArray[np.intp],
    count: int,
) -> NearestRows:
    """The best `count` of the candidates of each query, by cosine in double precision."""
    if np.bincount(query, minlength=len(queries)).min(initial=count) < count:
        raise FileFormatError("the stored norms are wrong; the file is damaged: make it again")
    exact = _exact(matrix, queries, query, row)
    order = np.lexsort((row, -exact, query))
    first = np.searchsorted(query[order], np.arange(len(queries)))  # where each query begins
    chosen = order[first[:, None] + np.arange(count)]  # (Q, n)
    return NearestRows(row[chosen], exact[chosen])


def _exact(
    matrix: NDArray[np.float32],
    queries: NDArray[np.float64],
    query: NDArray[np.intp],
    row: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Cosine of query `query[p]` and row `row[p]` for each pair p, in double precision."""
    exact = np.empty(len(row), dtype=np.float64)
    for begin in range(0, len(row), _WIDE_ROWS_PER_BLOCK):
        pairs = slice(begin, begin + _WIDE_ROWS_PER_BLOCK)
        exact[pairs] = np.einsum("pd,pd->p", normalize(matrix[row[pairs]]), queries[query[pairs]])
    return np.clip(exact, -1.0, 1.0)


# Spellings


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
