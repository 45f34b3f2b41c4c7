"""Layer normalization against NumPy, on rows and on sequences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.nn.layers.sequence_cases import (
    assert_padding_changes_nothing,
    batch,
    check_layer_gradients,
    real,
)
from textdl import nn
from textdl.errors import DataError, ParameterError

PARAMS = nn.LayerNormParams(jnp.array([1.0, 2.0, -1.0]), jnp.array([0.0, 1.0, 0.5]))


def by_hand(x):
    z = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return z * np.asarray(PARAMS.scale) + np.asarray(PARAMS.bias)


def test_rows_match_numpy():
    x = np.random.default_rng(0).normal(3, 5, (4, 3)).astype(np.float32)
    np.testing.assert_allclose(nn.LayerNorm(3).apply(PARAMS, x), by_hand(x), rtol=1e-4, atol=1e-5)


def test_sequences_match_numpy_and_keep_their_lengths():
    x = batch()
    out = nn.LayerNorm(3).apply(PARAMS, x)
    for b in range(4):
        np.testing.assert_allclose(real(out, b), by_hand(real(x, b)), rtol=1e-4, atol=1e-5)
    assert_padding_changes_nothing(nn.LayerNorm(3))


def test_gradients():
    check_layer_gradients(nn.LayerNorm(3))


def test_init_is_the_plain_normalization():
    params = nn.LayerNorm(3).init(jax.random.key(0))
    assert params.scale.tolist() == [1, 1, 1]
    assert params.bias.tolist() == [0, 0, 0]


def test_input_and_parameter_errors():
    with pytest.raises(DataError, match="rows of 4 numbers do not fit layer normalization of 3"):
        nn.LayerNorm(3).apply(PARAMS, jnp.ones((2, 4)))
    with pytest.raises(ParameterError, match="expected a size of 1 or more"):
        nn.LayerNorm(0)
    with pytest.raises(ParameterError, match="epsilon above 0"):
        nn.LayerNorm(3, 0.0)
