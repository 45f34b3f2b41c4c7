"""Input sides on blocks: the centers of a block, the tokens around them, and which are context.

A block has `L` centers with a halo of `w` tokens on each side. The context of a center is a window
around it, so which tokens belong to which centers is a band. It is cut into strips: `R` centers
against the `R + 2w` tokens around them, so that a product over a strip is small and dense.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl.embed.config import STRIP, EmbeddingConfig
from textdl.embed.objectives.objective import Batches, Tables
from textdl.keyed_random import INITIAL_VALUES, uniform

# Names of tables, as Mikolov et al. 2013 call the two vectors of a word.
INPUT = "input"
OUTPUT = "output"


def word_tables(rows: int, config: EmbeddingConfig) -> Tables:
    """The starting point of word2vec: input ~ U(-½, ½)/D, output = 0.

    Args:
        rows: V, of both tables.
        config: has the seed and D.

    Returns:
        Both tables, `(V, D)` float32 each.
    """
    size = config.vector_size
    drawn = uniform(rows * size, config.seed, INITIAL_VALUES)
    values = (drawn - np.float32(0.5)) / np.float32(size)
    return {
        INPUT: jnp.asarray(values.reshape(rows, size)),
        OUTPUT: jnp.zeros((rows, size), jnp.float32),
    }


def input_vectors(tables: Tables) -> Array:
    """The vectors that are kept of a model of words: the input table. `-> (V, D)`."""
    return tables[INPUT]


def centers_and_surroundings(batch: Batches, strip: int = STRIP) -> tuple[Array, Array]:
    """The ids of the centers of a batch, and of the tokens around them, strip by strip.

    Args:
        batch: without its axis `S`.
        strip: R, which divides L.

    Returns:
        `(B, L)` and `(B, L / R, R + 2w)` int32.
    """
    (_, length), width = batch.left.shape, batch.tokens.shape[1]
    halo = (width - length) // 2
    span = jnp.arange(0, length, strip)[:, None] + jnp.arange(strip + 2 * halo)
    centers = batch.tokens[:, halo : halo + length]
    return centers, batch.tokens[:, span]


def context_mask(left: Array, right: Array, halo: int) -> Array:
    """M_ji = 1[-left_i <= j - i <= right_i, j != i], center `i` against the tokens `j` around it.

    Args:
        left: `(..., R)` how many tokens before each center are its context.
        right: `(..., R)` how many after it.
        halo: w, the tokens of a strip before its first center, and after its last.

    Returns:
        `(..., R + 2w, R)` bool.

    Example:
        >>> context_mask(jnp.array([0, 1]), jnp.array([1, 0]), 1).astype(int).tolist()
        [[0, 0], [0, 1], [1, 0], [0, 0]]
    """
    size = left.shape[-1]
    distance = jnp.arange(size + 2 * halo)[:, None] - halo - jnp.arange(size)  # (R + 2w, R)
    after = distance <= right[..., None, :]
    return (distance != 0) & (distance >= -left[..., None, :]) & after
