"""Dropout keeps the expectation, follows its key, and is off without one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl import nn
from textdl.errors import ParameterError

KEY = jax.random.key(0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_preserves_the_expectation(rate):
    x = jnp.full((200, 100), 3.0)
    dropped = np.asarray(nn.Dropout(rate).apply((), x, key=KEY))
    assert set(np.unique(dropped)) == {0, np.float32(3) / np.float32(1 - rate)}
    kept = (dropped != 0).mean()
    assert kept == pytest.approx(1 - rate, abs=4 * np.sqrt(rate * (1 - rate) / x.size))
    # Rows and columns do not move together.
    assert np.unique((dropped != 0).sum(0)).size > 5
    assert np.unique((dropped != 0).sum(1)).size > 5


def test_dropout_without_key_or_rate_is_identity():
    x = jnp.arange(5.0)
    assert nn.Dropout(0.9).apply((), x, key=None) is x
    assert nn.Dropout(0.0).apply((), x, key=KEY) is x


def test_dropout_depends_on_the_key():
    x = jnp.ones(64)
    first, again = (nn.Dropout(0.5).apply((), x, key=jax.random.key(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != nn.Dropout(0.5).apply((), x, key=jax.random.key(2))).any()


def test_dropout_gradient_is_zero_where_dropped():
    x = jnp.linspace(-1, 1, 16)
    out = nn.Dropout(0.25).apply((), jnp.ones(16), key=KEY)
    slope = jax.grad(lambda x: nn.Dropout(0.25).apply((), x, key=KEY).sum())(x)
    np.testing.assert_array_equal(slope, out)
    huge = nn.Dropout(0.25).apply((), jnp.array([jnp.inf, jnp.nan] * 8), key=KEY)
    assert (np.asarray(huge)[np.asarray(out) == 0] == 0).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
@pytest.mark.parametrize("key", [None, KEY])
def test_rate_out_of_range(rate, key):
    with pytest.raises(ParameterError, match=r"dropout=.* expected 0 <= dropout < 1"):
        nn.Dropout(rate).apply((), jnp.ones(2), key=key)


def test_sequences_keep_their_lengths():
    batch = nn.SequenceBatch(jnp.ones((2, 3, 40)), jnp.array([1, 3]))
    dropped = nn.Dropout(0.5).apply((), batch, key=KEY)
    np.testing.assert_array_equal(dropped.lengths, batch.lengths)
    assert set(np.unique(dropped.values)) == {0, 2}


def test_dropout_integer_key_is_refused():
    with pytest.raises(ParameterError, match="key=3 is an int"):
        nn.Dropout(0.5).apply((), jnp.ones(3), key=3)
