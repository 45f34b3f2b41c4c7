"""Matrices in fewer bytes: float16, bfloat16, or int8 with a scale for each row.

What is lost, for a number x of a row whose largest is m in magnitude:

    float16    |error| <= |x| / 2**11, or 2**-25 below 2**-14; numbers up to 65,504
    bfloat16   |error| <= |x| / 2**8;  NumPy has no such type, its bits are kept as uint16
    int8       |error| <= m / 254:     round(x * 127 / m), and the scale m / 127
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.parameters import lookup

FLOAT32 = "float32"
DTYPES: Mapping[str, np.dtype[Any]] = {
    FLOAT32: np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
    "int8": np.dtype("i1"),
}
_LARGEST_INT8 = 127
_ROWS_PER_BLOCK = 1 << 12


class CompactMatrix(NamedTuple):
    """A matrix as it lies in a file."""

    values: NDArray[Any]  # (V, D) of a type in `DTYPES`
    scales: NDArray[np.float32] | None = None  # (V,) of int8


def compact(matrix: NDArray[np.float32], dtype: str) -> CompactMatrix:
    """A matrix `(V, D)` in the precision that `dtype` names.

    Raises:
        ParameterError: there is no such precision, or a number is too large for it.

    Example:
        >>> compact(np.float32([[1.0, -0.5], [0.0, 0.0]]), "int8").values
        array([[127, -64],
               [  0,   0]], dtype=int8)
    """
    target = lookup("dtype", dtype, DTYPES)
    if dtype == FLOAT32:
        return CompactMatrix(matrix)
    values = np.empty(matrix.shape, target)
    scales = np.zeros(len(matrix), np.float32) if dtype == "int8" else None
    for rows in _blocks(len(matrix)):
        block = matrix[rows]
        if scales is not None:
            largest = np.abs(block).max(axis=1, initial=0.0)
            scales[rows] = largest / _LARGEST_INT8
            # In double precision, where the inverse of the smallest number is not infinite.
            unit = np.float64(_LARGEST_INT8) / np.where(largest > 0, largest, 1)
            values[rows] = np.rint(block * unit[:, None])
        elif dtype == "bfloat16":
            values[rows] = _to_bfloat16(block)
        else:
            with np.errstate(over="ignore"):
                values[rows] = block
        _check_range(values[rows], dtype, rows.start)
    return CompactMatrix(values, scales)


def expand(compacted: CompactMatrix) -> NDArray[np.float32]:
    """The matrix `(V, D)` in single precision; one that is so already is not copied."""
    values = compacted.values
    if values.dtype == DTYPES[FLOAT32]:
        return values
    matrix = np.empty(values.shape, np.float32)
    for rows in _blocks(len(values)):
        block = values[rows]
        if compacted.scales is not None:
            np.multiply(block, compacted.scales[rows, None], out=matrix[rows], dtype=np.float32)
        elif values.dtype == DTYPES["bfloat16"]:
            matrix[rows] = (block.astype(np.uint32) << 16).view(np.float32)
        else:
            matrix[rows] = block
    return matrix


def _to_bfloat16(block: NDArray[np.float32]) -> NDArray[np.uint32]:
    """The upper halves of the bits, rounded to the nearest, ties to even."""
    bits = np.ascontiguousarray(block).view(np.uint32)
    half = np.uint32(16)
    return (bits + np.uint32(0x7FFF) + ((bits >> half) & np.uint32(1))) >> half


def _check_range(values: NDArray[Any], dtype: str, first: int) -> None:
    if dtype == "float16":
        fits = np.isfinite(values).all(axis=1)
    elif dtype == "bfloat16":
        fits = ((values & 0x7F80) != 0x7F80).all(axis=1)
    else:
        return
    if not fits.all():
        raise ParameterError(
            f"row {first + int(np.argmin(fits)):,} has a number too large for {dtype}; expected "
            "numbers of usual size: save with dtype='float32'"
        )


def _blocks(rows: int) -> Iterator[slice]:
    for begin in range(0, rows, _ROWS_PER_BLOCK):
        yield slice(begin, begin + _ROWS_PER_BLOCK)
