"""Layers side by side: each sees the same inputs, and their outputs are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from textdl.errors import ParameterError
from textdl.jax_settings import check_key
from textdl.nn.layers.sequential import Layer, Params, check_layer


@dataclass(frozen=True)
class Parallel(Layer):
    """y = (layer_1(x), ..., layer_n(x)), joined on the last axis.

    The parameters are a tuple with an entry per layer.

    Args:
        layers: each takes `x` and gives an array; they differ in the last axis only.

    Raises:
        ParameterError: there is no layer, or one of them is not a layer.

    Example:
        >>> from textdl.nn.layers.dense import Dense
        >>> network = Parallel((Dense(3, 4), Dense(3, 2)))
        >>> network.apply(network.init(jax.random.key(0)), jnp.ones((5, 3))).shape
        (5, 6)
    """

    layers: tuple[Layer, ...]

    is_random = True

    def __post_init__(self) -> None:
        if not self.layers:
            raise ParameterError("there are no layers side by side; give at least one")
        for layer in self.layers:
            check_layer(layer)

    @property
    def draws(self) -> bool:
        """Whether any layer of it draws from its key."""
        return any(layer.draws for layer in self.layers)

    def init(self, key: Array) -> tuple[Params, ...]:
        """Draw the parameters of every layer."""
        check_key(key)
        keys = jax.random.split(key, len(self.layers))
        return tuple(layer.init(own) for layer, own in zip(self.layers, keys, strict=True))

    def apply(self, params: tuple[Params, ...], x: Any, *, key: Array | None = None) -> Array:
        """The outputs of all layers, joined.

        Args:
            params: an entry per layer.
            x: what each layer takes.
            key: from which the key of each layer is derived; None switches draws off.

        Returns:
            `(..., O_1 + ... + O_n)`.
        """
        outputs = []
        for number, (layer, own) in enumerate(zip(self.layers, params, strict=True)):
            layer_key = None if key is None else jax.random.fold_in(key, number)
            outputs.append(layer.apply(own, x, key=layer_key))
        return jnp.concatenate(outputs, axis=-1)

    def frozen(self, params: tuple[Params, ...]) -> tuple[Any, ...]:
        """What each layer says."""
        return tuple(layer.frozen(own) for layer, own in zip(self.layers, params, strict=True))

    def details(self) -> str:
        """How many layers there are."""
        return f"{len(self.layers)} side by side"
