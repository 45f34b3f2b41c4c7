"""Losses against NumPy, one entry after the other, and shapes that must not broadcast."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nn.conftest import arrays, arrays_bk
from textdl import nn
from textdl.errors import DataError


def huber_by_hand(p, t, delta=1.0):
    e = abs(p - t)
    return e**2 / 2 if e <= delta else delta * (e - delta / 2)


BY_HAND = {
    "squared_error": lambda p, t: (p - t) ** 2,
    "absolute_error": lambda p, t: abs(p - t),
    "huber": huber_by_hand,
}


@pytest.mark.parametrize("name", BY_HAND)
@settings(max_examples=10, deadline=None)
@given(p=arrays(2, 3), t=arrays(2, 3, offset=1 / 64))
def test_values(name, p, t):
    by_hand = [[BY_HAND[name](p[i, j], t[i, j]) for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(jax.jit(getattr(nn, name))(p, t), by_hand, rtol=1e-5)


@pytest.mark.parametrize("name", BY_HAND)
@settings(max_examples=2, deadline=None)
@given(p=arrays_bk())
def test_gradients(name, p):
    t = np.linspace(-2, 2, p.size).reshape(p.shape) + 1 / 64
    check = nn.check_gradients(getattr(nn, name), p, t)
    assert check.error < 1e-8, check


@pytest.mark.parametrize("name", BY_HAND)
def test_perfect_predictions_have_neither_loss_nor_slope(name):
    p = jnp.array([0.0, 1e4, -3e38])
    assert getattr(nn, name)(p, p).tolist() == [0, 0, 0]
    slope = jax.grad(lambda p: getattr(nn, name)(p, jax.lax.stop_gradient(p)).sum())(p)
    # |e| has no slope at 0; any number from -1 to 1 will do.
    assert np.abs(slope).max() <= (name == "absolute_error")


@pytest.mark.parametrize("delta", [0.1, 1.0, 7.0])
def test_huber_meets_itself_at_delta(delta):
    e = jnp.array([delta * (1 - 1e-6), delta, delta * (1 + 1e-6), 100 * delta])
    by_hand = [huber_by_hand(x, 0.0, delta) for x in e.tolist()]
    np.testing.assert_allclose(nn.huber(e, jnp.zeros(4), delta), by_hand, rtol=1e-5)
    slope = jax.grad(lambda e: nn.huber(e, jnp.zeros(4), delta).sum())(e)
    np.testing.assert_allclose(slope, np.minimum(e, delta), rtol=1e-5)


@pytest.mark.parametrize("name", [*BY_HAND, "binary_cross_entropy"])
@pytest.mark.parametrize(
    ("left", "right"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), ()), ((2, 3), (3,)), ((1,), (3,))]
)
def test_nothing_is_broadcast(name, left, right):
    with pytest.raises(DataError) as caught:
        jax.jit(getattr(nn, name))(jnp.full(left, 0.5), jnp.full(right, 0.5))
    message = str(caught.value)
    assert str(left) in message
    assert str(right) in message
    assert "reshape" in message
    assert "\n" not in message


def test_whole_numbers_become_floats():
    assert nn.squared_error([3], [1]).dtype == jnp.float32
    assert nn.squared_error(jnp.array([1], jnp.uint8), jnp.array([3], jnp.uint8)).tolist() == [4.0]
    assert nn.absolute_error([True], [False]).tolist() == [1.0]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=4, max_size=4))
def test_weighted_mean(pairs):
    losses, weights = np.array(pairs, np.float32).T
    total = weights.astype(float).sum()
    expected = (losses.astype(float) * weights).sum() / total if total else 0.0
    got = jax.jit(nn.weighted_mean)(losses, weights)
    assert float(got) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_weighted_mean_without_weights_and_without_weight():
    losses = jnp.array([1.0, 2.0, 6.0])
    assert float(nn.weighted_mean(losses)) == 3.0
    assert float(nn.weighted_mean(losses, jnp.zeros(3))) == 0.0
    assert not np.isnan(jax.grad(nn.weighted_mean)(losses, jnp.zeros(3))).any()
    with pytest.raises(DataError, match=r"\(3,\) do not fit targets of shape \(2,\)"):
        nn.weighted_mean(losses, [1.0, 2.0])


def test_class_weights_and_their_mean():
    labels, losses = np.array([0, 2, 1, 2]), np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    weights = nn.sample_weights(labels, [1.0, 0.0, 0.5])
    assert weights.tolist() == [1.0, 0.5, 0.0, 0.5]
    assert float(nn.weighted_mean(jnp.asarray(losses), weights)) == (1 + 1 + 2) / 2


def test_the_flight_delays_of_the_textbook():
    """Four predictions, their squared and absolute errors and cross-entropies, worked by hand."""
    p, t = [0.05, 0.02, 0.96, 0.35], [1.0, 0.0, 1.0, 1.0]
    assert float(nn.squared_error(p, t).mean()) == pytest.approx(0.33175, abs=1e-6)
    assert float(nn.absolute_error(p, t).mean()) == pytest.approx(0.415, abs=1e-6)
    assert float(nn.binary_cross_entropy(p, t).mean()) == pytest.approx(1.0266, abs=1e-4)
