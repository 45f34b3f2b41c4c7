"""L1 and L2 against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl import nn
from textdl.nn.layers.dense import DenseParams
from textdl.nn.regularizers import Regularizer

KEY = jax.random.key(0)


def test_regularizer_covers_weights_not_biases():
    params = (
        DenseParams(jnp.array([[1.0, -2.0]]), jnp.array([7.0, 7.0])),
        DenseParams(jnp.array([[3.0], [-0.5]]), jnp.array([9.0])),
    )
    weights = np.array([1, -2, 3, -0.5])
    expected = 0.3 * np.abs(weights).sum() + 0.8 / 2 * (weights**2).sum()
    regularizer = nn.Regularizer(l1=0.3, l2=0.8)
    assert float(jax.jit(regularizer)(params)) == pytest.approx(expected)
    slope = jax.grad(regularizer)(params)
    np.testing.assert_allclose(slope[0].weights, [[0.3 + 0.8, -0.3 - 1.6]], rtol=1e-6)
    assert slope[0].bias.tolist() == [0, 0]
    assert float(nn.Regularizer()(params)) == 0
    assert nn.Regularizer(l2=0.5) == Regularizer(0.0, 0.5)


def test_gradients():
    params = nn.mlp((3, 4, 2)).init(KEY)
    assert nn.check_gradients(nn.Regularizer(l1=0.3, l2=0.8), params).error < 1e-8
