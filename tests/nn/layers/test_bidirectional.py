"""Both directions and stacks against loops in NumPy."""

import jax
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
from textdl.errors import ParameterError

KEY = jax.random.key(0)


@pytest.mark.parametrize("name", STEPS)
def test_apply_matches_a_loop_in_each_direction(name):
    layer = nn.Bidirectional(getattr(nn, name)(3, 4))
    params = layer.init(KEY)
    x = batch()
    out, (forward, backward) = jax.jit(layer.run)(params, x)
    for b in range(len(LENGTHS)):
        one, one_last = recur(name, params.forward, real(x, b))
        two, two_last = recur(name, params.backward, real(x, b), reverse=True)
        np.testing.assert_allclose(real(out, b), np.hstack([one, two]), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(forward[0][b], one_last[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(backward[0][b], two_last[0], rtol=1e-5, atol=1e-6)


def test_last_states_are_those_of_both_directions():
    layer = nn.Bidirectional(nn.GRU(3, 4, return_sequence=False))
    params = layer.init(KEY)
    _, (forward, backward) = layer.run(params, batch())
    np.testing.assert_array_equal(
        layer.apply(params, batch()), np.hstack([forward[0], backward[0]])
    )


def test_stacked_layers_take_the_states_of_the_one_below():
    network = nn.stacked(nn.Bidirectional(nn.LSTM(3, 4, return_sequence=False)), 3, dropout=0.5)
    layers = [layer for layer in network.layers if isinstance(layer, nn.Bidirectional)]
    assert [layer.layer.inputs for layer in layers] == [3, 8, 8]
    assert [layer.layer.return_sequence for layer in layers] == [True, True, False]
    params = network.init(KEY)
    x = batch()
    expected = x
    for layer, own in zip(network.layers, params, strict=True):
        expected = layer.apply(own, expected)
    np.testing.assert_array_equal(network.apply(params, x), expected)
    assert (network.apply(params, x, key=KEY) != expected).any()


@pytest.mark.parametrize("returns", [pytest.param(True, marks=pytest.mark.full), False])
def test_gradients_and_padding(returns):
    layer = nn.stacked(nn.Bidirectional(nn.GRU(3, 2, return_sequence=returns)), 2)
    check_layer_gradients(layer)
    assert_padding_changes_nothing(layer)


def test_what_is_not_a_forward_layer_is_refused():
    with pytest.raises(ParameterError, match="cannot be the forward direction; exp"):
        nn.Bidirectional(nn.GRU(3, 4, reverse=True))
    with pytest.raises(ParameterError, match="cannot be the forward direction"):
        nn.Bidirectional(nn.Dense(3, 4))
    with pytest.raises(ParameterError, match="depth=0 of a stack"):
        nn.stacked(nn.GRU(3, 4), 0)
