"""The embedding bag: a text is the mean of the vectors of its terms, and a softmax reads it.

For a batch of B texts with L1-normalised counts x `(B, V)`:

    h = x E          (B, D)   the mean vector of each text
    z = h W + b      (B, O)   what the loss takes

E `(V, D)`, W `(D, O)` and b `(O,)` are learned. The gradient with respect to E is never made dense:
that of the row of term v in text i is x_iv g_i with g = dL/dh `(B, D)`, and it goes to its row at
once. Time and memory of a step do not depend on V.

Reference:
    Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification" (fastText), which has
    stochastic gradient descent in place of the row-wise Adagrad here.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from textdl.keyed_random import INITIAL_VALUES, uniform
from textdl.nn.data.dataset import Batch, Dataset
from textdl.nn.data.sparse import SparseBatch
from textdl.nn.layers.dense import DenseParams, affine
from textdl.nn.losses import weighted_mean
from textdl.nn.training.step import Metric, means_of

# Keeps the step of a row finite whose gradient is 0. Gradients are divided by the length of a text
# before they are squared, so it is far below the 1e-8 that word vectors have.
EPSILON = 1e-12


class BagState(NamedTuple):
    """Everything that training changes."""

    embeddings: Array  # (V, D) float32, E
    output: DenseParams  # W (D, O), b (O,) float32
    row_squares: Array  # (V,) float32, of the gradients of each row of E so far
    unit_squares: DenseParams  # (O,), (O,) float32, of the gradients of each output unit


def init(seed: int, terms: int, size: int, outputs: int) -> BagState:
    """W ~ U(-1, 1); E, b and the sums of squares start at 0.

    fastText has it the other way round. Either breaks the symmetry; this way a term brings nothing
    but what was learned of it, and no large table of random numbers is drawn.

    Args:
        seed: of the draw, on the host: it takes no compilation.
        terms: V.
        size: D.
        outputs: O.

    Example:
        >>> state = init(1, 5, 4, 2)
        >>> state.embeddings.shape, state.output.weights.shape
        ((5, 4), (4, 2))
    """
    drawn = uniform(size * outputs, seed, INITIAL_VALUES)
    weights = (drawn * np.float32(2) - np.float32(1)).reshape(size, outputs)
    output = DenseParams(jnp.asarray(weights), jnp.zeros(outputs))
    squares = DenseParams(jnp.zeros(outputs), jnp.zeros(outputs))
    return BagState(jnp.zeros((terms, size)), output, jnp.zeros(terms), squares)


def step(
    state: BagState, batch: Batch, rate: Array | float, loss: Metric, metric: Metric
) -> tuple[BagState, dict[str, Array]]:
    """One step of row-wise Adagrad on the sum of the losses, and the measures on the way.

    Args:
        state: before.
        batch: B texts, L1-normalised counts, with targets and weights.
        rate: of learning.
        loss: of outputs and targets, `(B,)`.
        metric: likewise, only measured.

    Returns:
        The state after, and the weighted means of ``loss`` and ``accuracy``.
    """
    features = batch.features
    assert isinstance(features, SparseBatch), "made so by EmbeddingBagClassifier"

    def total(hidden: Array, output: DenseParams) -> tuple[Array, Array]:
        z = affine(output, hidden)  # (B, O)
        return (batch.weights * loss(z, batch.targets)).sum(), z

    hidden = features @ state.embeddings  # (B, D)
    of_both = jax.grad(total, argnums=(0, 1), has_aux=True)
    (of_hidden, of_output), z = of_both(hidden, state.output)
    embeddings, row_squares = _move_rows(state, features, of_hidden, rate)
    unit_squares = jax.tree.map(_add_squares, state.unit_squares, of_output)
    output = jax.tree.map(partial(_moved, rate=rate), state.output, of_output, unit_squares)
    measures = {"loss": loss, "accuracy": metric}
    means = {
        name: weighted_mean(measure(z, batch.targets), batch.weights)
        for name, measure in measures.items()
    }
    return BagState(embeddings, output, row_squares, unit_squares), means


def _move_rows(
    state: BagState, features: SparseBatch, of_hidden: Array, rate: Array | float
) -> tuple[Array, Array]:
    """a_v += Σ mean_d(g_v²), then E_v -= rate Σ g_v / sqrt(a_v); g_v = x_iv g_i where v occurs.

    Every occurrence of a term in the batch is counted before any of them moves its row.
    """
    # Of each non-zero; the padding, where x is 0, has no text.
    text = partial(jnp.take, indices=features.rows, axis=0, mode="clip")
    squares = features.values**2 * text(jnp.mean(of_hidden**2, axis=1))  # (P,)
    row_squares = state.row_squares.at[features.columns].add(squares, mode="drop")
    scale = features.values / jnp.sqrt(row_squares.at[features.columns].get(mode="clip") + EPSILON)
    moves = -rate * scale[:, None] * text(of_hidden)  # (P, D)
    return state.embeddings.at[features.columns].add(moves, mode="drop"), row_squares


def _add_squares(squares: Array, gradient: Array) -> Array:
    """One sum an output unit: the weights `(D, O)` add the mean over D."""
    return squares + (jnp.mean(gradient**2, axis=0) if gradient.ndim == 2 else gradient**2)


def _moved(parameter: Array, gradient: Array, squares: Array, rate: Array | float) -> Array:
    return parameter - rate * gradient / jnp.sqrt(squares + EPSILON)


@partial(jax.jit, static_argnames=("loss", "metric", "capacity"), donate_argnums=0)
def run_epoch(
    state: BagState,
    data: Dataset,
    order: Array,
    rates: Array,
    *,
    loss: Metric,
    metric: Metric,
    capacity: int,
) -> tuple[BagState, dict[str, Array]]:
    """A step for every batch of an epoch, in one call.

    Args:
        state: donated, so that its tables are changed in place.
        data: N texts.
        order: `(S, B)` int32, the rows of each batch; N where one is filled up.
        rates: `(S,)` float32, the learning rate of each step.
        loss: of each text, `(B,)`.
        metric: to be reported beside it, `(B,)`.
        capacity: non-zeros that a batch has room for.

    Returns:
        The state, and the means of the measures over the examples of the epoch, each taken when its
        batch was trained on.
    """

    def body(
        state: BagState, given: tuple[Array, Array]
    ) -> tuple[BagState, tuple[dict[str, Array], Array]]:
        rows, rate = given
        batch = data.take(rows, capacity)
        state, means = step(state, batch, rate, loss, metric)
        return state, (means, batch.weights.sum())

    state, (means, weights) = lax.scan(body, state, (order, rates))
    return state, means_of(means, weights)
