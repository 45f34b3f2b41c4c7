"""The tables of words: how they begin, and what their rows are called in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.tables import Tables
from textdl.keyed_random import INITIAL_VALUES, uniform

#: From tables to the vectors of the words, `(V, D)` float32, in the order of the vocabulary.
Export: TypeAlias = Callable[[Tables], Array | NDArray[np.float32]]

# Names of tables, as Mikolov et al. 2013 call the two vectors of a word.
INPUT = "input"
OUTPUT = "output"

# Of rows: a block's tokens, and those of them that are centers.
TOKENS = "tokens"  # (S, B, L + 2w)
CENTERS = "centers"  # (S, B, L)

# Of values: how many tokens before and after each center are its context.
LEFT = "left"  # (S, B, L) int32
RIGHT = "right"  # (S, B, L) int32


def initial_input(rows: int, config: EmbeddingConfig) -> Array:
    """The starting point of word2vec: ~ U(-½, ½)/D. `-> (rows, D)`.

    Args:
        rows: how many.
        config: has the seed and D.
    """
    size = config.vector_size
    drawn = uniform(rows * size, config.seed, INITIAL_VALUES)
    values = (drawn - np.float32(0.5)) / np.float32(size)
    return jnp.asarray(values.reshape(rows, size))


def input_vectors(tables: Tables) -> Array:
    """The vectors that are kept of a model of words: the input table. `-> (V, D)`."""
    vectors: Array = tables[INPUT]
    return vectors


def mean_context(config: EmbeddingConfig) -> float:
    """The number of context tokens of a center, in expectation, where no sentence ends."""
    sides = 2 if config.window_side == "both" else 1
    return sides * ((config.window + 1) / 2 if config.shrink_windows else config.window)


def with_context(export: Export, share: float) -> Export:
    """Add a share of the output vector of each word to what is kept of it.

    The two vectors of a word are learned in one space, and what a word predicts says something of
    it, too: with a fifth, as measured, MEN, SimLex and most of all analogies of meaning rise after
    15 epochs; with all of it every one of them falls.

    Args:
        export: from tables to the vectors that are kept, `(V, D)`.
        share: of the output vector.

    Returns:
        The same, with the share.

    References:
        Pennington et al. 2014, "GloVe: global vectors for word representation" (the sum of both).
        Levy et al. 2015, "Improving distributional similarity with lessons learned from word
        embeddings" (section 3.3, w + c).
    """

    def joined(tables: Tables) -> NDArray[np.float32]:
        own = np.asarray(export(tables))
        sums: NDArray[np.float32] = own + np.float32(share) * np.asarray(tables[OUTPUT])
        return sums

    return joined
