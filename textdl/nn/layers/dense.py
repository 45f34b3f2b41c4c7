"""The dense layer: z = x W + b, and an activation g(z); the multi-layer perceptron made of it.

Reference:
    Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl.errors import DataError, ParameterError
from textdl.jax_settings import check_key
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.data.dataset import Features
from textdl.nn.data.dense import DenseRows
from textdl.nn.data.packed_sequences import PackedSequences
from textdl.nn.data.sequences import SequenceBatch, Sequences
from textdl.nn.data.sparse import SparseBatch, SparseRows
from textdl.nn.initializers import Initializer, glorot_uniform
from textdl.nn.layers.dropout import Dropout
from textdl.nn.layers.sequential import Layer, Sequential, sequential
from textdl.parameters import lookup


class DenseParams(NamedTuple):
    """The parameters of a dense layer.

    Example:
        >>> params = DenseParams(jnp.zeros((3, 2)), jnp.zeros(2))
        >>> params.weights.shape, params.bias.shape
        ((3, 2), (2,))
    """

    weights: Array  # (I, O) float, W
    bias: Array  # (O,) float, b


@dataclass(frozen=True)
class Dense(Layer):
    """a = g(x W + b).

    Args:
        inputs: I, numbers per row.
        outputs: O, units.
        activation: g, a name in `ACTIVATIONS`.
        initializer: of W; b starts at 0.

    Raises:
        ParameterError: a size is below 1, or the activation is unknown.

    Example:
        >>> import jax
        >>> layer = Dense(3, 2, "relu")
        >>> params = layer.init(jax.random.key(0))
        >>> params.weights.shape, layer.apply(params, jnp.ones((5, 3))).shape
        ((3, 2), (5, 2))
    """

    inputs: int
    outputs: int
    activation: str = "linear"
    initializer: Initializer = glorot_uniform

    def __post_init__(self) -> None:
        if not (self.inputs >= 1 and self.outputs >= 1):
            raise ParameterError(
                f"a dense layer of {self.inputs} inputs and {self.outputs} outputs; expected 1 or "
                "more of each"
            )
        lookup("activation", self.activation, ACTIVATIONS)

    def init(self, key: Array) -> DenseParams:
        """Draw the weights; the bias starts at 0."""
        check_key(key)
        return DenseParams(
            self.initializer(key, (self.inputs, self.outputs)), jnp.zeros(self.outputs)
        )

    def apply(
        self, params: DenseParams, x: Array | SparseBatch, *, key: Array | None = None
    ) -> Array:
        """The activations `(..., O)`.

        Args:
            params: of the layer.
            x: `(..., I)`, or the sparse rows of a batch.
            key: not used, since this layer draws nothing.

        Returns:
            `(..., O)` float.

        Raises:
            DataError: `x` does not have I numbers per row.
        """
        del key
        return ACTIVATIONS[self.activation](affine(params, x))

    def check_features(self, features: Features) -> None:
        """Refuse rows with a column that the weights do not have.

        Raises:
            DataError: there is one, or the features are sequences.
        """
        if isinstance(features, Sequences | PackedSequences):
            raise DataError(_SEQUENCES)
        if isinstance(features, DenseRows):
            _check_size(features.values.shape[-1], self.inputs)
        if isinstance(features, SparseRows):
            _check_size(max(self.inputs, int(np.max(features.columns)) + 1), self.inputs)

    def details(self) -> str:
        """The activation."""
        return self.activation


@dataclass(frozen=True)
class Flatten(Layer):
    """Every example as one row of numbers: what a dense layer takes of an image.

    Example:
        >>> Flatten().apply((), jnp.ones((5, 4, 4, 8))).shape
        (5, 128)
    """

    has_parameters = False

    def apply(self, params: tuple[()], x: Array, *, key: Array | None = None) -> Array:
        """The rows.

        Args:
            params: none.
            x: `(B, ...)`.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, F)`.

        Raises:
            DataError: `x` is sequences, whose padding would be among the numbers.
        """
        del key
        if isinstance(x, SequenceBatch):
            raise DataError(_SEQUENCES)
        return x.reshape(len(x), -1)

    def details(self) -> None:
        """Not shown: it changes no number."""
        return


_SEQUENCES = "a dense layer takes rows of numbers, not sequences; put MeanPooling() before it"


def affine(params: DenseParams, x: Array | SparseBatch) -> Array:
    """Z = x W + b.

    Args:
        params: W `(I, O)` and b `(O,)`.
        x: `(..., I)`, or the sparse rows of a batch, of which only the non-zeros are touched.

    Returns:
        `(..., O)` float.

    Raises:
        DataError: `x` does not have I numbers per row.

    Example:
        >>> affine(DenseParams(jnp.array([[3.0], [-2.0]]), jnp.array([1.0])), jnp.array([-1., 2.]))
        Array([-6.], dtype=float32)
    """
    if isinstance(x, SequenceBatch):
        raise DataError(_SEQUENCES)
    shape: Any = getattr(x, "shape", None)
    if shape:
        _check_size(shape[-1], params.weights.shape[0])
    return x @ params.weights + params.bias


def mlp(
    sizes: Sequence[int],
    activation: str = "relu",
    dropout: float = 0.0,
    initializer: Initializer = glorot_uniform,
) -> Sequential:
    """A multi-layer perceptron: a_0 = x, a_l = g(a_l-1 W_l + b_l).

    The last layer has no activation: its z are the logits. The parameters also have an entry for
    each dropout layer, an empty tuple: W_1 is `params[0].weights`, W_2 `params[2].weights`.

    Args:
        sizes: units of every layer, from the inputs to the outputs.
        activation: g of the hidden layers, a name in `ACTIVATIONS`.
        dropout: share of units dropped after every hidden layer; at least 0, below 1.
        initializer: of the weights.

    Returns:
        The network, whose parameters its `init` draws.

    Raises:
        ParameterError: fewer than two sizes, one below 1, an unknown activation, or a rate out of
            range.

    Example:
        >>> import jax
        >>> network = mlp((4, 8, 3), "tanh")
        >>> params = network.init(jax.random.key(0))
        >>> network.apply(params, jnp.ones((5, 4))).shape
        (5, 3)
    """
    if len(sizes) < 2:
        raise ParameterError(f"sizes={tuple(sizes)}; expected at least inputs and outputs")
    lookup("activation", activation, ACTIVATIONS)
    *hidden, last = pairwise(sizes)
    layers: list[Layer] = []
    if hidden or dropout:  # a rate out of range is refused even where nothing is dropped
        between = Dropout(dropout)
        for inputs, outputs in hidden:
            layers += [Dense(inputs, outputs, activation, initializer), between]
    return sequential(*layers, Dense(*last, initializer=initializer))


def _check_size(found: int, expected: int) -> None:
    if found != expected:
        raise DataError(
            f"rows of {found:,} numbers do not fit a dense layer of {expected:,} inputs; make the "
            f"network for {found:,} inputs, or give rows of {expected:,}"
        )
