"""The arrays that `Vectors` holds, checked as they come in."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import ParameterError

Number = TypeVar("Number", np.float32, np.int64)


def as_matrix(matrix: ArrayLike, rows: int) -> NDArray[np.float32]:
    """A matrix with one row per label, `(rows, D)` float32.

    Raises:
        ParameterError: it has another shape, or is not of numbers.
    """
    try:
        array = np.asarray(matrix, dtype=np.float32)
    except ValueError as error:
        raise ParameterError(
            f"the matrix is not an array of numbers ({error}); pass rows of D"
        ) from None
    if array.ndim != 2 or len(array) != rows or not array.shape[1]:
        raise ParameterError(
            f"the matrix has shape {array.shape} for {rows:,} labels; expected ({rows}, D): one "
            "row per label"
        )
    return array


def as_column(name: str, values: ArrayLike, rows: int, dtype: type[Number]) -> NDArray[Number]:
    """One number per label, `(rows,)`, not to be written to.

    Args:
        name: for the message.
        values: the numbers.
        rows: how many labels there are.
        dtype: that they get.

    Returns:
        The array.

    Raises:
        ParameterError: it has another shape.
    """
    array = np.asarray(values, dtype=dtype)
    if array.shape != (rows,):
        raise ParameterError(
            f"{name} has shape {array.shape} for {rows:,} labels; expected one number per label"
        )
    return read_only(array)


def read_only(array: NDArray[Number]) -> NDArray[Number]:
    """A view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
