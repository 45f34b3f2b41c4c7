"""Dense rows against NumPy: rows taken, selected, and in padded batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl.nn.data.dense import DenseRows, gather_rows, padded_batches

ROWS = np.arange(15.0).reshape(5, 3)


def test_take_beyond_the_end_gives_the_last_row():
    taken = DenseRows(jnp.asarray(ROWS)).take(jnp.array([4, 0, 5]), 0)
    np.testing.assert_array_equal(taken, ROWS[[4, 0, 4]])


def test_select_keeps_the_order_of_the_rows():
    selected = DenseRows(ROWS).select(np.array([3, 1]))
    assert selected.size == 2
    np.testing.assert_array_equal(selected.values, ROWS[[3, 1]])


@pytest.mark.parametrize("size", [0, 1, 4, 5])
@pytest.mark.parametrize("batch_size", [1, 2, 5, 8])
def test_batches_are_of_one_shape_and_padded_with_zeros(size, batch_size):
    batches = list(DenseRows(ROWS[:size]).batches(batch_size))
    assert {batch.shape for batch in batches} == {(batch_size, 3)}
    joined = np.concatenate(batches)
    np.testing.assert_array_equal(joined[:size], ROWS[:size])
    assert not joined[size:].any()


def test_to_device_casts_to_float():
    rows = DenseRows(np.arange(4).reshape(2, 2)).to_device()
    assert rows.values.dtype == jnp.float32
    assert rows.capacity(np.zeros((1, 2), np.int32)) == 0


def test_padded_batches_keep_the_type():
    assert next(padded_batches(np.array([1, 2], np.int32), 4)).dtype == np.int32


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3)])
@pytest.mark.parametrize(("beyond", "options"), [("clip", {}), ("fill", {"fill_value": 0})])
@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_gathered_rows_are_those_of_an_index(shape, beyond, options, kind):
    values = jnp.asarray(np.random.default_rng(0).normal(size=shape) * 9, kind)
    rows = jnp.array([3, 0, 4, 0, 7])
    found = jax.jit(gather_rows, static_argnums=2)(values, rows, beyond)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values.at[rows].get(mode=beyond, **options))
