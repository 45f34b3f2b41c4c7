"""The tables of words: how they begin, and what their rows are called in batches."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl.embed.config import EmbeddingConfig
from textdl.embed.tables import Tables
from textdl.keyed_random import INITIAL_VALUES, uniform

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
