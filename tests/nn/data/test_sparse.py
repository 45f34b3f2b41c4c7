"""Sparse rows and batches against SciPy, for any CSR matrix there is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array, csr_array, csr_matrix

from tests.nn.conftest import csr_nf
from textdl import nn
from textdl.nn.data.batching import epoch_batches
from textdl.nn.data.features import as_features
from textdl.nn.data.sparse import NO_COLUMN, SparseBatch, capacity_for, from_csr

EMPTY = csr_array((3, 4), dtype=np.float32)
TWICE = csr_array(
    (np.array([1.0, 2, 3], np.float32), np.array([1, 1, 0]), np.array([0, 3, 3])), shape=(2, 2)
)


def take(matrix, rows, capacity):
    rows = jnp.asarray(rows, jnp.int32)
    return from_csr(matrix).to_device().take(rows, capacity)


def weights_for(matrix, outputs=2):
    size = matrix.shape[1] * outputs
    return np.linspace(-1, 2, size, dtype=np.float32).reshape(-1, outputs)


def rows_of(matrix, rows):
    """The rows as a dense matrix; the row N is empty."""
    padded = np.vstack([matrix.toarray(), np.zeros((1, matrix.shape[1]))])
    return padded[rows]


@settings(max_examples=10, deadline=None)
@given(data=st.data(), matrix=csr_nf())
@example(data=None, matrix=EMPTY)
@example(data=None, matrix=TWICE)
def test_taken_rows_times_weights_are_scipys(data, matrix):
    size = matrix.shape[0]
    rows = np.array([size, 0, size - 1, 0])  # a row that does not exist, and one twice
    if data is not None:
        rows = np.array(data.draw(st.lists(st.integers(0, size), min_size=4, max_size=4)))
    weights = weights_for(matrix)
    batch = take(matrix, rows, 50)
    np.testing.assert_allclose(
        batch @ jnp.asarray(weights), rows_of(matrix, rows) @ weights, rtol=1e-5, atol=1e-5
    )


@settings(max_examples=6, deadline=None)
@given(matrix=csr_nf())
@example(matrix=EMPTY)
@example(matrix=TWICE)
def test_a_whole_matrix_as_one_batch(matrix):
    weights = weights_for(matrix)
    batch = next(from_csr(matrix).batches(8))
    expected = np.zeros((8, 2))
    expected[: matrix.shape[0]] = matrix @ weights
    got = SparseBatch(*map(jnp.asarray, batch)) @ jnp.asarray(weights)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", range(12))
def test_a_whole_matrix_of_few_entries(size):
    matrix = csr_array(np.arange(1, size + 1, dtype=np.float32)[None]) if size else EMPTY
    batch = next(from_csr(matrix).batches(3))
    assert len(batch.columns) >= size
    assert (batch.values != 0).sum() == size


@pytest.mark.parametrize("matrix", [EMPTY, TWICE, csr_array(np.eye(3, dtype=np.float32))])
def test_padding_is_marked_and_worth_nothing(matrix):
    batch = take(matrix, [0, 1], 7)
    used = int(matrix.indptr[2])
    assert batch.ends.tolist() == matrix.indptr[1:3].tolist()
    assert batch.columns[used:].tolist() == [NO_COLUMN] * (7 - used)
    assert batch.values[used:].tolist() == [0] * (7 - used)


def test_padding_does_not_see_a_weight_that_is_no_number():
    weights = np.array([[1.0], [np.nan]], np.float32)  # the last row is what padding would clip to
    batch = take(csr_array(np.array([[2.0, 0.0]], np.float32)), [0, 1], 5)
    assert (batch @ jnp.asarray(weights)).tolist() == [[2.0], [0.0]]


@settings(max_examples=3, deadline=None)
@given(matrix=csr_nf())
@example(matrix=TWICE)
def test_gradients_are_those_of_the_dense_product(matrix):
    rows = [0, matrix.shape[0], 0]
    weights = weights_for(matrix)
    batch = take(matrix, rows, 50)
    factors = np.arange(1.0, 7).reshape(3, 2)
    got = jax.grad(lambda w: (factors * (batch @ w)).sum())(jnp.asarray(weights))
    expected = rows_of(matrix, rows).T @ factors
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_gradient_check_of_weights_and_values():
    batch = take(TWICE, [0, 1, 0], 7)

    def product(weights, values):
        return (batch._replace(values=values) @ weights) ** 2

    check = nn.check_gradients(product, weights_for(TWICE), np.asarray(batch.values))
    assert check.error < 1e-7, check


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_capacity_never_loses_an_entry(data):
    counts = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=12))
    starts = np.append(0, np.cumsum(counts)).astype(np.int32)
    size = data.draw(st.integers(1, len(counts)))
    order = epoch_batches(len(counts), size, jax.random.key(data.draw(st.integers(0, 9))))
    room = capacity_for(starts, order)
    most = max(sum(counts[row] for row in batch if row < len(counts)) for batch in order)
    assert room >= most
    assert room <= 2 * most + 2  # of no use if it wastes memory


def test_a_capacity_stays_while_it_is_enough():
    starts = np.array([0, 100, 190], np.int32)
    room = capacity_for(starts, np.array([[0], [1]]))
    assert capacity_for(starts, np.array([[1], [0]]), room) == room
    assert capacity_for(starts, np.array([[0, 1]]), room) > room


def test_capacities_take_few_sizes():
    """Each one is compiled for."""
    starts = [np.array([0, most], np.int32) for most in range(1, 4000)]
    sizes = {capacity_for(s, np.array([[0]])) for s in starts}
    assert len(sizes) < 50


def test_compiled_and_wide():
    """Columns far apart, above what 16 bits hold, and many more rows than columns."""
    draw = np.random.default_rng(0)
    rows, columns = draw.integers(0, 70_000, 500), draw.integers(0, 90_000, 500)
    matrix = csr_array((np.ones(500, np.float32), (rows, columns)), shape=(70_000, 90_000))
    weights = draw.normal(size=(90_000, 2)).astype(np.float32)
    chosen = np.sort(rows)[::-1][:100]
    order = chosen[None].astype(np.int32)
    room = capacity_for(matrix.indptr.astype(np.int32), order)
    got = jax.jit(lambda w: take(matrix, chosen, room) @ w)(weights)
    np.testing.assert_allclose(got, matrix[chosen] @ weights, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [csr_matrix, csc_array, csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_any_sparse_matrix_becomes_rows_of_floats(kind, dtype):
    matrix = kind(np.array([[0, 1, 0], [2, 0, 3]], dtype))
    rows = as_features(matrix).to_device()
    z = rows.take(jnp.array([1, 0]), 5) @ jnp.eye(3)
    assert z.dtype == jnp.float32
    np.testing.assert_array_equal(z, matrix.toarray()[::-1].astype(np.float32))


@pytest.mark.parametrize("size", [1, 3, 64])
def test_batches_are_the_rows_in_order_and_of_one_shape(size):
    matrix = csr_array(np.arange(35.0, dtype=np.float32).reshape(7, 5) % 3)
    batches = list(from_csr(matrix).batches(size))
    assert len({(batch.ends.shape, batch.columns.shape) for batch in batches}) == 1
    eye = jnp.eye(5)
    rows = np.concatenate([SparseBatch(*map(jnp.asarray, batch)) @ eye for batch in batches])
    np.testing.assert_array_equal(rows[:7], matrix.toarray())
    assert (rows[7:] == 0).all()


def test_selected_rows_are_a_matrix_of_their_own():
    rows = from_csr(TWICE).select(np.array([1, 0, 0]))
    product = rows.to_device().take(jnp.arange(3), 8) @ jnp.eye(2)
    np.testing.assert_array_equal(product, TWICE.toarray()[[1, 0, 0]])
