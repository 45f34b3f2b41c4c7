"""What finds the nearest rows: all or some of them exactly, or an index approximately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.parameters import check_topn
from textdl.vectors.labeled import LabeledMatrix
from textdl.vectors.nearest import NearestRows, nearest


class Indexer(Protocol):
    """What finds nearest rows: all of them exactly, or an index approximately."""

    def search(self, queries: NDArray[np.float64], topn: int) -> NearestRows:
        """The `topn` rows of highest cosine with unit vectors `(Q, D)`, or fewer."""
        ...


class ExactSearch(NamedTuple):
    """Compares a query with every row, or with some rows."""

    matrix: NDArray[np.float32]  # (S, D), rows that are searched
    norms: NDArray[np.float32]  # (S,)
    rows: NDArray[np.int64] | None = None  # (S,) their numbers; None: 0 to S - 1

    def search(self, queries: NDArray[np.float64], topn: int) -> NearestRows:
        """The `topn` rows of highest cosine, ties in their order."""
        nothing = np.empty((len(queries), 0), np.int64)
        found = nearest(self.matrix, self.norms, queries, topn, nothing)
        return found if self.rows is None else found._replace(rows=self.rows[found.rows])


def exact_search(
    vectors: LabeledMatrix,
    restrict_vocab: int | None = None,
    candidates: Sequence[str] | None = None,
) -> ExactSearch:
    """The rows that may be an answer.

    Args:
        vectors: of which some may be.
        restrict_vocab: only so many of the first rows.
        candidates: only these words.

    Returns:
        What searches them.

    Raises:
        UnknownWordError: a candidate has no row.
        ParameterError: both restrictions are given, the number is below 1, or the list is empty or
            names a word twice.
    """
    if candidates is None:
        if restrict_vocab is None:
            return ExactSearch(vectors.matrix, vectors.norms)
        count = check_topn(restrict_vocab, "restrict_vocab")
        return ExactSearch(vectors.matrix[:count], vectors.norms[:count])
    if restrict_vocab is not None:
        raise ParameterError("restrict_vocab and candidates were both given; choose one")
    rows = np.sort(vectors.rows_with_labels(candidates))
    if not len(rows):
        raise ParameterError("candidates is empty; name at least one word, or leave it out")
    repeated = rows[1:][rows[1:] == rows[:-1]]
    if len(repeated):
        raise ParameterError(
            f'candidates name "{vectors.labels[int(repeated[0])]}" twice; name every word once'
        )
    return ExactSearch(vectors.matrix[rows], vectors.norms[rows], rows)


def choose_search(
    vectors: LabeledMatrix,
    restrict_vocab: int | None,
    candidates: Sequence[str] | None,
    indexer: Indexer | None,
) -> Indexer:
    """What a query asked for.

    Args:
        vectors: that are searched.
        restrict_vocab: only so many of the first rows.
        candidates: only these words.
        indexer: of all rows; None: an exact search.

    Returns:
        What searches.

    Raises:
        ParameterError: there are an indexer and a restriction.
    """
    if indexer is None:
        return exact_search(vectors, restrict_vocab, candidates)
    if restrict_vocab is not None or candidates is not None:
        raise ParameterError("an indexer searches all rows; leave out the restriction, or it")
    return indexer
