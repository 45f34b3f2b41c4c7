"""Approximate search: an index of vectors that looks at some rows, not at all.

The index is a graph of neighbors (HNSW) by usearch, an extra; it says which rows are near, and
their cosines are computed here, exactly. `recall` measures how many of the true neighbors it finds.

Reference: Malkov and Yashunin 2018, "Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.keyed_random import SAMPLED_WORDS, permutation
from textdl.parameters import check_topn
from textdl.vectors import query
from textdl.vectors.labeled import NO_ROW, LabeledMatrix
from textdl.vectors.nearest import NearestRows, nearest

_QUERIES_PER_BLOCK = 1 << 10
_ROWS_PER_BLOCK = 1 << 14  # that are added at a time


class ApproximateIndex:
    """An index of vectors, for `most_similar(..., indexer=index)`; needs the package usearch.

    Args:
        vectors: that are searched; every row with a direction is in the index.
        connectivity: neighbors of each row in the graph; more take more memory, and find more.
        expansion: rows that a search keeps in mind; more take longer, and find more.
        threads: that build it; 0: every core. The graph, and so what is found, depends on them.

    Raises:
        ParameterError: usearch is not installed, a number is below 1, or all vectors are zero.
    """

    def __init__(
        self,
        vectors: LabeledMatrix,
        *,
        connectivity: int = 16,
        expansion: int = 128,
        threads: int = 0,
    ) -> None:
        try:
            from usearch.index import Index  # an extra
        except ImportError:
            raise ParameterError(
                "an approximate index needs usearch; install it: pip install 'textdl[approximate]'"
            ) from None
        self._vectors = vectors
        self._index = Index(
            ndim=vectors.vector_size,
            metric="cos",
            dtype="f32",
            connectivity=check_topn(connectivity, "connectivity"),
            expansion_add=check_topn(expansion, "expansion"),
            expansion_search=expansion,
        )
        rows = np.flatnonzero(vectors.norms > 0)
        if not len(rows):
            raise ParameterError("every vector is zero; an index needs one with a direction")
        for begin in range(0, len(rows), _ROWS_PER_BLOCK):
            block = rows[begin : begin + _ROWS_PER_BLOCK]
            unit = query.normalize(vectors.matrix[block]).astype(np.float32)
            self._index.add(block.astype(np.uint64), unit, threads=threads)

    def __len__(self) -> int:
        return len(self._index)

    def search(self, queries: NDArray[np.float64], topn: int) -> NearestRows:
        """Rows of high cosine with each query, best first; -1 where fewer were found.

        Args:
            queries: `(Q, D)` unit vectors.
            topn: how many rows, at most.

        Returns:
            The rows, and their exact cosines.
        """
        count = min(check_topn(topn), len(self))
        found = NearestRows(
            np.full((len(queries), count), NO_ROW, np.int64), np.full((len(queries), count), -2.0)
        )
        for begin in range(0, len(queries), _QUERIES_PER_BLOCK):
            block = slice(begin, begin + _QUERIES_PER_BLOCK)
            some = queries[block]
            matches: Any = self._index.search(some.astype(np.float32), count)
            # One query comes back without the axis of queries.
            rows = np.asarray(matches.keys).astype(np.int64).reshape(len(some), -1)
            counts = np.asarray(getattr(matches, "counts", [rows.shape[1]]))
            for number, known in enumerate(counts.tolist()):
                answer = _ranked(self._vectors.matrix, rows[number, :known], some[number])
                found.rows[begin + number, :known] = answer.rows
                found.similarities[begin + number, :known] = answer.similarities
        return found

    def recall(self, topn: int = 10, words: int = 1_000) -> float:
        """The share of true nearest neighbors that are found, over a sample of words.

        Args:
            topn: neighbors of each word, itself among them.
            words: how many are sampled, the same ones every time.

        Returns:
            From 0 to 1.

        Raises:
            ParameterError: a number is below 1.
        """
        sampled = permutation(len(self._vectors), 0, SAMPLED_WORDS)[: check_topn(words, "words")]
        queries = query.normalize(self._vectors.matrix[np.sort(sampled)])
        queries = queries[np.linalg.norm(queries, axis=1) > 0]
        if not len(queries):
            return 1.0
        nothing = np.empty((len(queries), 0), np.int64)
        count = min(check_topn(topn), len(self))
        exact = nearest(self._vectors.matrix, self._vectors.norms, queries, count, nothing)
        found = self.search(queries, count)
        # Rows that tie with the last one are as right as it is.
        reached = found.similarities >= exact.similarities[:, -1:] - 1e-12
        return float(reached.mean())


def _ranked(
    matrix: NDArray[np.float32], rows: NDArray[np.int64], direction: NDArray[np.float64]
) -> NearestRows:
    """Rows in the order of their cosines with a direction, ties in the order of rows."""
    cosines = query.cosines(matrix[rows], direction)
    order = np.lexsort((rows, -cosines))
    return NearestRows(rows[order], cosines[order])
