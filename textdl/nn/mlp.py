"""The multi-layer perceptron: dense layers with activations between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
from jax import Array

from textdl.errors import lookup
from textdl.nn import dense, dropout
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.dense import Dense
from textdl.nn.initializers import Initializer, glorot_uniform
from textdl.nn.sparse import SparseBatch

Params = tuple[Dense, ...]


@dataclass(frozen=True)
class Network:
    """`apply` with its settings: equal networks are compiled once."""

    activation: str = "relu"
    dropout: float = 0.0

    def __call__(self, params: Params, x: Array | SparseBatch, key: Array | None = None) -> Array:
        """The outputs `(B, O)` for a batch `(B, I)`; a key switches dropout on."""
        return apply(params, x, activation=self.activation, rate=self.dropout, key=key)


def init(key: Array, sizes: Sequence[int], initializer: Initializer = glorot_uniform) -> Params:
    """Draw the layers of a network with `sizes` units, from the inputs to the outputs.

    Example:
        >>> [layer.weights.shape for layer in init(jax.random.key(0), (4, 8, 3))]
        [(4, 8), (8, 3)]
    """
    keys = jax.random.split(key, len(sizes) - 1)
    shapes = zip(keys, sizes[:-1], sizes[1:], strict=True)
    return tuple(dense.init(key, inputs, outputs, initializer) for key, inputs, outputs in shapes)


def apply(
    params: Params,
    x: Array | SparseBatch,
    *,
    activation: str = "relu",
    rate: float = 0.0,
    key: Array | None = None,
) -> Array:
    """a_0 = x, a_l = g(a_l-1 W_l + b_l); the last layer has no activation: its z are the logits.

    Args:
        params: L layers.
        x: `(B, I)` dense or sparse.
        activation: g, a name in `activations.ACTIVATIONS`.
        rate: of dropout, after every hidden layer.
        key: of dropout; None switches it off.

    Returns:
        `(B, O)` float32.

    Raises:
        ParameterError: the activation is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> apply(init(jax.random.key(0), (4, 8, 3)), jnp.ones((5, 4))).shape
        (5, 3)
    """
    *hidden, last = params
    g = lookup("activation", activation, ACTIVATIONS)
    for number, layer in enumerate(hidden):
        layer_key = None if key is None else jax.random.fold_in(key, number)
        x = dropout.apply(g(dense.apply(layer, x)), rate, layer_key)
    return dense.apply(last, x)
