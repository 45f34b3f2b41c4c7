"""The networks of sequences by name: vectors of words, what reads them, and a dense layer.

References:
    Kim 2014, "Convolutional neural networks for sentence classification" (cnn);
    Conneau et al. 2017, "Supervised learning of universal sentence representations from natural
    language inference data" (the maximum over recurrent states).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from textdl.nn.initializers import uniform
from textdl.nn.layers.bidirectional import Bidirectional
from textdl.nn.layers.conv import Conv1D
from textdl.nn.layers.dense import Dense
from textdl.nn.layers.dropout import Dropout
from textdl.nn.layers.embedding import Embedding
from textdl.nn.layers.parallel import Parallel
from textdl.nn.layers.pooling import MaxPooling, MeanPooling
from textdl.nn.layers.recurrent import GRU, LSTM, RNN, Recurrent
from textdl.nn.layers.sequential import Layer, Sequential, sequential

WIDTHS = (3, 4, 5)  # of the windows of a convolution, in words
VECTOR_SCALE = 0.25  # vectors of words begin as U(-0.25, 0.25), as in Kim 2014
# One object, since two partial functions are never equal, and equal networks are compiled once.
_draw_vectors = partial(uniform, scale=VECTOR_SCALE)


class Reader(NamedTuple):
    """What turns the vectors of words into one vector, or into one for every word."""

    layer: Layer  # (B, T, D) with lengths to (B, width), or to (B, T, width) with lengths
    width: int


def make_network(
    model: str,
    sizes: tuple[int, int, int, int],
    dropout: float,
    *,
    trainable: bool = True,
    word_dropout: float = 0.0,
) -> Sequential:
    """A network that reads ids of words and gives logits.

    Args:
        model: a name in `READERS`.
        sizes: rows of the table of vectors, numbers per vector, units, and outputs.
        dropout: share of what was read that is dropped, and twice that of word vectors.
        trainable: whether the vectors of words are trained.
        word_dropout: share of words that are read as unknown ones in training.

    Returns:
        The network, whose first layer is the embedding.

    Example:
        >>> network = make_network("cnn", (1000, 50, 100, 2), 0.5)
        >>> [type(layer).__name__ for layer in network.layers]
        ['Embedding', 'Dropout', 'Parallel', 'Dropout', 'Dense']
    """
    rows, vector_size, units, outputs = sizes
    reader = READERS[model](vector_size, units)
    return sequential(
        word_vectors(rows, vector_size, trainable=trainable, word_dropout=word_dropout),
        Dropout(dropout / 2),
        reader.layer,
        Dropout(dropout),
        Dense(reader.width, outputs),
    )


def word_vectors(
    rows: int, vector_size: int, *, trainable: bool, word_dropout: float = 0.0
) -> Embedding:
    """The table that a network of words begins with.

    Args:
        rows: V, how many ids there are.
        vector_size: D.
        trainable: whether the vectors are trained.
        word_dropout: share of ids that are read as 0 in training.

    Returns:
        The layer.

    Example:
        >>> word_vectors(1000, 50, trainable=True) == word_vectors(1000, 50, trainable=True)
        True
    """
    return Embedding(rows, vector_size, _draw_vectors, trainable, word_dropout)


def states_of_both_directions(kind: type[Recurrent], inputs: int, units: int) -> Reader:
    """The states at every word, from the left and from the right.

    Args:
        kind: of recurrent layer.
        inputs: D, numbers per vector.
        units: H, numbers of a state per direction.

    Returns:
        The layer, and 2 H.

    Example:
        >>> states_of_both_directions(GRU, 50, 100).width
        200
    """
    return Reader(Bidirectional(kind(inputs, units)), 2 * units)


def _convolution(inputs: int, units: int) -> Reader:
    """The maxima of windows of several widths, and beside them the mean of the vectors.

    The mean is divided by the root of the length only: else it is so small beside the maxima that
    it is hardly learned from.
    """
    windows = (
        sequential(Conv1D(inputs, units, width, activation="relu"), MaxPooling())
        for width in WIDTHS
    )
    return Reader(Parallel((*windows, MeanPooling(power=0.5))), units * len(WIDTHS) + inputs)


def _recurrence(kind: type[Recurrent], inputs: int, units: int) -> Reader:
    """The maxima of the states of both directions."""
    states = states_of_both_directions(kind, inputs, units)
    return Reader(sequential(states.layer, MaxPooling()), states.width)


READERS: Mapping[str, Callable[[int, int], Reader]] = {
    "cnn": _convolution,
    "rnn": partial(_recurrence, RNN),
    "gru": partial(_recurrence, GRU),
    "lstm": partial(_recurrence, LSTM),
}
