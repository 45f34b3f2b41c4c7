"""Recurrent layers together: one in each direction, and one on top of another.

References:
    Schuster and Paliwal 1997, "Bidirectional recurrent neural networks";
    Graves, Mohamed and Hinton 2013, "Speech recognition with deep recurrent neural networks"
    (stacked).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from textdl.errors import ParameterError
from textdl.jax_settings import check_key
from textdl.nn.data.sequences import SequenceBatch
from textdl.nn.layers.dropout import Dropout
from textdl.nn.layers.recurrent import Recurrent, RecurrentParams
from textdl.nn.layers.sequential import Layer, Sequential, sequential
from textdl.nn.scan import State


class BidirectionalParams(NamedTuple):
    """The parameters of both directions.

    Example:
        >>> from textdl.nn.layers.recurrent import RNN
        >>> Bidirectional(RNN(3, 8)).init(jax.random.key(0)).backward.weights.shape
        (3, 8)
    """

    forward: RecurrentParams
    backward: RecurrentParams


@dataclass(frozen=True)
class Bidirectional(Layer):
    """y_t = (h_t, h'_t): a recurrent layer, and one like it that begins at the end.

    Args:
        layer: the forward direction; with its `return_sequence` False, the result is the last state
            of each direction: of the last step, and of the first.

    Raises:
        ParameterError: the layer is not a recurrent one, or goes backward itself.

    Example:
        >>> from textdl.nn.layers.recurrent import LSTM
        >>> layer = Bidirectional(LSTM(3, 8))
        >>> batch = SequenceBatch(jnp.ones((2, 5, 3)), jnp.array([5, 2]))
        >>> layer.apply(layer.init(jax.random.key(0)), batch).values.shape
        (2, 5, 16)
    """

    layer: Recurrent

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Recurrent) or self.layer.reverse:
            raise ParameterError(
                f"{self.layer!r} cannot be the forward direction; expected nn.RNN, nn.GRU or "
                "nn.LSTM, without reverse"
            )

    @property
    def backward(self) -> Recurrent:
        """The layer of the other direction."""
        return replace(self.layer, reverse=True)

    def init(self, key: Array) -> BidirectionalParams:
        """Draw the parameters of both directions."""
        check_key(key)
        forward_key, backward_key = jax.random.split(key)
        return BidirectionalParams(self.layer.init(forward_key), self.layer.init(backward_key))

    def apply(
        self, params: BidirectionalParams, x: SequenceBatch, *, key: Array | None = None
    ) -> SequenceBatch | Array:
        """The hidden states of both directions, step by step, or the last of each.

        Args:
            params: of both directions.
            x: vectors `(B, T, I)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, T, 2 H)` with the same lengths; without `return_sequence`, `(B, 2 H)`.

        Raises:
            DataError: `x` is not sequences of vectors, or not of I numbers.
        """
        del key
        hidden, (forward, backward) = self.run(params, x)
        if self.layer.return_sequence:
            return hidden
        return jnp.concatenate([forward[0], backward[0]], axis=-1)

    def run(
        self, params: BidirectionalParams, x: SequenceBatch
    ) -> tuple[SequenceBatch, tuple[State, State]]:
        """All steps in both directions, and the last state of each.

        Args:
            params: of both directions.
            x: vectors `(B, T, I)` with lengths.

        Returns:
            The hidden states `(B, T, 2 H)` with the same lengths; the state of the forward
            direction after the last step that is real, and of the other after the first.
        """
        forward, forward_state = self.layer.run(params.forward, x)
        backward, backward_state = self.backward.run(params.backward, x)
        values = jnp.concatenate([forward.values, backward.values], axis=-1)
        return x._replace(values=values), (forward_state, backward_state)


def stacked(layer: Recurrent | Bidirectional, depth: int, dropout: float = 0.0) -> Sequential:
    """Recurrent layers one on top of another: each takes the hidden states of the one below.

    Args:
        layer: the first; those above it are like it, but for the number of inputs. Whether the
            result is a sequence or the last state is as it says.
        depth: how many layers.
        dropout: share of the hidden states dropped between two layers.

    Returns:
        The network.

    Raises:
        ParameterError: the depth is below 1, or the rate out of range.

    Example:
        >>> from textdl.nn.layers.recurrent import GRU
        >>> network = stacked(Bidirectional(GRU(3, 8, return_sequence=False)), 2)
        >>> batch = SequenceBatch(jnp.ones((2, 5, 3)), jnp.array([5, 2]))
        >>> network.apply(network.init(jax.random.key(0)), batch).shape
        (2, 16)
    """
    if not depth >= 1:
        raise ParameterError(f"depth={depth} of a stack of layers; expected 1 or more")
    is_bidirectional = isinstance(layer, Bidirectional)
    first = layer.layer if isinstance(layer, Bidirectional) else layer
    layers: list[Layer] = []
    for level in range(depth):
        is_last = level == depth - 1
        own = replace(
            first,
            inputs=first.units * (1 + is_bidirectional) if level else first.inputs,
            return_sequence=first.return_sequence or not is_last,
        )
        layers.append(Bidirectional(own) if is_bidirectional else own)
        if not is_last:
            layers.append(Dropout(dropout))
    return sequential(*layers)
