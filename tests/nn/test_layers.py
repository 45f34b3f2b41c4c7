"""Dense layers, dropout, their stack and its penalties, against NumPy."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from tests.nn.conftest import arrays, as_numpy, outputs_by_hand
from textdl import nn
from textdl.errors import ParameterError
from textdl.nn.dense import Dense
from textdl.nn.mlp import Network
from textdl.nn.penalty import Penalty

KEY = jax.random.key(0)


@settings(max_examples=5, deadline=None)
@given(x=arrays(2, 3), w=arrays(3, 2), b=arrays(2))
def test_dense_is_a_double_loop(x, w, b):
    by_hand = [[sum(x[n] * w[:, o]) + b[o] for o in range(2)] for n in range(2)]
    got = jax.jit(nn.dense.apply)(Dense(jnp.asarray(w), jnp.asarray(b)), jnp.asarray(x))
    np.testing.assert_allclose(got, by_hand, rtol=1e-5, atol=1e-4)


def test_the_perceptron_of_the_textbook():
    layer = Dense(jnp.array([[3.0], [-2.0]]), jnp.array([1.0]))
    z = nn.dense.apply(layer, jnp.array([-1.0, 2.0]))
    assert float(nn.sigmoid(z)[0]) == pytest.approx(0.002, abs=5e-4)
    w = jnp.array([0.1, 0.5, 2.5, 0.2, 3.0])[:, None]
    z = nn.dense.apply(Dense(w, jnp.zeros(1)), jnp.array([2.0, 3.0, -1.0, 5.0, 1.0]))
    assert float(z[0]) == pytest.approx(3.2, abs=1e-6)


def test_dense_starts_with_the_initializer_and_no_bias():
    layer = nn.dense.init(KEY, 4, 3, nn.INITIALIZERS["orthogonal"])
    np.testing.assert_allclose(layer.weights.T @ layer.weights, np.eye(3), atol=1e-6)
    assert layer.bias.tolist() == [0, 0, 0]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation(rate):
    x = jnp.full((200, 100), 3.0)
    dropped = np.asarray(nn.dropout.apply(x, rate, KEY))
    assert set(np.unique(dropped)) == {0, np.float32(3) / np.float32(1 - rate)}
    kept = (dropped != 0).mean()
    assert kept == pytest.approx(1 - rate, abs=4 * np.sqrt(rate * (1 - rate) / x.size))
    # Rows and columns do not move together.
    assert np.unique((dropped != 0).sum(0)).size > 5
    assert np.unique((dropped != 0).sum(1)).size > 5


def test_dropout_is_off_without_a_key_or_a_rate():
    x = jnp.arange(5.0)
    assert nn.dropout.apply(x, 0.9, None) is x
    assert nn.dropout.apply(x, 0.0, KEY) is x


def test_dropout_follows_its_key():
    x = jnp.ones(64)
    first, again = (nn.dropout.apply(x, 0.5, jax.random.key(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != nn.dropout.apply(x, 0.5, jax.random.key(2))).any()


def test_dropout_passes_the_gradient_of_what_it_kept():
    x = jnp.linspace(-1, 1, 16)
    out = nn.dropout.apply(jnp.ones(16), 0.25, KEY)
    slope = jax.grad(lambda x: nn.dropout.apply(x, 0.25, KEY).sum())(x)
    np.testing.assert_array_equal(slope, out)
    huge = nn.dropout.apply(jnp.array([jnp.inf, jnp.nan] * 8), 0.25, KEY)
    assert (np.asarray(huge)[np.asarray(out) == 0] == 0).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
@pytest.mark.parametrize("key", [None, KEY])
def test_dropout_rate_out_of_range(rate, key):
    with pytest.raises(ParameterError, match=r"dropout=.* expected 0 <= dropout < 1"):
        nn.dropout.apply(jnp.ones(2), rate, key)


def test_a_stack_of_any_depth():
    for sizes in [(3, 2), (3, 4, 2), (3, 1, 5, 2)]:
        params = nn.mlp.init(KEY, sizes)
        assert [layer.weights.shape for layer in params] == list(pairwise(sizes))
        x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
        by_hand = outputs_by_hand(as_numpy(params), x)[-1]
        np.testing.assert_allclose(
            jax.jit(Network("tanh"))(params, x), by_hand, rtol=1e-5, atol=1e-6
        )


def test_layers_draw_from_keys_of_their_own():
    first, second = nn.mlp.init(KEY, (3, 3, 3))
    assert (first.weights != second.weights).all()


def test_a_stack_without_activation_is_one_layer():
    """The composition of linear maps is linear."""
    first, second = nn.mlp.init(KEY, (3, 5, 2))
    first = first._replace(bias=jnp.arange(5.0))
    x = jnp.eye(3)
    one = Dense(first.weights @ second.weights, first.bias @ second.weights + second.bias)
    np.testing.assert_allclose(
        nn.mlp.apply((first, second), x, activation="linear"), nn.dense.apply(one, x), atol=1e-5
    )


def test_dropout_acts_on_hidden_units_only():
    params = nn.mlp.init(KEY, (3, 64, 2))
    network, x = Network("tanh", 0.5), jnp.ones((4, 3))
    off = network(params, x)
    np.testing.assert_array_equal(off, Network("tanh")(params, x, KEY))
    on = network(params, x, jax.random.key(5))
    assert (on != off).all()
    # All units of the hidden layer kept or dropped: never an output, so no z is exactly 0.
    assert (on != 0).all()
    mean = np.mean([network(params, x, jax.random.key(i))[0] for i in range(100)], axis=0)
    np.testing.assert_allclose(mean, off[0], atol=0.3)
    # One layer has no hidden units.
    single = nn.mlp.init(KEY, (3, 2))
    np.testing.assert_array_equal(network(single, x, KEY), network(single, x))


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_gradients(activation):
    params = nn.mlp.init(KEY, (3, 4, 2), nn.INITIALIZERS["normal"])
    x = np.random.default_rng(0).normal(size=(2, 3))
    network = Network(activation, 0.5)
    check = nn.check_gradients(lambda params, x: network(params, x, KEY) ** 2, params, x)
    assert check.error < 1e-7, check


def test_networks_are_compared_by_their_settings():
    """So that equal ones are compiled once."""
    assert Network("tanh", 0.5) == Network("tanh", 0.5)
    assert hash(Network("tanh", 0.5)) == hash(Network("tanh", 0.5))
    assert Network("tanh", 0.5) != Network("tanh", 0.4)


def test_unknown_activation():
    with pytest.raises(ParameterError, match="'swoosh' is unknown; expected one of linear, "):
        nn.mlp.apply(nn.mlp.init(KEY, (3, 2)), jnp.ones((1, 3)), activation="swoosh")


def test_penalty_is_over_weights_not_biases():
    params = (
        Dense(jnp.array([[1.0, -2.0]]), jnp.array([7.0, 7.0])),
        Dense(jnp.array([[3.0], [-0.5]]), jnp.array([9.0])),
    )
    weights = np.array([1, -2, 3, -0.5])
    expected = 0.3 * np.abs(weights).sum() + 0.8 / 2 * (weights**2).sum()
    penalty = nn.Penalty(l1=0.3, l2=0.8)
    assert float(jax.jit(penalty)(params)) == pytest.approx(expected)
    slope = jax.grad(penalty)(params)
    np.testing.assert_allclose(slope[0].weights, [[0.3 + 0.8, -0.3 - 1.6]], rtol=1e-6)
    assert slope[0].bias.tolist() == [0, 0]
    assert float(nn.Penalty()(params)) == 0
    assert nn.Penalty(l2=0.5) == Penalty(0.0, 0.5)


def test_penalty_gradients():
    params = nn.mlp.init(KEY, (3, 4, 2))
    assert nn.check_gradients(nn.Penalty(l1=0.3, l2=0.8), params).error < 1e-8
