"""Rows of counts as one matrix, with scikit-learn's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import get_config

from textdl.errors import ParameterError
from textdl.parallel import ordered_map

# Transposing twice sorts in linear time, but goes over all columns.
_COLUMNS_PER_ENTRY = 16


Block: TypeAlias = sparse.csr_array  # rows of consecutive documents


def assemble(
    blocks: list[Block],
    place: Callable[[Block], Block],
    width: int,
    dtype: np.dtype[np.generic],
    jobs: int,
) -> Block:
    """One matrix `(documents, width)` of all rows; empties `blocks`.

    Args:
        blocks: rows whose columns are numbers of terms.
        place: puts the entries of a block into the columns they belong to, sorted.
        width: columns of the matrix.
        dtype: of the counts.
        jobs: threads.
    """
    most = sum(block.nnz for block in blocks)  # what is not written to takes no memory
    index = np.int32 if most <= np.iinfo(np.int32).max else np.int64
    indices, data, lengths, end = np.empty(most, index), np.empty(most, dtype), [[0]], 0
    for block in ordered_map(place, _emptying(blocks), jobs):
        begin, end = end, end + block.nnz
        indices[begin:end], data[begin:end] = block.indices, block.data
        lengths.append(np.diff(block.indptr))
    pointers = np.cumsum(np.concatenate(lengths), dtype=index)
    shape = (len(pointers) - 1, width)
    matrix = sparse.csr_array((data[:end], indices[:end], pointers), shape=shape)
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def place_in(columns: NDArray[np.int32], width: int) -> Callable[[Block], Block]:
    """Gives number n the column `columns[n]`; -1 drops it."""
    return lambda block: _sorted(_renumbered(block, columns, width))


def _emptying(blocks: list[Block]) -> Iterator[Block]:
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def _renumbered(block: Block, columns: NDArray[np.int32], width: int) -> Block:
    shape = (block.shape[0], width)
    indices = columns.take(block.indices)
    kept = indices >= 0
    if kept.all():
        return sparse.csr_array((block.data, indices, block.indptr), shape=shape)
    before = np.append(0, np.cumsum(kept))
    pointers = before[block.indptr].astype(np.int32)
    return sparse.csr_array((block.data[kept], indices[kept], pointers), shape=shape)


def _sorted(block: Block) -> Block:
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


def check_width(matrix: Any, width: int) -> None:
    """Refuse a matrix that has not the columns of its vectorizer.

    Raises:
        ParameterError: it has not.
    """
    if np.shape(matrix)[1:] != (width,):
        raise ParameterError(
            f"the matrix has the shape {np.shape(matrix)}, the vectorizer {width:,} columns; pass "
            "the matrix that it made"
        )


def as_configured(matrix: sparse.csr_array) -> Any:
    """The matrix as scikit-learn would return it: a SciPy matrix, or an array if so configured."""
    if get_config().get("sparse_interface", "spmatrix") == "sparray":
        return matrix
    return sparse.csr_matrix(matrix)
