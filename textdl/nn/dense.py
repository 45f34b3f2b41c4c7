"""The dense layer: z = x W + b."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from textdl.nn.initializers import Initializer, glorot_uniform
from textdl.nn.sparse import SparseBatch


class Dense(NamedTuple):
    """The parameters of a dense layer."""

    weights: Array  # (I, O) float
    bias: Array  # (O,) float


def init(key: Array, inputs: int, outputs: int, initializer: Initializer = glorot_uniform) -> Dense:
    """Draw weights; the bias starts at 0.

    Example:
        >>> import jax
        >>> init(jax.random.key(0), 3, 2).weights.shape
        (3, 2)
    """
    return Dense(initializer(key, (inputs, outputs)), jnp.zeros(outputs))


def apply(params: Dense, x: Array | SparseBatch) -> Array:
    """Z = x W + b.

    Args:
        params: `W (I, O)`, `b (O,)`.
        x: `(..., I)`, or the sparse rows of a batch, whose non-zeros alone are touched.

    Returns:
        `(..., O)` float.

    Example:
        >>> apply(Dense(jnp.array([[3.0], [-2.0]]), jnp.array([1.0])), jnp.array([-1.0, 2.0]))
        Array([-6.], dtype=float32)
    """
    return x @ params.weights + params.bias
