"""Masked mean pooling against a double loop; padding never changes a result."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nn.layers.sequence_cases import (
    LENGTHS,
    assert_padding_changes_nothing,
    batch,
    check_layer_gradients,
    real,
)
from textdl import nn
from textdl.errors import DataError, ParameterError

KEY = jax.random.key(0)
NETWORK = nn.sequential(nn.Embedding(9, 4), nn.MeanPooling(), nn.Dense(4, 2))
PARAMS = NETWORK.init(KEY)
APPLY = jax.jit(NETWORK.apply)
GRADIENT = jax.jit(jax.grad(lambda params, x: (NETWORK.apply(params, x) ** 2).sum()))
EMBED = nn.sequential(nn.Embedding(9, 4), nn.MeanPooling())
EMBED_APPLY = jax.jit(EMBED.apply)
EMBED_GRADIENT = jax.jit(jax.grad(lambda params, x, slope: (slope * EMBED.apply(params, x)).sum()))


@st.composite
def ids_bt_and_lengths(draw):
    """Three sequences of at most five ids, with their lengths."""
    ids = draw(st.lists(st.integers(0, 8), min_size=15, max_size=15))
    lengths = draw(st.lists(st.integers(0, 5), min_size=3, max_size=3))
    return np.array(ids).reshape(3, 5), np.array(lengths)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_mean_divides_by_a_power_of_the_length(power):
    values = np.random.default_rng(0).normal(size=(3, 5, 2))
    lengths = np.array([5, 0, 2])
    x = nn.SequenceBatch(jnp.asarray(values, jnp.float32), jnp.asarray(lengths))
    found = jax.jit(nn.MeanPooling(power).apply)((), x)
    means = mean_by_hand(values, lengths)
    expected = means * np.maximum(lengths, 1)[:, None] ** (1 - power)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def mean_by_hand(values, lengths):
    means = np.zeros((values.shape[0], values.shape[2]))
    for b in range(values.shape[0]):
        for t in range(lengths[b]):
            means[b] += values[b, t] / lengths[b]
    return means


def gradient_by_hand(ids, lengths, slope):
    """Of Σ slope · pooled with respect to the table."""
    gradient = np.zeros((9, 4))
    for b in range(3):
        for t in range(lengths[b]):
            gradient[ids[b, t]] += slope[b] / lengths[b]
    return gradient


@settings(max_examples=20, deadline=None)
@given(batch=ids_bt_and_lengths())
def test_mean_and_gradient_match_double_loop(batch):
    ids, lengths = batch
    params = PARAMS[:2]
    x = nn.SequenceBatch(jnp.asarray(ids), jnp.asarray(lengths))
    pooled = EMBED_APPLY(params, x)
    expected = mean_by_hand(np.asarray(params[0].table)[ids], lengths)
    np.testing.assert_allclose(pooled, expected, rtol=1e-5, atol=1e-7)
    slope = np.arange(1.0, 13).reshape(3, 4)
    got = EMBED_GRADIENT(params, x, slope)
    expected = gradient_by_hand(ids, lengths, slope)
    np.testing.assert_allclose(got[0].table, expected, rtol=1e-5, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(batch=ids_bt_and_lengths(), other=st.integers(-3, 40), more=st.integers(0, 4))
def test_padding_changes_neither_outputs_nor_gradients(batch, other, more):
    """Other ids beyond the length, also such as the table does not have, and more of them."""
    ids, lengths = batch
    padded = np.pad(ids, ((0, 0), (0, more)))
    beyond = np.arange(padded.shape[1]) >= lengths[:, None]
    padded = np.where(beyond, other, padded)
    batches = [nn.SequenceBatch(jnp.asarray(each), jnp.asarray(lengths)) for each in (ids, padded)]
    outputs = [APPLY(PARAMS, each) for each in batches]
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-6, atol=1e-7)
    gradients = [GRADIENT(PARAMS, each) for each in batches]
    for a, b in zip(*map(jax.tree.leaves, gradients), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    # What training and prediction are given is cut to the longest: there every bit is the same.
    predictions = [
        nn.predict(NETWORK, PARAMS, nn.make_sequences(each, lengths)) for each in (ids, padded)
    ]
    np.testing.assert_array_equal(*predictions)


def test_gradients_of_the_whole_network():
    x = nn.SequenceBatch(jnp.array([[4, 0, 4], [2, 1, 1]]), jnp.array([3, 1]))
    check = nn.check_gradients(lambda p: NETWORK.apply(p, x) ** 2, PARAMS)
    assert check.error < 1e-7, check


def test_mean_of_an_empty_sequence_is_zero_with_a_finite_gradient():
    x = nn.SequenceBatch(jnp.full((1, 2, 3), jnp.nan), jnp.array([0]))
    assert nn.MeanPooling().apply((), x).tolist() == [[0, 0, 0]]
    slope = jax.grad(lambda v: nn.MeanPooling().apply((), x._replace(values=v)).sum())(x.values)
    assert (slope == 0).all()


def test_pooling_input_errors():
    for x in (jnp.ones((2, 3)), nn.SequenceBatch(jnp.ones((2, 3), int), jnp.array([1, 2]))):
        with pytest.raises(DataError, match=r"pooling takes sequences of vectors; put nn\.Embed"):
            nn.MeanPooling().apply((), x)


def test_max_matches_loop():
    x = batch()
    out = jax.jit(nn.MaxPooling().apply)((), x)
    for b in range(len(LENGTHS)):
        expected = real(x, b).max(0) if LENGTHS[b] else np.zeros(3)
        np.testing.assert_array_equal(out[b], expected)


def test_attention_matches_loop():
    layer = nn.AttentionPooling(3, 4)
    params = layer.init(KEY)._replace(bias=jnp.array([0.5, -0.5, 0.0, 1.0]))
    x = batch()
    out = jax.jit(layer.apply)(params, x)
    for b in range(len(LENGTHS)):
        own = real(x, b)
        scores = [np.tanh(v @ params.weights + params.bias) @ params.query for v in own]
        weights = np.exp(scores) / np.sum(np.exp(scores)) if len(own) else np.zeros(0)
        np.testing.assert_allclose(out[b], weights @ own, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            nn.attention_weights(params, x)[b, : len(own)], weights, rtol=1e-5
        )


@pytest.mark.parametrize("layer", [nn.MaxPooling(), nn.MeanPooling(), nn.AttentionPooling(3, 2)])
def test_pooling_gradients_and_padding(layer):
    check_layer_gradients(layer)
    assert_padding_changes_nothing(layer)


def test_max_of_an_empty_sequence_is_zero_with_a_finite_gradient():
    x = nn.SequenceBatch(jnp.full((1, 2, 3), jnp.nan), jnp.array([0]))
    for layer in (nn.MaxPooling(), nn.AttentionPooling(3, 2)):
        params = layer.init(KEY)
        assert layer.apply(params, x).tolist() == [[0, 0, 0]]
        slope = jax.grad(lambda v, it=layer, p=params: it.apply(p, x._replace(values=v)).sum())(
            x.values
        )
        assert (slope == 0).all()


@pytest.mark.parametrize(("size", "stride"), [((2, 2), None), ((3, 2), (1, 2))])
def test_max_pooling_2d_matches_loop(size, stride):
    layer = nn.MaxPooling2D(size, stride)
    rows, columns = stride or size
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32)
    out = np.asarray(layer.apply((), x))
    assert out.shape[1:3] == ((7 - size[0]) // rows + 1, (6 - size[1]) // columns + 1)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            patch = x[:, i * rows : i * rows + size[0], j * columns : j * columns + size[1]]
            np.testing.assert_array_equal(out[:, i, j], patch.max((1, 2)))
    check = nn.check_gradients(lambda x: jnp.sin(layer.apply((), x)), x[:1])
    assert check.error < 1e-6, check


def test_pooling_parameter_and_image_errors():
    with pytest.raises(ParameterError, match="attention pooling of 0 inputs"):
        nn.AttentionPooling(0, 2)
    with pytest.raises(ParameterError, match=r"max pooling of size \(0, 2\)"):
        nn.MaxPooling2D((0, 2))
    with pytest.raises(DataError, match=r"max pooling of 3 x 3 cannot take \(1, 2, 5, 1\)"):
        nn.MaxPooling2D((3, 3)).apply((), jnp.ones((1, 2, 5, 1)))
