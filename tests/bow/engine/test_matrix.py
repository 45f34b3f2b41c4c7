"""Sparse matrices of counts, against dense loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from textdl.bow.engine import matrix as matrix_module
from textdl.bow.engine.matrix import (
    TermCounts,
    assemble,
    count_terms,
    float_dtype,
    multiply_columns,
    normalize_rows,
    place_in,
)
from textdl.bow.engine.terms import Occurrences
from textdl.errors import DataError


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 500)), max_size=60))
def test_count_terms_against_loop(entries):
    dense = np.zeros((4, 501), int)
    for row, term in entries:
        dense[row, term] += 1
    columns = np.array(entries, np.int32).reshape(-1, 2).T
    found = count_terms(Occurrences(columns[0], columns[1]), 4)
    assert found.terms.tolist() == np.flatnonzero(dense.any(0)).tolist()
    np.testing.assert_array_equal(found.counts.toarray(), dense[:, found.terms])
    np.testing.assert_array_equal(found.term_frequency(), dense.sum(0)[found.terms])
    np.testing.assert_array_equal(found.document_frequency(), (dense > 0).sum(0)[found.terms])


def test_count_terms_of_more_than_65535_occurrences():
    many = 70_000
    found = count_terms(Occurrences(np.zeros(many, np.int32), np.ones(many, np.int32)), 1)
    assert found.term_frequency().tolist() == [many]


def blocks_of(dense, parts):
    """Counts of consecutive rows."""
    blocks = []
    for part in np.array_split(dense, parts):
        terms = np.flatnonzero(part.any(0)).astype(np.int32)
        blocks.append(TermCounts(terms, sparse.csc_array(part[:, terms].astype(np.uint16))))
    return blocks


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("width", [5, 5000])
def test_assemble_against_dense_columns(jobs, width):
    draw = np.random.default_rng(0)
    dense = draw.poisson(0.4, (12, 9))
    columns = np.array([3, -1, 0, -1, 1, 4, -1, 2, -1], np.int32)
    expected = np.zeros((12, width), int)
    for number, column in enumerate(columns):
        if column >= 0:
            expected[:, column] = dense[:, number]
    blocks = blocks_of(dense, 4)
    matrix = assemble(blocks, place_in(columns, width), width, np.dtype(np.float32), jobs)
    assert (matrix.dtype, matrix.has_canonical_format, blocks) == (np.float32, True, [])
    assert (np.diff(matrix.indices) > 0).sum() >= matrix.nnz - matrix.shape[0]  # sorted in each row
    np.testing.assert_array_equal(matrix.toarray(), expected)


@pytest.mark.parametrize(("norm", "order"), [("l1", 1), ("l2", 2)])
def test_normalize_rows_norm_is_one_and_zeros_stay(norm, order):
    dense = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    rows = normalize_rows(sparse.csr_array(dense), norm).toarray()
    norms = np.linalg.norm(dense, order, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, dense / np.where(norms, norms, 1))


def test_normalize_rows_none_and_not_finite():
    matrix = sparse.csr_array([[np.inf, 1.0]])
    assert normalize_rows(matrix, None) is matrix
    with pytest.raises(DataError, match="a weight is not finite"):
        normalize_rows(matrix, "l2")


def test_multiply_columns_in_batches_against_dense(monkeypatch):
    dense = np.random.default_rng(0).poisson(0.5, (6, 4)).astype(float)
    matrix = sparse.csr_array(dense)
    monkeypatch.setattr(matrix_module, "_ENTRIES_PER_BATCH", 3)
    multiply_columns(matrix, np.array([1.0, 2.0, 0.5, 3.0]))
    np.testing.assert_array_equal(matrix.toarray(), dense * [1, 2, 0.5, 3])


@pytest.mark.parametrize(
    ("asked", "given_type"), [(np.float32, "f4"), ("float64", "f8"), (np.int32, "f8"), (bool, "f8")]
)
def test_float_dtype_is_a_float(asked, given_type):
    assert float_dtype(asked) == np.dtype(given_type)
