"""The errors that the precisions promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import ParameterError
from textdl.vectors.formats.precision import compact, expand

finite = st.floats(width=32, min_value=-(2.0**15), max_value=2.0**15)
rows = st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1, max_size=4)


def rounded(matrix, dtype):
    return expand(compact(matrix, dtype)).astype(np.float64)


@given(rows)
def test_float16_error_is_bounded(given_rows):
    matrix = np.float32(given_rows)
    error = np.abs(rounded(matrix, "float16") - matrix)
    assert (error <= np.maximum(np.abs(matrix) / 2**11, 2.0**-25)).all()
    assert np.array_equal(rounded(matrix, "float16"), matrix.astype(np.float16))


@given(rows)
def test_bfloat16_error_is_bounded(given_rows):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    matrix = np.float32(given_rows)
    normal = np.where(np.abs(matrix) < 2.0**-120, np.float32(0), matrix)
    assert (np.abs(rounded(normal, "bfloat16") - normal) <= np.abs(normal) / 2**8).all()
    expected = matrix.astype(ml_dtypes.bfloat16).astype(np.float32)
    assert np.array_equal(rounded(matrix, "bfloat16"), expected)


@given(rows)
def test_int8_error_is_bounded(given_rows):
    matrix = np.float32(given_rows)
    largest = np.abs(matrix).max(axis=1, keepdims=True).astype(np.float64)
    # The scale itself is rounded, to 0 below the smallest number there is.
    error = np.abs(rounded(matrix, "int8") - matrix)
    assert (error <= largest / 254 * (1 + 1e-4) + 127 * 2.0**-149).all()


def test_float32_is_not_copied():
    matrix = np.eye(2, dtype=np.float32)
    assert expand(compact(matrix, "float32")) is matrix


@pytest.mark.parametrize(("dtype", "number"), [("float16", 65520.0), ("bfloat16", 3.4e38)])
def test_number_too_large_errors(dtype, number):
    matrix = np.float32([[1, 2], [3, number]])
    with pytest.raises(ParameterError, match=f"row 1 has a number too large for {dtype}"):
        compact(matrix, dtype)


def test_zero_rows_and_no_rows():
    for dtype in ("float16", "bfloat16", "int8"):
        assert rounded(np.zeros((2, 3), np.float32), dtype).tolist() == [[0] * 3] * 2
        assert rounded(np.zeros((0, 3), np.float32), dtype).shape == (0, 3)
