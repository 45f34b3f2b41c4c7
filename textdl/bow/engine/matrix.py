"""Sparse matrices of counts: made of occurrences, put together, and weighed in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import get_config

from textdl.bow.engine.terms import Occurrences
from textdl.errors import DataError
from textdl.parallel import ordered_map

# Transposing twice sorts in linear time, but goes over all terms, or columns, that there are.
_TERMS_PER_OCCURRENCE = 16
_COLUMNS_PER_ENTRY = 16
_ENTRIES_PER_BATCH = 1 << 18

FLOATS = (np.float64, np.float32)

Block: TypeAlias = sparse.csr_array  # rows of consecutive documents
Weights: TypeAlias = NDArray[np.floating[Any]]


def count_occurrences(
    occurrences: Occurrences, documents: int, terms: int | None = None
) -> sparse.csr_array:
    """How often each term occurs in each document.

    Two transpositions sort and add up in linear time, which is several times as fast as sorting.

    Args:
        occurrences: in any order.
        documents: rows of the result.
        terms: columns of the result; by default as many as are needed.

    Returns:
        `(documents, terms)` counts, sorted.
    """
    terms = int(occurrences.ids.max(initial=0)) + 1 if terms is None else terms
    if terms <= _TERMS_PER_OCCURRENCE * len(occurrences.ids):
        return _count_by_transposing(occurrences, documents, terms)
    present, ids = np.unique(occurrences.ids, return_inverse=True)
    local = Occurrences(occurrences.rows, ids.astype(np.int32))
    counts = _count_by_transposing(local, documents, len(present))
    shape = (documents, terms)
    return sparse.csr_array((counts.data, present[counts.indices], counts.indptr), shape=shape)


def _count_by_transposing(occurrences: Occurrences, documents: int, terms: int) -> sparse.csr_array:
    ones = np.ones(len(occurrences.ids), np.int32)
    shape = (documents, terms)
    coordinates = (occurrences.rows, occurrences.ids)
    counts = sparse.coo_array((ones, coordinates), shape).tocsc()  # adds up
    most = int(counts.data.max(initial=0))
    return counts.astype(np.uint16 if most < 1 << 16 else np.int32).tocsr()


def assemble(
    blocks: list[Block],
    place: Callable[[Block], Block],
    width: int,
    dtype: np.dtype[np.generic],
    jobs: int,
) -> Block:
    """One matrix of all rows; empties `blocks`.

    Args:
        blocks: rows whose columns are ids of terms.
        place: puts the entries of a block into the columns they belong to, sorted.
        width: columns of the matrix.
        dtype: of the counts.
        jobs: threads.

    Returns:
        `(documents, width)` counts.
    """
    most = sum(block.nnz for block in blocks)  # what is not written to takes no memory
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


def count_terms(
    documents: Iterable[list[str]], index: Mapping[str, int], dtype: np.dtype[np.generic]
) -> Block:
    """The counts of documents that are lists of terms: for few of them, at a low fixed cost.

    Args:
        documents: their terms, with repetitions.
        index: the column of each term; others are left out.
        dtype: of the counts.

    Returns:
        `(documents, width)` counts, the columns of a row sorted.

    Example:
        >>> count_terms([["b", "a", "b", "z"]], {"a": 0, "b": 1}, np.dtype(float)).toarray()
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


def place_in(columns: NDArray[np.int32], width: int) -> Callable[[Block], Block]:
    """What gives id n the column `columns[n]`; -1 drops it.

    Args:
        columns: `(N + 1,)`.
        width: columns of the matrix.
    """
    return lambda block: _sort(_renumber(block, columns, width))


def _take_out(blocks: list[Block]) -> Iterator[Block]:
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def _renumber(block: Block, columns: NDArray[np.int32], width: int) -> Block:
    shape = (block.shape[0], width)
    indices = columns.take(block.indices)
    kept = indices >= 0
    if kept.all():
        return sparse.csr_array((block.data, indices, block.indptr), shape=shape)
    before = np.append(0, np.cumsum(kept))
    pointers = before[block.indptr].astype(np.int32)
    return sparse.csr_array((block.data[kept], indices[kept], pointers), shape=shape)


def _sort(block: Block) -> Block:
    if not is_mostly_empty(block.shape[1], block.nnz):
        return block.tocsc().tocsr()
    block.sort_indices()
    return block


def is_mostly_empty(columns: int, entries: int) -> bool:
    """Whether a matrix has so many columns beside its entries that what goes over all is slow.

    Args:
        columns: of the matrix; hashed terms have billions, if they are to.
        entries: that it has.
    """
    return columns > _COLUMNS_PER_ENTRY * entries


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
