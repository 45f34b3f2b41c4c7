"""Tied rows: a table whose rows are means of rows of another, larger table.

The vector of a word is the mean of the vectors of its subwords, many of which it shares with other
words. To look all of them up in every step would cost many times what the step costs. But the mean
is linear: a step that moves each subword of a word by d moves the word by d. So for a round the
words are trained as rows of their own, and in the end the change of each word is *spread*: it is
added to every one of its subwords. Only what words with common subwords do to each other waits for
the end of the round, as what the workers do to each other waits for it.

Changes of words that share a subword start from the same point, and their sum overshoots as that of
workers does. A subword takes the share of the sum that its words would have covered one after the
other (update damping): with n_w updates of word w in a round,

    (1 - exp(-κ Σ_w n_w)) / Σ_w (1 - exp(-κ n_w))

The larger table lives on the host. What is done to it is a product with a sparse matrix, a small
part of a round, and an accelerator needs no memory for it.

References:
    Bojanowski et al. 2017, "Enriching word vectors with subword information", whose program looks
    the subwords up at every pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# κ of `textdl.embed.update`: smaller than that of merges, for words with a common subword pull it
# to different places. As measured on wiki17m (scripts/README.md).
SPREAD_KAPPA = 1e-4
SPREAD_LIMIT = 0.75  # the length by which a row of the larger table may move in a round

Map: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


class Tie(NamedTuple):
    """Which rows of a larger table each row of a table is the mean of."""

    source: str  # the larger table
    offsets: NDArray[np.int64]  # (rows + 1,)
    parts: NDArray[np.int32]  # (n,); those of row r are `parts[offsets[r]:offsets[r + 1]]`


class TiedRows(NamedTuple):
    """Some rows of a tied table, and how they hang on the larger one; in pieces, one per thread."""

    means: list[csr_array]  # (C / pieces, source_rows) each
    spread: list[csr_array]  # (used / pieces, C) each
    used: list[NDArray[np.int32]]  # (used / pieces,) each, rows of the larger table


class TiedTable:
    """A tied table, and how much of its changes each row of the larger table takes.

    Args:
        tie: what is tied to what.
        source_rows: of the larger table.
        updates: `(rows,)` of each row of the tied table in a round, in expectation.
        pieces: into which work is cut.
    """

    def __init__(
        self, tie: Tie, source_rows: int, updates: NDArray[np.float64], pieces: int
    ) -> None:
        self.source = tie.source
        self._pieces = pieces
        self._parts = _parts_of(tie, source_rows)
        of_source = self._parts.T
        together = -np.expm1(-SPREAD_KAPPA * (of_source @ updates))
        one_by_one = of_source @ -np.expm1(-SPREAD_KAPPA * updates)
        #: `(source_rows,)` what each row of the larger table takes of a change.
        self.shares = np.ones(source_rows, np.float32)
        np.divide(together, one_by_one, out=self.shares, where=one_by_one > 0, casting="unsafe")

    def prepare(self, rows: NDArray[np.int32]) -> TiedRows:
        """How some rows hang on the larger table.

        Args:
            rows: `(C,)`; a number beyond the table stands for no row.
        """
        parts = self._parts[np.minimum(rows, self._parts.shape[0] - 1)]
        means = _means_of(parts)
        spread = parts.T.tocsr()  # (source_rows, C)
        used = np.flatnonzero(np.diff(spread.indptr)).astype(np.int32)
        spread = spread[used]
        spread.data *= np.repeat(self.shares[used], np.diff(spread.indptr))
        return TiedRows(
            [means[piece] for piece in _cut(parts.shape[0], self._pieces)],
            [spread[piece] for piece in _cut(len(used), self._pieces)],
            [used[piece] for piece in _cut(len(used), self._pieces)],
        )


def tied_means(source: NDArray[np.float32], tie: Tie) -> NDArray[np.float32]:
    """All rows of a tied table.

    Args:
        source: `(source_rows, D)` the larger table.
        tie: what is tied to what.

    Returns:
        `(rows, D)`.

    Example:
        >>> tie = Tie("letters", np.array([0, 2, 3]), np.array([0, 1, 1], np.int32))
        >>> tied_means(np.array([[1.0], [3.0]], np.float32), tie).tolist()
        [[2.0], [3.0]]
    """
    means: NDArray[np.float32] = _means_of(_parts_of(tie, len(source))) @ source
    return means


def compose(source: NDArray[np.float32], rows: TiedRows, run: Map = map) -> NDArray[np.float32]:
    """The means that some rows of a tied table are.

    Args:
        source: `(source_rows, D)` the larger table.
        rows: which.
        run: applies a function to pieces, such as `Executor.map`.

    Returns:
        `(C, D)`.

    Example:
        >>> tie = Tie("letters", np.array([0, 2, 3]), np.array([0, 1, 1], np.int32))
        >>> tied = TiedTable(tie, 2, np.zeros(2), pieces=1)
        >>> rows = tied.prepare(np.array([0, 1], np.int32))
        >>> compose(np.array([[1.0], [3.0]], np.float32), rows).tolist()
        [[2.0], [3.0]]
    """
    return np.concatenate(list(run(lambda means: means @ source, rows.means)))


def spread(
    source: NDArray[np.float32],
    rows: TiedRows,
    changes: NDArray[np.float32],
    run: Map = map,
) -> None:
    """Add the changes of some rows of a tied table to what they are means of, in place.

    Args:
        source: `(source_rows, D)` the larger table.
        rows: which.
        changes: `(C, D)`.
        run: applies a function to pieces, such as `Executor.map`.

    Example:
        >>> tie = Tie("letters", np.array([0, 2, 3]), np.array([0, 1, 1], np.int32))
        >>> tied = TiedTable(tie, 2, np.zeros(2), pieces=1)
        >>> rows = tied.prepare(np.array([0, 1], np.int32))
        >>> letters = np.zeros((2, 1), np.float32)
        >>> spread(letters, rows, np.array([[0.25], [0.5]], np.float32))
        >>> letters.tolist()
        [[0.25], [0.75]]
    """

    def move(piece: tuple[csr_array, NDArray[np.int32]]) -> None:
        matrix, used = piece
        moved = matrix @ changes  # (used / pieces, D)
        lengths = np.sqrt(np.einsum("nd,nd->n", moved, moved))
        moved *= (SPREAD_LIMIT / np.maximum(lengths, SPREAD_LIMIT))[:, None]
        source[used] += moved

    list(run(move, zip(rows.spread, rows.used, strict=True)))


def _parts_of(tie: Tie, source_rows: int) -> csr_array:
    """`(rows, source_rows)` 1 where a row of the larger table is a part of a row."""
    from scipy.sparse import csr_array  # slow to import, and of no use to models without ties

    ones = np.ones(len(tie.parts), np.float32)
    return csr_array((ones, tie.parts, tie.offsets), shape=(len(tie.offsets) - 1, source_rows))


def _means_of(parts: csr_array) -> csr_array:
    """The same, with rows that sum to 1."""
    counts = np.diff(parts.indptr)
    means = parts.copy()
    means.data /= np.repeat(counts, counts)
    return means


def _cut(size: int, pieces: int) -> list[slice]:
    """Slices of about the same size."""
    ends = [size * number // pieces for number in range(pieces + 1)]
    return [slice(*ends[number : number + 2]) for number in range(pieces)]
