"""The documents nearest to a text, by cosine or by any other sum over shared terms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.bow.matrix import is_mostly_empty
from textdl.bow.weighting import scaled
from textdl.errors import ParameterError
from textdl.vectors.query import NearestRows

_SCORES_A_BLOCK = 1 << 22


def nearest_documents(queries: Any, documents: Any, topn: int = 10) -> NearestRows:
    """The `topn` documents of highest cosine with each query, ties in the order of documents.

    Args:
        queries: `(Q, terms)` sparse.
        documents: `(D, terms)` sparse, of the same columns.
        topn: at least 1; fewer come back if there are fewer documents.

    Raises:
        ParameterError: the columns differ, or `topn` is below 1.

    Example:
        >>> rows = sparse.csr_array([[1.0, 1, 0], [0, 1, 1], [2, 2, 0]])
        >>> nearest_documents(sparse.csr_array([[1, 1, 0]]), rows, topn=2).rows.tolist()
        [[0, 2]]
    """
    return best_documents(_unit(queries), _unit(documents), topn)


def best_documents(queries: Any, documents: Any, topn: int = 10) -> NearestRows:
    """The `topn` documents of highest inner product with each query, as BM25 weights ask for.

    Arguments and errors are those of `nearest_documents`.
    """
    if queries.shape[1] != documents.shape[1]:
        raise ParameterError(
            f"the queries have {queries.shape[1]:,} columns, the documents {documents.shape[1]:,}; "
            "make both with one vectorizer"
        )
    if isinstance(topn, bool) or not isinstance(topn, int | np.integer) or topn < 1:
        raise ParameterError(f"topn is {topn!r}, expected a whole number from 1")
    count, size = min(int(topn), documents.shape[0]), queries.shape[0]
    queries, documents = _without_unused_columns(sparse.csr_array(queries), documents)
    by_term = sparse.csr_array(sparse.csr_array(documents).T)
    found = NearestRows(np.empty((size, count), np.int64), np.empty((size, count)))
    step = max(1, _SCORES_A_BLOCK // max(1, documents.shape[0]))
    rows = sparse.csr_array(queries, dtype=np.float64)
    for begin in range(0, size, step):
        block = slice(begin, begin + step)
        scores = (rows[block] @ by_term).toarray()  # (q, D)
        found.rows[block], found.similarities[block] = _best(scores, count)
    return found


def _without_unused_columns(queries: Any, documents: Any) -> tuple[Any, Any]:
    """Both in the columns that have an entry, where most have none."""
    documents = sparse.csr_array(documents)
    if not is_mostly_empty(documents.shape[1], queries.nnz + documents.nnz):
        return queries, documents
    used, columns = np.unique(
        np.concatenate([queries.indices, documents.indices]), return_inverse=True
    )
    narrow = [
        sparse.csr_array((matrix.data, part, matrix.indptr), shape=(matrix.shape[0], len(used)))
        for matrix, part in zip((queries, documents), np.split(columns, [queries.nnz]), strict=True)
    ]
    return narrow[0], narrow[1]


def _unit(matrix: Any) -> sparse.csr_array:
    rows = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    # scikit-learn does not scale what has no rows.
    return sparse.csr_array(scaled(rows, "l2")) if rows.shape[0] else rows


def _best(scores: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], Any]:
    """The columns of the highest scores of each row, and the scores."""
    if count < scores.shape[1]:
        # Those that tie with the last one stay candidates: the first of them is to win.
        floor = -np.partition(-scores, count - 1, axis=1)[:, count - 1 : count]
        scores = np.where(scores >= floor, scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(scores, order, axis=1)
