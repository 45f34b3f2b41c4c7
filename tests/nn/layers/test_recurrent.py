"""Recurrent layers against a loop in NumPy; lengths, states, gradients, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.nn.layers.oracles import STEPS, recur
from tests.nn.layers.sequence_cases import (
    LENGTHS,
    assert_padding_changes_nothing,
    batch,
    check_layer_gradients,
    real,
)
from textdl import nn
from textdl.errors import DataError, ParameterError

LAYERS = {name: getattr(nn, name) for name in STEPS}
KEY = jax.random.key(0)
# Every layer, and both directions, are compiled for in the quick tests; all pairs in the full ones.
DIRECTIONS = [
    pytest.param(reverse, name, marks=[] if reverse == (name == "GRU") else [pytest.mark.full])
    for reverse in (False, True)
    for name in LAYERS
]


def drawn(layer):
    """Parameters of which no bias is 0."""
    params = layer.init(KEY)
    draw = np.random.default_rng(1)
    return jax.tree.map(lambda p: p + draw.normal(size=p.shape).astype(np.float32) / 4, params)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("unroll", [1, 3])
def test_run_matches_loop(name, reverse, unroll):
    layer = LAYERS[name](3, 4, reverse=reverse, unroll=unroll)
    params = drawn(layer)
    x = batch()
    hidden, state = jax.jit(layer.run)(params, x)
    assert hidden.lengths.tolist() == LENGTHS.tolist()
    for b in range(len(LENGTHS)):
        expected, last = recur(name, params, real(x, b), reverse=reverse)
        np.testing.assert_allclose(real(hidden, b), expected, rtol=1e-5, atol=1e-6)
        for got, wanted in zip(state, last, strict=True):
            np.testing.assert_allclose(got[b], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_run_of_two_halves_is_run_of_the_whole(name):
    layer = LAYERS[name](3, 4)
    params = drawn(layer)
    x = batch()
    first = nn.SequenceBatch(x.values[:, :2], jnp.minimum(x.lengths, 2))
    second = nn.SequenceBatch(x.values[:, 2:], jnp.maximum(x.lengths - 2, 0))
    run = jax.jit(layer.run)
    _, whole = run(params, x)
    _, state = run(params, first)
    _, state = run(params, second, state)
    for got, expected in zip(state, whole, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("reverse", "name"), DIRECTIONS)
def test_gradients(name, reverse):
    check_layer_gradients(LAYERS[name](3, 2, reverse=reverse))
    check_layer_gradients(LAYERS[name](3, 2, reverse=reverse, return_sequence=False))


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_states(name):
    layer = LAYERS[name](3, 2)
    params = layer.init(KEY)
    x = batch(fill=0.0)

    def last_states(params, state):
        return sum(jnp.sin(part) for part in layer.run(params, x, state)[1])

    draw = np.random.default_rng(3)
    state = tuple(draw.normal(size=(4, 2)) for _ in layer.initial_state(4))
    check = nn.check_gradients(last_states, params, state)
    assert check.error < 1e-6, check


@pytest.mark.parametrize(("reverse", "name"), DIRECTIONS)
def test_padding_changes_nothing(name, reverse):
    assert_padding_changes_nothing(LAYERS[name](3, 4, reverse=reverse))
    assert_padding_changes_nothing(LAYERS[name](3, 4, reverse=reverse, return_sequence=False))


def test_init_biases():
    assert (nn.RNN(3, 4).init(KEY).bias == 0).all()
    assert nn.LSTM(3, 2).init(KEY).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert nn.LSTM(3, 2).init(KEY).recurrent_bias is None
    assert nn.GRU(3, 4).init(KEY).recurrent_bias.shape == (12,)


def test_init_recurrent_weights_are_orthogonal_gate_by_gate():
    weights = np.asarray(nn.GRU(3, 4).init(KEY).recurrent_weights)
    for gate in np.split(weights, 3, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(4), atol=1e-5)


def test_state_of_another_size_is_refused():
    layer = nn.LSTM(3, 4)
    with pytest.raises(DataError, match=r"a state of shapes \[\(4, 4\)\]; expected \[\(4, 4\), \("):
        layer.run(layer.init(KEY), batch(), (jnp.zeros((4, 4)),))


def test_input_errors():
    layer = nn.GRU(2, 4)
    with pytest.raises(DataError, match="vectors of 3 numbers do not fit a recurrent layer of 2"):
        layer.apply(layer.init(KEY), batch())
    with pytest.raises(DataError, match=r"takes sequences of vectors; put nn\.Embedding before"):
        layer.apply(layer.init(KEY), jnp.ones((2, 3)))


@pytest.mark.parametrize("sizes", [{"inputs": 0}, {"units": 0}, {"unroll": 0}])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ParameterError, match="expected 1 or more of each"):
        nn.LSTM(**{"inputs": 3, "units": 4} | sizes)


def test_unknown_activation_is_refused():
    with pytest.raises(ParameterError, match="'swoosh' is unknown"):
        nn.RNN(3, 4, activation="swoosh")
