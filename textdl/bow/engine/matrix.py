"""Sparse matrices of counts: made of occurrences, put together, and weighed in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import get_config

from textdl.bow.engine.terms import Occurrences
from textdl.errors import DataError
from textdl.parallel import ordered_map
from textdl.text.hash_table import Ids

# A transposition goes over all terms that there are.
_TERMS_PER_OCCURRENCE = 16
_ENTRIES_PER_BATCH = 1 << 18

FLOATS = (np.float64, np.float32)

Weights: TypeAlias = NDArray[np.floating[Any]]


class TermCounts(NamedTuple):
    """How often terms occur in consecutive documents, term by term."""

    terms: Ids  # (n,) ids of the terms that occur, rising
    counts: sparse.csc_array  # (documents, n)

    def document_frequency(self) -> NDArray[np.int64]:
        """`(n,)` in how many documents each occurs."""
        found: NDArray[np.int64] = np.diff(self.counts.indptr)
        return found

    def term_frequency(self) -> NDArray[np.int64]:
        """`(n,)` how often each occurs."""
        if not len(self.terms):
            return np.zeros(0, np.int64)
        return np.add.reduceat(self.counts.data, self.counts.indptr[:-1], dtype=np.int64)

    def in_columns(
        self,
        columns: NDArray[np.int32],
        chosen: Ids,
        width: int,
        factors: NDArray[np.int32] | None = None,
    ) -> sparse.csr_array:
        """Rows of a matrix, in each of which columns never fall.

        Args:
            columns: `(m,)` of the matrix, never falling.
            chosen: `(m,)` the number of the term in each, from 0 to n - 1.
            width: columns of the matrix.
            factors: `(m,)` that multiply the counts of each.

        Returns:
            `(documents, width)`.
        """
        rows = self.counts[:, chosen].tocsr()
        data = rows.data if factors is None else rows.data * factors.take(rows.indices)
        entries = (data, columns.take(rows.indices), rows.indptr)
        return sparse.csr_array(entries, shape=(rows.shape[0], width))


def count_terms(occurrences: Occurrences, documents: int) -> TermCounts:
    """How often each term occurs in each document.

    A transposition sorts and adds up in linear time, which is several times as fast as sorting.

    Args:
        occurrences: in any order.
        documents: rows of the counts.

    Returns:
        The terms that occur, and their counts.
    """
    ids = occurrences.ids
    size = int(ids.max(initial=-1)) + 1
    present: Ids | None = None
    if size > _TERMS_PER_OCCURRENCE * len(ids):
        present, local = np.unique(ids, return_inverse=True)
        ids = local.astype(np.int32)
        size = len(present)
    coordinates = (occurrences.rows, ids)
    ones = np.ones(len(ids), np.int32)
    every = sparse.coo_array((ones, coordinates), (documents, size)).tocsc()  # adds up
    data = every.data
    if int(data.max(initial=0)) < 1 << 16:
        data = data.astype(np.uint16)
    # Columns without entries begin where the next one does.
    occurring = np.flatnonzero(np.diff(every.indptr)).astype(np.int32)
    pointers = np.append(every.indptr[occurring], every.indptr[-1])
    counts = sparse.csc_array((data, every.indices, pointers), shape=(documents, len(occurring)))
    return TermCounts(occurring if present is None else present, counts)


#: Rows of the matrix, of which each has its columns in order.
Place: TypeAlias = Callable[[TermCounts], sparse.csr_array]


def assemble(
    blocks: list[TermCounts],
    place: Place,
    width: int,
    dtype: np.dtype[np.generic],
    jobs: int,
) -> sparse.csr_array:
    """One matrix of all rows; empties `blocks`.

    Args:
        blocks: counts of consecutive documents.
        place: puts the terms of a block into the columns they belong to, sorted.
        width: columns of the matrix.
        dtype: of the counts.
        jobs: threads.

    Returns:
        `(documents, width)` counts.
    """
    most = sum(block.counts.nnz for block in blocks)  # what is not written to takes no memory
    index = np.int32 if most <= np.iinfo(np.int32).max else np.int64
    indices = np.empty(most, index)
    data = np.empty(most, dtype)
    lengths = [[0]]
    end = 0
    for block in ordered_map(place, _take_out(blocks), jobs):
        begin = end
        end += block.nnz
        indices[begin:end] = block.indices
        data[begin:end] = block.data
        lengths.append(np.diff(block.indptr))
    pointers = np.cumsum(np.concatenate(lengths), dtype=index)
    shape = (len(pointers) - 1, width)
    matrix = sparse.csr_array((data[:end], indices[:end], pointers), shape=shape)
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def count_term_lists(
    documents: Iterable[list[str]], index: Mapping[str, int], dtype: np.dtype[np.generic]
) -> sparse.csr_array:
    """The counts of documents that are lists of terms: for few of them, at a low fixed cost.

    Args:
        documents: their terms, with repetitions.
        index: the column of each term; others are left out.
        dtype: of the counts.

    Returns:
        `(documents, width)` counts, the columns of a row sorted.

    Example:
        >>> count_term_lists([["b", "a", "b", "z"]], {"a": 0, "b": 1}, np.dtype(float)).toarray()
        array([[1., 2.]])
    """
    indices: list[int] = []
    data: list[int] = []
    pointers = [0]
    for terms in documents:
        known = Counter(term for term in terms if term in index)
        row = sorted((index[term], count) for term, count in known.items())
        indices += [column for column, _ in row]
        data += [count for _, count in row]
        pointers.append(len(indices))
    arrays = (
        np.array(data, dtype),
        np.array(indices, np.int32),
        np.array(pointers, np.int32),
    )
    matrix = sparse.csr_array(arrays, shape=(len(pointers) - 1, len(index)))
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def place_in(columns: NDArray[np.int32], width: int) -> Place:
    """What gives id n the column `columns[n]`; -1 drops it.

    Args:
        columns: `(N + 1,)`.
        width: columns of the matrix.
    """

    def place(block: TermCounts) -> sparse.csr_array:
        wanted = columns.take(block.terms)
        number = np.full(width + 1, -1, np.int32)  # of the term in each column; the last: dropped
        number[wanted] = np.arange(len(wanted), dtype=np.int32)
        occupied = np.flatnonzero(number[:-1] >= 0).astype(np.int32)
        return block.in_columns(occupied, number[occupied], width)

    return place


def _take_out(blocks: list[TermCounts]) -> Iterator[TermCounts]:
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def multiply_columns(matrix: Any, weights: Weights) -> None:
    """`X_ij w_j`, in place; a part at a time, because the weights of all entries take memory."""
    for begin in range(0, len(matrix.data), _ENTRIES_PER_BATCH):
        batch = slice(begin, begin + _ENTRIES_PER_BATCH)
        matrix.data[batch] *= weights.take(matrix.indices[batch])


def normalize_rows(matrix: Any, norm: str | None) -> Any:
    """Each row scaled to norm 1, in place; a row of zeros stays.

    Args:
        matrix: `(documents, terms)` sparse, of floats.
        norm: ``l2``, ``l1``, or None for nothing.

    Raises:
        DataError: a weight is not finite.
    """
    if norm is None:
        return matrix
    if not np.isfinite(matrix.data).all():
        raise DataError("a weight is not finite, which cannot be scaled; check idf_ and the counts")
    # What `sklearn.preprocessing.normalize` calls, which takes half a second to load, and a quarter
    # of a millisecond for its own checks.
    from sklearn.utils import sparsefuncs_fast

    scale = {
        "l1": sparsefuncs_fast.inplace_csr_row_normalize_l1,
        "l2": sparsefuncs_fast.inplace_csr_row_normalize_l2,
    }[norm]
    scale(matrix)
    return matrix


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """The type of weights: float32 where that is asked for, else float64."""
    asked: np.dtype[Any] = np.dtype(dtype)
    return asked if asked in FLOATS else np.dtype(np.float64)


def to_sklearn_sparse(matrix: sparse.csr_array) -> Any:
    """The matrix as scikit-learn would return it: a SciPy matrix, or an array if so configured."""
    if get_config().get("sparse_interface", "spmatrix") == "sparray":
        return matrix
    return matrix if isinstance(matrix, sparse.csr_matrix) else sparse.csr_matrix(matrix)
