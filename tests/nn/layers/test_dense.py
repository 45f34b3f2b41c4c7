"""Dense layers against a double loop and the textbook, and the inputs they refuse."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import special
from scipy.sparse import csr_array

from tests.nn.conftest import arrays, as_numpy, outputs_by_hand
from textdl import nn
from textdl.errors import DataError, ParameterError
from textdl.nn.data.dataset import as_features
from textdl.nn.layers.dense import DenseParams

KEY = jax.random.key(0)


@settings(max_examples=5, deadline=None)
@given(x=arrays(2, 3), w=arrays(3, 2), b=arrays(2))
def test_affine_matches_double_loop(x, w, b):
    by_hand = [[sum(x[n] * w[:, o]) + b[o] for o in range(2)] for n in range(2)]
    got = jax.jit(nn.affine)(DenseParams(jnp.asarray(w), jnp.asarray(b)), jnp.asarray(x))
    np.testing.assert_allclose(got, by_hand, rtol=1e-5, atol=1e-4)


def test_affine_of_two_and_five_inputs_is_the_textbook_perceptron():
    layer = DenseParams(jnp.array([[3.0], [-2.0]]), jnp.array([1.0]))
    z = nn.affine(layer, jnp.array([-1.0, 2.0]))
    assert float(nn.sigmoid(z)[0]) == pytest.approx(0.002, abs=5e-4)
    w = jnp.array([0.1, 0.5, 2.5, 0.2, 3.0])[:, None]
    z = nn.affine(DenseParams(w, jnp.zeros(1)), jnp.array([2.0, 3.0, -1.0, 5.0, 1.0]))
    assert float(z[0]) == pytest.approx(3.2, abs=1e-6)


def test_init_draws_weights_by_the_initializer_and_zero_bias():
    layer = nn.Dense(4, 3, initializer=nn.INITIALIZERS["orthogonal"]).init(KEY)
    np.testing.assert_allclose(layer.weights.T @ layer.weights, np.eye(3), atol=1e-6)
    assert layer.bias.tolist() == [0, 0, 0]


def test_apply_is_the_activation_of_the_affine_map():
    layer = nn.Dense(3, 2, "logistic")
    params = layer.init(KEY)
    x = np.linspace(-1, 1, 6).reshape(2, 3).astype(np.float32)
    z = x @ np.asarray(params.weights) + np.asarray(params.bias)
    np.testing.assert_allclose(layer.apply(params, x), special.expit(z), rtol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_apply_wrong_input_size_names_both_sizes(compiled):
    layer = nn.Dense(3, 2)
    apply = jax.jit(layer.apply) if compiled else layer.apply
    with pytest.raises(DataError, match="rows of 4 numbers do not fit a dense layer of 3 inputs"):
        apply(layer.init(KEY), jnp.ones((5, 4)))


@pytest.mark.parametrize("features", [np.ones((2, 5)), csr_array(np.ones((2, 5)))])
def test_check_features_of_another_width_are_refused(features):
    with pytest.raises(DataError, match="rows of 5 numbers do not fit a dense layer of 3 inputs"):
        nn.Dense(3, 2).check_features(as_features(features))


def test_sequences_need_pooling_first():
    layer = nn.Dense(3, 2)
    batch = nn.SequenceBatch(jnp.ones((2, 4, 3)), jnp.array([1, 2]))
    with pytest.raises(DataError, match=r"not sequences; put MeanPooling\(\) before it"):
        layer.apply(layer.init(KEY), batch)
    with pytest.raises(DataError, match=r"put MeanPooling\(\) before it"):
        layer.check_features(nn.make_sequences([[1, 2]], [2]))


def test_init_with_an_integer_key_names_the_remedy():
    with pytest.raises(ParameterError, match=r"key=3 is an int, not a key; pass jax.random.key"):
        nn.Dense(3, 2).init(3)


@pytest.mark.parametrize("sizes", [(0, 2), (2, 0), (-1, 3)])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ParameterError, match="expected 1 or more of each"):
        nn.Dense(*sizes)


def test_unknown_activation_is_refused():
    with pytest.raises(ParameterError, match="'swoosh' is unknown; expected one of linear, "):
        nn.Dense(3, 2, "swoosh")


def test_mlp_of_any_depth_matches_numpy():
    for sizes in [(3, 2), (3, 4, 2), (3, 1, 5, 2)]:
        params = nn.mlp(sizes).init(KEY)
        assert [layer.weights.shape for layer in params if layer] == list(pairwise(sizes))
        x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
        by_hand = outputs_by_hand(as_numpy(params), x)[-1]
        np.testing.assert_allclose(
            jax.jit(nn.mlp(sizes, "tanh").apply)(params, x), by_hand, rtol=1e-5, atol=1e-6
        )


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
def test_mlp_gradients(activation):
    x = np.random.default_rng(0).normal(size=(2, 3))
    network = nn.mlp((3, 4, 2), activation, 0.5, nn.INITIALIZERS["normal"])
    params = network.init(KEY)
    check = nn.check_gradients(lambda params, x: network.apply(params, x, key=KEY) ** 2, params, x)
    assert check.error < 1e-7, check


def test_mlp_unknown_activation_is_refused():
    with pytest.raises(ParameterError, match="'swoosh' is unknown; expected one of linear, "):
        nn.mlp((3, 2), "swoosh")
