"""Layers one after another; the multi-layer perceptron is dense layers with dropout between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
from jax import Array

from textdl.errors import ParameterError
from textdl.jax_settings import check_key
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.data.features import Features
from textdl.nn.initializers import Initializer, glorot_uniform
from textdl.nn.layers.dense import Dense
from textdl.nn.layers.dropout import Dropout
from textdl.nn.layers.layer import Layer, Params
from textdl.parameters import lookup


@dataclass(frozen=True)
class Sequential(Layer):
    """x_0 = x, x_l = layer_l(x_l-1): a layer that is made of layers; see `sequential`.

    The parameters are a tuple with an entry per layer. Each layer that draws has a key of its own,
    so one that does not can be added without changing what the others draw.

    Args:
        layers: from the inputs to the outputs.

    Raises:
        ParameterError: there is none, or one of them is not a layer.
    """

    layers: tuple[Layer, ...]

    is_random = True

    def __post_init__(self) -> None:
        if not self.layers:
            raise ParameterError("a network of no layers; give one at least")
        for layer in self.layers:
            check_layer(layer)

    def init(self, key: Array) -> tuple[Params, ...]:
        """Draw the parameters of every layer."""
        check_key(key)
        drawing = sum(layer.has_parameters for layer in self.layers)
        keys = iter(jax.random.split(key, max(drawing, 1)))
        return tuple(
            layer.init(next(keys)) if layer.has_parameters else () for layer in self.layers
        )

    def apply(self, params: tuple[Params, ...], x: Any, *, key: Array | None = None) -> Any:
        """The outputs of the last layer.

        Args:
            params: an entry per layer.
            x: what the first layer takes.
            key: of all draws, each layer that draws having its own; None switches them off.
        """
        drawing = 0
        for layer, layer_params in zip(self.layers, params, strict=True):
            if not layer.is_random:
                x = layer.apply(layer_params, x)
                continue
            layer_key = None if key is None else jax.random.fold_in(key, drawing)
            x = layer.apply(layer_params, x, key=layer_key)
            drawing += 1
        return x

    def check_features(self, features: Features) -> None:
        """Refuse features that the first layer cannot take."""
        self.layers[0].check_features(features)


def sequential(*layers: Layer) -> Sequential:
    """Put layers one after another.

    Args:
        layers: from the inputs to the outputs; what one gives, the next one takes.

    Raises:
        ParameterError: there is none, or one of them is not a layer.

    Example:
        >>> import jax.numpy as jnp
        >>> from textdl.nn.data.sequences import SequenceBatch
        >>> from textdl.nn.layers.embedding import Embedding
        >>> from textdl.nn.layers.pooling import MeanPooling
        >>> network = sequential(Embedding(100, 8), MeanPooling(), Dense(8, 2))
        >>> params = network.init(jax.random.key(0))
        >>> batch = SequenceBatch(jnp.array([[3, 7, 0], [1, 0, 0]]), jnp.array([2, 1]))
        >>> network.apply(params, batch).shape
        (2, 2)
    """
    return Sequential(layers)


def mlp(
    sizes: Sequence[int],
    activation: str = "relu",
    dropout: float = 0.0,
    initializer: Initializer = glorot_uniform,
) -> Sequential:
    """A multi-layer perceptron: a_0 = x, a_l = g(a_l-1 W_l + b_l).

    The last layer has no activation: its z are the logits. Its parameters have an entry for dropout
    too, an empty one: W_1 is `params[0].weights`, W_2 `params[2].weights`.

    Args:
        sizes: units of every layer, from the inputs to the outputs.
        activation: g of the hidden layers, a name in `ACTIVATIONS`.
        dropout: share of units left out after every hidden layer, from 0 up to, not including, 1.
        initializer: of the weights.

    Raises:
        ParameterError: fewer than two sizes, one below 1, an unknown activation, or a rate out of
            range.

    Example:
        >>> import jax.numpy as jnp
        >>> network = mlp((4, 8, 3), "tanh")
        >>> params = network.init(jax.random.key(0))
        >>> network.apply(params, jnp.ones((5, 4))).shape
        (5, 3)
    """
    if len(sizes) < 2:
        raise ParameterError(f"sizes={tuple(sizes)}; expected inputs and outputs at least")
    lookup("activation", activation, ACTIVATIONS)
    between = Dropout(dropout)
    *hidden, last = pairwise(sizes)
    layers: list[Layer] = []
    for inputs, outputs in hidden:
        layers += [Dense(inputs, outputs, activation, initializer), between]
    return sequential(*layers, Dense(*last, initializer=initializer))


def check_layer(layer: Any) -> None:
    """Refuse what is not a layer.

    Raises:
        ParameterError: it lacks `init` or `apply`.
    """
    if not isinstance(layer, Layer):
        raise ParameterError(
            f"{layer!r} is not a layer; expected one of nn.Dense, nn.sequential(...), nn.mlp(...) "
            "or a subclass of nn.Layer"
        )
