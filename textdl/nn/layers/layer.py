"""The protocol of a layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Any, ClassVar

import jax
from jax import Array

from textdl.nn.data.features import Features

Params = Any  # a pytree of arrays


class Layer(ABC):
    """A description of a layer: pure functions that make its parameters and use them.

    Subclasses are frozen dataclasses: equal layers are compiled once, and layers of two classes are
    never equal. (A NamedTuple would be equal to any other of the same fields, so JAX would take the
    compiled program of one for the other.)

    Attributes:
        has_parameters: whether `init` draws any.
        is_random: whether `apply` draws from its key.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Square(Layer):
        ...     has_parameters = False
        ...     def apply(self, params, x, *, key=None):
        ...         return x**2
        >>> Square().apply((), 3)
        9
    """

    has_parameters: ClassVar[bool] = True
    is_random: ClassVar[bool] = False

    def init(self, key: Array) -> Params:
        """Draw parameters: a NamedTuple of arrays, or an empty tuple where there are none."""
        return ()

    @abstractmethod
    def apply(self, params: Params, x: Any, *, key: Array | None = None) -> Any:
        """The outputs for a batch.

        Args:
            params: as `init` makes them.
            x: what the layer before it gives, or the features of a batch: `(B, ...)`, a
                `SparseBatch` or a `SequenceBatch`.
            key: of random draws in training; None, as in prediction, switches them off.
        """

    def check_features(self, features: Features) -> None:
        """Refuse features that this layer, as the first, cannot take; by their values.

        Raises:
            DataError: they do not fit.
        """
        del features

    def details(self) -> str | None:
        """What a summary says beside the sizes; None leaves out a layer that changes nothing."""
        return ""


@partial(jax.jit, static_argnums=0)
def init_params(network: Layer, key: Array) -> Params:
    """Draw the parameters of a network, compiled as one; equal networks are compiled once.

    Example:
        >>> from textdl.nn.layers.dense import Dense
        >>> init_params(Dense(3, 2), jax.random.key(0)).bias.shape
        (2,)
    """
    return network.init(key)
