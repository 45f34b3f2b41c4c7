"""The order of the examples: every row once, by key and epoch."""

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from textdl.nn.data.batching import epoch_batches

KEY = jax.random.key(0)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 50), batch_size=st.integers(1, 60), shuffle=st.booleans())
def test_an_epoch_holds_every_row_once(size, batch_size, shuffle):
    order = epoch_batches(size, batch_size, KEY if shuffle else None)
    assert order.dtype == np.int32
    assert order.shape == (-(-size // batch_size), batch_size)
    rows = order.ravel()
    assert sorted(rows[:size]) == list(range(size))
    assert (rows[size:] == size).all()  # the fill, at the end of the last batch


def test_orders_follow_key_and_epoch():
    first, again = epoch_batches(100, 7, KEY, 3), epoch_batches(100, 7, KEY, 3)
    np.testing.assert_array_equal(first, again)
    others = [
        epoch_batches(100, 7),
        epoch_batches(100, 7, KEY, 4),
        epoch_batches(100, 7, jax.random.key(1), 3),
    ]
    for other in others:
        assert (first != other).mean() > 0.8


def test_every_row_comes_first_equally_often():
    first = [epoch_batches(4, 2, KEY, epoch)[0, 0] for epoch in range(400)]
    assert np.bincount(first, minlength=4).min() > 70
