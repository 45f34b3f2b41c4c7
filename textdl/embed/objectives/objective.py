"""The protocol of objectives: pure functions on tables, which the trainer knows by name only.

A table is a matrix of parameters, such as the vectors of words. It may have any number of rows, of
anything: words, inner nodes of a tree, n-gram buckets, documents. An objective says how its tables
begin, what a step needs to draw, what the loss of a batch is and how it changes with the rows, and
which tables become the vectors. It knows nothing of learning rates, update damping, workers or
checkpoints; the trainer knows nothing of words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import OBJECTIVES
from textdl.parameters import lookup
from textdl.text.vocabulary import Vocabulary

Tables: TypeAlias = dict[str, Array]  # each (rows, D) float32
#: Draws for one chunk, from its tokens `(S, B, L + 2w)` int32, its epoch, and its number in the
#: epoch, both from 0: arrays `(S, ...)` by name, which become `Batches.sampled`.
Sampler: TypeAlias = Callable[[NDArray[np.int32], int, int], dict[str, NDArray[Any]]]


class Batches(NamedTuple):
    """The input of `S` steps. A step takes `B` blocks of `L` consecutive centers.

    Functions of one step take the same without the axis `S`.
    """

    tokens: Array  # (S, B, L + 2w) int32, the centers and a halo of `w` tokens on each side
    left: Array  # (S, B, L) int32, how many tokens before each center are its context
    right: Array  # (S, B, L) int32, how many after it
    sampled: dict[str, Array]  # each (S, ...), what the objective drew
    rate: Array  # (S,) float32, the learning rate; of no concern to an objective


class RowGradients(NamedTuple):
    """Derivatives of the loss by rows of a table; a row that occurs several times adds up."""

    ids: Array  # (...,) int32, the rows
    values: Array  # (..., D)

    def scaled(self, factors: Array) -> Array:
        """Multiply the gradient of each row by its factor. `(...,) -> (..., D)`."""
        return factors[..., None] * self.values


class ProductGradients(NamedTuple):
    """Gradients of rows that are a product: of derivatives by scores, and the vectors scored.

    Kept apart, they are scaled where they are small, before they are multiplied.
    """

    ids: Array  # (..., m) int32, the rows
    score_gradients: Array  # (..., m, n), derivatives by the score of each row with each vector
    vectors: Array  # (..., n, D)

    def scaled(self, factors: Array) -> Array:
        """Multiply the gradient of each row by its factor. `(..., m) -> (..., m, D)`."""
        scaled = factors[..., None] * self.score_gradients
        return jnp.einsum("...mn,...nd->...md", scaled, self.vectors)


TableGradients: TypeAlias = Sequence[RowGradients | ProductGradients]


class LossAndGradients(NamedTuple):
    """What a batch costs, and how that changes with the rows it uses."""

    loss: Array  # (B,) float32, of each block, summed over its pairs and their noise
    pairs: Array  # (B,) float32, predictions of each block, over which the mean loss is taken
    gradients: Mapping[str, TableGradients]  # by table; the gradient is the sum of these


class EmbeddingObjective(NamedTuple):
    """An objective, as the trainer takes it. Every field is a pure function."""

    #: The tables at the start of training.
    init: Callable[[Vocabulary, EmbeddingConfig], Tables]
    #: What draws for the steps; made once a run, so it may prepare what it needs.
    make_sampler: Callable[[Vocabulary, EmbeddingConfig], Sampler]
    #: Of one step: traced by JAX, with all tables and a batch without its axis `S`.
    loss_and_gradients: Callable[[Tables, Batches], LossAndGradients]
    #: For update damping: from the vocabulary, the share of each word among the tokens that
    #: subsampling keeps `(V,)`, and the config, the number of pairs that move each row of each
    #: table at one center, in expectation: `(rows,)` float64 by table.
    expected_updates: Callable[
        [Vocabulary, NDArray[np.float64], EmbeddingConfig], Mapping[str, NDArray[np.float64]]
    ]
    #: The mean loss of a pair where nothing is learned yet; above it, training has diverged.
    initial_loss: Callable[[Vocabulary, EmbeddingConfig], float]
    #: The matrix of the words' vectors, `(V, D)` float32, in the order of the vocabulary.
    export: Callable[[Tables], Array]


def get_objective(name: str) -> EmbeddingObjective:
    """The objective of a name.

    Raises:
        ParameterError: the name is unknown.

    Example:
        >>> get_objective("cbow").loss_and_gradients.__module__
        'textdl.embed.objectives.cbow_negative_sampling'
    """
    entry = lookup("arch", name, OBJECTIVES)
    objective: EmbeddingObjective = import_module(
        f"textdl.embed.objectives.{entry.module}"
    ).OBJECTIVE
    return objective
