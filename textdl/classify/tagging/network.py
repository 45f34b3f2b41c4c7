"""The networks of a tagger by name: vectors of words, what reads them, and scores of every tag.

References:
    Huang, Xu and Yu 2015, "Bidirectional LSTM-CRF models for sequence tagging" (without the CRF);
    Strubell et al. 2017, "Fast and accurate entity recognition with iterated dilated convolutions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
from jax import Array

from textdl.classify.sequence_models.networks import (
    Reader,
    states_of_both_directions,
    word_vectors,
)
from textdl.nn.data.sequences import SequenceBatch, masked_vectors
from textdl.nn.layers.conv import Conv1D
from textdl.nn.layers.dense import Dense, DenseParams
from textdl.nn.layers.dropout import Dropout
from textdl.nn.layers.recurrent import GRU, LSTM, RNN
from textdl.nn.layers.sequential import Layer, Sequential, sequential
from textdl.nn.losses import softmax_loss

NO_TAG = -1  # the target in the padding


@dataclass(frozen=True)
class PositionScores(Layer):
    """z_t = x_t W + b at every position.

    Args:
        inputs: I, numbers per position.
        outputs: K, tags.

    Example:
        >>> import jax
        >>> layer = PositionScores(3, 2)
        >>> batch = SequenceBatch(jnp.ones((4, 5, 3)), jnp.array([5, 1, 0, 2]))
        >>> layer.apply(layer.init(jax.random.key(0)), batch).shape
        (4, 5, 2)
    """

    inputs: int
    outputs: int

    def init(self, key: Array) -> DenseParams:
        """Draw W; b starts at 0."""
        return Dense(self.inputs, self.outputs).init(key)

    def apply(self, params: DenseParams, x: SequenceBatch, *, key: Array | None = None) -> Array:
        """The scores of every position.

        Args:
            params: of the layer.
            x: vectors `(B, T, I)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, T, K)` float; in the padding, b.

        Raises:
            DataError: `x` is not sequences of vectors, or not of I numbers.
        """
        del key
        values = masked_vectors(x, "a layer of scores", self.inputs)
        return Dense(self.inputs, self.outputs).apply(params, values)


def make_tagger_network(
    model: str, sizes: tuple[int, int, int, int], dropout: float, *, trainable: bool = True
) -> Sequential:
    """A network that reads ids of words and gives the scores of every tag at every position.

    Args:
        model: a name in `TAGGER_READERS`.
        sizes: rows of the table of vectors, numbers per vector, units, and tags.
        dropout: share of vectors, and of what was read, that is dropped.
        trainable: whether the vectors of words are trained.

    Returns:
        The network, whose first layer is the embedding.

    Example:
        >>> network = make_tagger_network("gru", (100, 8, 16, 3), 0.5)
        >>> [type(layer).__name__ for layer in network.layers]
        ['Embedding', 'Dropout', 'Bidirectional', 'Dropout', 'PositionScores']
    """
    rows, vector_size, units, outputs = sizes
    reader = TAGGER_READERS[model](vector_size, units)
    return sequential(
        word_vectors(rows, vector_size, trainable=trainable),
        Dropout(dropout),
        reader.layer,
        Dropout(dropout),
        PositionScores(reader.width, outputs),
    )


def tag_loss(scores: Array, tags: Array) -> Array:
    """The mean cross-entropy over the tokens of each sentence.

    Args:
        scores: `(B, T, K)`.
        tags: `(B, T')` int, `NO_TAG` in the padding, which may be longer or shorter.

    Returns:
        `(B,)` nats.

    Example:
        >>> loss = tag_loss(jnp.zeros((1, 2, 4)), jnp.array([[3, NO_TAG, NO_TAG]]))
        >>> bool(jnp.isclose(loss[0], jnp.log(4)))
        True
    """
    losses, is_real = _by_token(softmax_loss, scores, tags)
    return jnp.where(is_real, losses, 0).sum(1) / jnp.maximum(is_real.sum(1), 1)


def tag_accuracy(scores: Array, tags: Array) -> Array:
    """The share of the tokens of each sentence whose tag is the most probable one, `(B,)`."""

    def is_right(scores: Array, tags: Array) -> Array:
        return scores.argmax(-1) == tags

    right, is_real = _by_token(is_right, scores, tags)
    return (right & is_real).sum(1) / jnp.maximum(is_real.sum(1), 1)


def _by_token(
    measure: Callable[[Array, Array], Array], scores: Array, tags: Array
) -> tuple[Array, Array]:
    """A measure of every token `(B, T)`, and whether there is one."""
    width = scores.shape[1]
    missing = max(0, width - tags.shape[1])
    tags = jnp.pad(tags, ((0, 0), (0, missing)), constant_values=NO_TAG)[:, :width]
    is_real = tags != NO_TAG
    flat = measure(scores.reshape(-1, scores.shape[-1]), jnp.where(is_real, tags, 0).reshape(-1))
    return flat.reshape(tags.shape), is_real


def _convolutions(inputs: int, units: int) -> Reader:
    """Two layers of windows, which together see three words to either side."""
    layer = sequential(
        Conv1D(inputs, units, 3, activation="relu"),
        Conv1D(units, units, 3, dilation=2, activation="relu"),
    )
    return Reader(layer, units)


TAGGER_READERS: Mapping[str, Callable[[int, int], Reader]] = {
    "cnn": _convolutions,
    "rnn": partial(states_of_both_directions, RNN),
    "gru": partial(states_of_both_directions, GRU),
    "lstm": partial(states_of_both_directions, LSTM),
}
