"""Lengths and directions of extreme vectors."""

import numpy as np
import pytest

from textdl.errors import ParameterError
from textdl.vectors import query


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_row_norms_of_rows_that_are_not_finite_error(bad):
    matrix = np.ones((20, 3), np.float32)
    matrix[7, 1] = bad
    with pytest.raises(ParameterError, match="row 7 holds"):
        query.row_norms(matrix)


def test_row_norms_extreme_rows_do_not_overflow():
    matrix = np.float32([[3e37, 4e37], [3e-30, 4e-30], [0, 0]])
    np.testing.assert_allclose(query.row_norms(matrix), [5e37, 5e-30, 0], rtol=1e-6)


def test_odd_one_out_is_least_central():
    assert query.odd_one_out(np.float32([[1, 0.1], [1, -0.1], [0, 9], [1, 0]])) == 2
