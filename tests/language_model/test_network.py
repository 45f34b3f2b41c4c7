"""The network of a language model: its loss against a NumPy loop, carried state, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl.language_model import network as network_module
from textdl.language_model.network import CELL_LAYERS, LanguageNetwork, segment_loss
from textdl.language_model.streams import SegmentBatch
from textdl.nn.gradcheck import check_gradients

DRAW = np.random.default_rng(0)
NETWORKS = [
    LanguageNetwork(7, 4, 4, "gru"),
    LanguageNetwork(7, 3, 5, "lstm", layers=2),
    LanguageNetwork(7, 3, 5, "gru", tied=False),
    LanguageNetwork(7, 5, 3, "rnn", tied=False, layers=3),
]
B, T = 3, 8
INPUTS = DRAW.integers(0, 7, (B, T)).astype(np.int32)
TARGETS = DRAW.integers(0, 7, (B, T)).astype(np.int32)
LENGTHS = np.array([8, 5, 0], np.int32)


def params_of(network):
    return network.init(jax.random.key(3))


def piece(start, stop):
    lengths = np.clip(LENGTHS - start, 0, stop - start)
    return SegmentBatch(INPUTS[:, start:stop], TARGETS[:, start:stop], lengths)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cell_step(cell, layer, x, state):
    """The equations of a step, written once more."""
    sums = x @ np.asarray(layer.weights, float) + np.asarray(layer.bias, float)
    recurrent = state[0] @ np.asarray(layer.recurrent_weights, float)
    if cell == "rnn":
        return [np.tanh(sums + recurrent)]
    if cell == "lstm":
        i, f, g, o = np.split(sums + recurrent, 4)
        memory = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(memory), memory]
    x_r, x_z, x_n = np.split(sums, 3)
    h_r, h_z, h_n = np.split(recurrent + np.asarray(layer.recurrent_bias, float), 3)
    z = sigmoid(x_z + h_z)
    n = np.tanh(x_n + sigmoid(x_r + h_r) * h_n)
    return [(1 - z) * n + z * state[0]]


def loss_by_loop(network, params, inputs, targets):
    """-Σ log p of one sequence, symbol by symbol."""
    states = [
        [np.zeros(network.hidden_size)] * (2 if network.cell == "lstm" else 1)
        for _ in range(network.layers)
    ]
    table = np.asarray(params.embedding.table, float)
    total = 0.0
    for before, target in zip(inputs, targets, strict=True):
        h = table[before]
        for number in range(network.layers):
            states[number] = cell_step(network.cell, params.recurrent[number], h, states[number])
            h = states[number][0]
        if params.projection is not None:
            h = h @ np.asarray(params.projection, float)
        rows = table if params.output is None else np.asarray(params.output, float)
        logits = rows @ h + np.asarray(params.bias, float)
        total -= logits[target] - np.log(np.exp(logits).sum())
    return total


@pytest.mark.parametrize("network", NETWORKS, ids=lambda it: f"{it.cell}{it.layers}")
def test_loss_is_that_of_a_loop_over_symbols(network):
    params = params_of(network)
    loss, _ = segment_loss(network, params, network.initial_carry(B), piece(0, T))
    rows = zip(INPUTS, TARGETS, LENGTHS, strict=True)
    expected = sum(loss_by_loop(network, params, x[:n], t[:n]) for x, t, n in rows)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda it: f"{it.cell}{it.layers}")
def test_loss_of_a_long_segment_is_the_sum_over_its_pieces(network):
    params = params_of(network)
    whole, last = segment_loss(network, params, network.initial_carry(B), piece(0, T))
    carry = network.initial_carry(B)
    parts = []
    for start, stop in ((0, 3), (3, 4), (4, 8)):
        loss, carry = segment_loss(network, params, carry, piece(start, stop))
        parts.append(float(loss))
    assert sum(parts) == pytest.approx(float(whole), rel=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), carry, last)
    fresh, _ = segment_loss(network, params, network.initial_carry(B), piece(4, 8))
    assert abs(float(fresh) - parts[-1]) > 1e-4


@pytest.mark.parametrize("network", NETWORKS, ids=lambda it: f"{it.cell}{it.layers}")
def test_gradient(network):
    params = params_of(network)

    def loss(params):
        carry = jax.tree.map(
            lambda it: jnp.full(it.shape, 0.1, params.bias.dtype), network.initial_carry(B)
        )
        return segment_loss(network, params, carry, piece(0, T))[0]

    result = check_gradients(loss, params)
    assert result.error < 1e-6, result


def test_no_gradient_goes_through_the_carried_state():
    network = NETWORKS[0]
    params = params_of(network)
    gradient = jax.grad(lambda carry: segment_loss(network, params, carry, piece(0, T))[0])(
        network.initial_carry(B)
    )
    assert not any(leaf.any() for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize("at_once", [7, 30, 7 * 24])
def test_logits_of_a_large_vocabulary_are_made_in_parts(monkeypatch, at_once):
    network = NETWORKS[1]
    params = params_of(network)

    def value_and_gradient():
        carry = network.initial_carry(B)
        return jax.value_and_grad(lambda p: segment_loss(network, p, carry, piece(0, T))[0])(params)

    whole = value_and_gradient()
    monkeypatch.setattr(network_module, "LOGITS_AT_ONCE", at_once)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), value_and_gradient(), whole
    )


def test_dropout_draws_by_its_key_in_training_only():
    network = LanguageNetwork(7, 4, 4, dropout=0.5)
    params = params_of(network)

    def loss(key):
        return float(segment_loss(network, params, network.initial_carry(B), piece(0, T), key)[0])

    one, other = jax.random.split(jax.random.key(0))
    assert loss(one) == loss(one) != loss(other)
    assert loss(None) == pytest.approx(
        float(segment_loss(NETWORKS[0], params, network.initial_carry(B), piece(0, T))[0])
    )
    assert network.draws
    assert not NETWORKS[0].draws


def test_as_a_layer_it_gives_logits():
    network = NETWORKS[3]
    batch = network_module.SequenceBatch(jnp.asarray(INPUTS), jnp.asarray(LENGTHS))
    assert network.apply(params_of(network), batch).values.shape == (B, T, 7)
    assert set(CELL_LAYERS) == {"rnn", "gru", "lstm"}
