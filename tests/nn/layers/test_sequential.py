"""Layers one after another against NumPy: shapes, keys of their own, gradients, equality."""

from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.nn.conftest import as_numpy, outputs_by_hand
from textdl import nn
from textdl.errors import ParameterError
from textdl.nn.layers.dense import DenseParams

KEY = jax.random.key(0)


def test_mlp_of_any_depth_matches_numpy():
    for sizes in [(3, 2), (3, 4, 2), (3, 1, 5, 2)]:
        params = nn.mlp(sizes).init(KEY)
        assert [layer.weights.shape for layer in params if layer] == list(pairwise(sizes))
        x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
        by_hand = outputs_by_hand(as_numpy(params), x)[-1]
        np.testing.assert_allclose(
            jax.jit(nn.mlp(sizes, "tanh").apply)(params, x), by_hand, rtol=1e-5, atol=1e-6
        )


def test_layers_draw_from_keys_of_their_own():
    first, _, second = nn.mlp((3, 3, 3)).init(KEY)
    assert (first.weights != second.weights).all()


def test_mlp_without_activation_is_one_layer():
    """The composition of linear maps is linear."""
    first, _, second = nn.mlp((3, 5, 2)).init(KEY)
    first = first._replace(bias=jnp.arange(5.0))
    x = jnp.eye(3)
    one = DenseParams(first.weights @ second.weights, first.bias @ second.weights + second.bias)
    np.testing.assert_allclose(
        nn.mlp((3, 5, 2), "linear").apply((first, (), second), x), nn.affine(one, x), atol=1e-5
    )


def test_dropout_acts_on_hidden_units_only():
    params = nn.mlp((3, 64, 2)).init(KEY)
    network = nn.mlp((3, 64, 2), "tanh", 0.5)
    x = jnp.ones((4, 3))
    off = network.apply(params, x)
    np.testing.assert_array_equal(off, nn.mlp((3, 64, 2), "tanh").apply(params, x, key=KEY))
    on = network.apply(params, x, key=jax.random.key(5))
    assert (on != off).all()
    # All units of the hidden layer kept or dropped: never an output, so no z is exactly 0.
    assert (on != 0).all()
    mean = np.mean([network.apply(params, x, key=jax.random.key(i))[0] for i in range(100)], axis=0)
    np.testing.assert_allclose(mean, off[0], atol=0.3)
    # One layer has no hidden units.
    network = nn.mlp((3, 2), "tanh", 0.5)
    single = network.init(KEY)
    np.testing.assert_array_equal(network.apply(single, x, key=KEY), network.apply(single, x))


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_gradients(activation):
    x = np.random.default_rng(0).normal(size=(2, 3))
    network = nn.mlp((3, 4, 2), activation, 0.5, nn.INITIALIZERS["normal"])
    params = network.init(KEY)
    check = nn.check_gradients(lambda params, x: network.apply(params, x, key=KEY) ** 2, params, x)
    assert check.error < 1e-7, check


def test_networks_of_equal_settings_are_equal():
    """So that equal ones are compiled once."""
    assert nn.mlp((3, 4, 2), "tanh", 0.5) == nn.mlp((3, 4, 2), "tanh", 0.5)
    assert hash(nn.mlp((3, 4, 2), "tanh", 0.5)) == hash(nn.mlp((3, 4, 2), "tanh", 0.5))
    assert nn.mlp((3, 4, 2), "tanh", 0.5) != nn.mlp((3, 4, 2), "tanh", 0.4)


def test_unknown_activation_is_refused():
    with pytest.raises(ParameterError, match="'swoosh' is unknown; expected one of linear, "):
        nn.mlp((3, 2), "swoosh")


@dataclass(frozen=True)
class Twice(nn.Layer):
    has_parameters = False

    def apply(self, params, x, *, key=None):
        return 2 * x


@dataclass(frozen=True)
class Negative(nn.Layer):
    has_parameters = False

    def apply(self, params, x, *, key=None):
        return -x


def test_layers_of_two_classes_are_never_equal():
    """Or JAX would take the compiled program of one for the other."""
    first = nn.sequential(Twice())
    second = nn.sequential(Negative())
    assert first != second
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(nn.predict(first, ((),), x), 2 * x)
    np.testing.assert_array_equal(nn.predict(second, ((),), x), -x)


def test_a_layer_that_does_not_draw_changes_no_draw():
    plain = nn.sequential(nn.Dense(3, 8), nn.Dropout(0.5), nn.Dense(8, 2), nn.Dropout(0.5))
    longer = nn.sequential(
        nn.Dense(3, 8), Twice(), nn.Dropout(0.5), nn.Dense(8, 2), Negative(), nn.Dropout(0.5)
    )
    params = plain.init(KEY)
    more = longer.init(KEY)
    x = jnp.ones((4, 3))
    np.testing.assert_array_equal(params[0].weights, more[0].weights)
    np.testing.assert_array_equal(params[2].weights, more[3].weights)
    drawn = longer.apply(more, x, key=KEY)
    np.testing.assert_allclose(-2 * plain.apply(params, x, key=KEY), drawn, rtol=1e-6)


def test_nested_networks_are_layers():
    inner = nn.mlp((3, 4, 2))
    outer = nn.sequential(inner, nn.Dense(2, 1))
    params = outer.init(KEY)
    x = jnp.ones((5, 3))
    expected = nn.affine(params[1], inner.apply(params[0], x))
    np.testing.assert_array_equal(outer.apply(params, x), expected)


def test_what_is_not_a_layer_is_refused():
    with pytest.raises(ParameterError, match=r"is not a layer; expected one of nn\.Dense"):
        nn.sequential(nn.Dense(3, 2), jnp.tanh)
    with pytest.raises(ParameterError, match="is not a layer"):
        nn.Objective(lambda params, x, key: x, nn.squared_error)
    with pytest.raises(ParameterError, match="no layers"):
        nn.sequential()
    with pytest.raises(ParameterError, match="expected inputs and outputs"):
        nn.mlp((3,))


def test_init_with_an_integer_key_names_the_remedy():
    with pytest.raises(ParameterError, match=r"key=0 is an int, not a key; pass jax.random.key"):
        nn.mlp((3, 2)).init(0)
