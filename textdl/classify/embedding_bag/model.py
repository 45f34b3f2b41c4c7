"""The embedding bag: a text is the mean of the vectors of its terms, and a softmax reads it.

For a batch of B texts with L1-normalized counts x `(B, V)`:

    h = x E          (B, D)   the mean vector of each text
    z = h W + b      (B, O)   what the loss takes

E `(V, D)`, W `(D, O)` and b `(O,)` are learned. E starts at 0. The gradient of each of its rows is
x_iv W dL/dz_i, a combination of the columns of W; that of a column of W is one of rows of h, so of
E. Neither ever leaves the space that the columns of the first W span. With an orthonormal basis
Q `(D, r)` of it, r = min(D, O),

    E = E' Qᵀ,   W = Q W'

and h W = x E' W'. What is trained are the coordinates E' `(V, r)` and W' `(r, O)`: lengths of
gradients are the same, so the result is that of training all D dimensions, but for rounding. For
two classes, which share one output, a term is a single number.

Training is local SGD (`textdl.embed.local_sgd`), each step of it row-wise Adagrad: a gradient is
divided by the root of a = Σ mean_d(g²), of all gradients that the row has had. The sums are a
column of the table: a step moves them against -mean_d(g²) as it moves the row against its gradient,
with the weights of update damping and, in a merge, of the workers. So they count what the row has
been moved by, a step at the learning rate of the first as 1.

Reference:
    Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification" (fastText), which has
    stochastic gradient descent in place of the row-wise Adagrad here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from textdl.classify.embedding_bag.batches import BagBatches, make_segments, pack_batches
from textdl.embed.local_sgd import TrainingProblem, Workers
from textdl.embed.tables import Batches, LossAndGradients, RowGradients, Tables
from textdl.embed.update import RoundMetrics, sums_of_rows
from textdl.errors import DivergenceError
from textdl.keyed_random import INITIAL_VALUES, uniform
from textdl.nn.layers.dense import DenseParams
from textdl.nn.training.fit import EpochLog
from textdl.nn.training.objective import Metric

# Keeps the step of a row finite whose gradient is 0. Gradients are divided by the length of a text
# before they are squared, so it is far below the 1e-8 that word vectors have.
EPSILON = 1e-12
# Of the sums of squares in the tables: so small that they do not count in the length of what a row
# moves, which the step and the merges bound.
UNIT = 2.0**40


class BagConfig(NamedTuple):
    """How to train."""

    vector_size: int  # D
    outputs: int  # O
    epochs: int  # E
    learning_rate: float
    batch_size: int  # on average
    workers: int
    seed: int
    loss: Metric
    accuracy: Metric


class BagFitResult(NamedTuple):
    """What was learned."""

    embeddings: NDArray[np.float32]  # (V, D)
    output: DenseParams  # W (D, O), b (O,)
    history: dict[str, list[float]]  # loss and accuracy of every epoch, while it ran


def init(
    terms: int, vector_size: int, outputs: int, seed: int
) -> tuple[Tables, NDArray[np.float32]]:
    """W ~ U(-1, 1); E, b and the sums of squares start at 0.

    fastText has it the other way round. Either breaks the symmetry; this way a term contributes
    nothing but what was learned of it, and no large table of random numbers is drawn.

    Args:
        terms: V.
        vector_size: D.
        outputs: O.
        seed: of the draw.

    Returns:
        The tables ``embeddings`` `(V, r + 1)`, the rows of E', ``output`` `(O, r + 1)`, the columns
        of W', and ``bias`` `(O, 2)`, each row with its sum of squares / `UNIT` at the end; and Q
        `(D, r)`.

    Example:
        >>> tables, basis = init(5, vector_size=4, outputs=2, seed=1)
        >>> {name: table.shape for name, table in tables.items()}, basis.shape
        ({'embeddings': (5, 3), 'output': (2, 3), 'bias': (2, 2)}, (4, 2))
    """
    drawn = uniform(vector_size * outputs, seed, INITIAL_VALUES).astype(np.float64)
    weights = (2 * drawn - 1).reshape(vector_size, outputs)
    basis = np.eye(vector_size)
    if outputs < vector_size:
        basis, weights = np.linalg.qr(weights)
    tables = {
        "embeddings": jnp.zeros((terms, basis.shape[1] + 1), jnp.float32),
        "output": jnp.asarray(np.pad(weights.T, ((0, 0), (0, 1))), jnp.float32),
        "bias": jnp.zeros((outputs, 2), jnp.float32),
    }
    return tables, basis.astype(np.float32)


@dataclass(frozen=True)
class BagLoss:
    """What a batch of texts costs, and the gradients by row, divided for Adagrad."""

    loss: Metric  # of outputs and targets, (B,)
    accuracy: Metric  # likewise, but not trained on
    vector_size: int  # D
    learning_rate: float  # at the first step

    def __call__(self, tables: Tables, batch: Batches) -> LossAndGradients:
        """The loss of each text, as `textdl.embed.tables.LossFunction`."""
        terms = batch.rows["embeddings"]["terms"]  # (P, L)
        x = batch.values["shares"]  # (P, L)
        texts = batch.values["texts"]  # (P,), B in the padding
        targets = batch.values["targets"]
        weights = batch.values["weights"]  # (B,)
        used = tables["embeddings"][terms]  # (P, L, r + 1)
        w = tables["output"][:, :-1]  # (O, r)

        means = jnp.einsum("pl,plr->pr", x, used[..., :-1])  # of segments
        h = jnp.zeros((len(weights), w.shape[1]), means.dtype)
        h = h.at[texts].add(means, mode="drop", indices_are_sorted=True)  # (B, r)
        z = h @ w.T + tables["bias"][:, 0]  # (B, O)
        loss, pull_back = jax.vjp(lambda z: self.loss(z, targets), z)
        (of_z,) = pull_back(weights)  # (B, O)
        of_h = (of_z @ w).at[texts].get(mode="fill", fill_value=0)  # (P, r)

        outputs = jnp.arange(len(w))
        adagrad = self._adagrad
        gradients = {
            "embeddings": [adagrad(terms, x[..., None] * of_h[:, None], used, self.vector_size)],
            "output": [adagrad(outputs, of_z.T @ h, tables["output"], self.vector_size)],
            "bias": [adagrad(outputs, of_z.sum(0)[:, None], tables["bias"], 1)],
        }
        metrics = {"accuracy": weights * self.accuracy(z, targets)}
        return LossAndGradients(weights * loss, weights, gradients, metrics)

    def _adagrad(self, ids: Array, gradients: Array, rows: Array, size: int) -> RowGradients:
        """Divide gradients by the root of the sum of squares, those of the batch included.

        Args:
            ids: `(...,)` the row of each.
            gradients: `(..., d)`.
            rows: `(..., d + 1)` what the table holds of these rows.
            size: numbers that a row stands for, over which squares are averaged.

        Returns:
            `(..., d + 1)` in the last column what is added to the sum of squares.
        """
        squares = (gradients**2).sum(-1) / size
        of_batch = sums_of_rows(ids.reshape(-1), squares.reshape(-1)).reshape(ids.shape)
        scale = 1 / jnp.sqrt(UNIT * rows[..., -1] + of_batch + EPSILON)
        # A step multiplies by its learning rate; where that is 0, nothing moves.
        added = squares / UNIT / (self.learning_rate or 1.0)
        return RowGradients(
            ids, jnp.concatenate([scale[..., None] * gradients, -added[..., None]], axis=-1)
        )


def train(
    counts: Any,
    targets: NDArray[Any],
    weights: NDArray[Any],
    config: BagConfig,
    callback: Callable[[EpochLog], None],
) -> BagFitResult:
    """Train with a learning rate that falls linearly to 0, step by step.

    Args:
        counts: `(N, V)` SciPy CSR matrix.
        targets: `(N,)` classes, or `(N, O)` labels.
        weights: `(N,)` of the texts.
        config: how to train.
        callback: called after each epoch.

    Returns:
        The vectors, the output layer, and the metrics of every epoch.

    Raises:
        DivergenceError: the loss or a vector is not finite.
    """
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])  # texts that have a term
    # The most used first: rows that are used together then share pages of memory, and those that
    # the workers agree on most often are copied as one piece.
    order = np.argsort(-frequency, kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    segments = make_segments(l1_normalize(counts), rank)
    packed = pack_batches(segments.sizes, config.batch_size, config.epochs, config.seed)
    batches = BagBatches(
        segments,
        targets,
        weights,
        packed=packed,
        learning_rate=config.learning_rate,
        workers=config.workers,
    )
    per_step = {
        "embeddings": frequency[order] / packed.order.shape[1],
        "output": np.ones(config.outputs),  # by the sum over all texts
        "bias": np.ones(config.outputs),
    }
    loss = BagLoss(config.loss, config.accuracy, config.vector_size, config.learning_rate)
    tables, basis = init(counts.shape[1], config.vector_size, config.outputs, config.seed)
    problem = TrainingProblem(loss, per_step, batches.steps)
    tables, history = _run(problem, tables, batches, config, callback)
    embeddings, output, bias = (
        np.asarray(tables[name])[:, :-1] for name in ("embeddings", "output", "bias")
    )
    return BagFitResult(
        embeddings.take(rank, axis=0) @ basis.T,
        DenseParams(basis @ output.T, bias[:, 0]),  # type: ignore[arg-type]
        history,
    )


def l1_normalize(counts: Any) -> Any:
    """What share of its text each term is: rows of `(N, V)`, dense or not, scaled to sum to 1."""
    return normalize(csr_array(counts), norm="l1")


def _run(
    problem: TrainingProblem,
    tables: Tables,
    batches: BagBatches,
    config: BagConfig,
    callback: Callable[[EpochLog], None],
) -> tuple[Tables, dict[str, list[float]]]:
    """Train epoch by epoch; return the tables and the history."""
    history: dict[str, list[float]] = {"loss": [], "accuracy": []}
    rounds: list[RoundMetrics] = []  # of an epoch
    with Workers(problem, tables, config.workers) as workers:
        for round in workers.rounds(batches.epochs()):
            if round is not None:
                rounds.append(workers.round(round))
                continue
            metrics = _means(rounds)
            rounds = []
            for name, mean in metrics.items():
                history[name].append(mean)
            _check_finite(history, workers.tables, config)
            callback(EpochLog(len(history["loss"]), config.epochs, metrics, ()))
        return workers.tables, history


def _means(rounds: list[RoundMetrics]) -> dict[str, float]:
    """Loss and accuracy over the texts of an epoch; 0 where all weights are 0."""
    weight = sum(round.predictions for round in rounds) or 1.0
    return {
        "loss": sum(round.loss for round in rounds) / weight,
        "accuracy": sum(round.others["accuracy"] for round in rounds) / weight,
    }


def _check_finite(history: dict[str, list[float]], tables: Tables, config: BagConfig) -> None:
    # A row whose move has no finite length stays where it is: see `bounded_shares`.
    longest = np.float32(config.learning_rate) * np.float32(config.vector_size) ** 0.5
    with np.errstate(over="ignore"):
        numbers: list[Any] = [history["loss"][-1], longest * longest, *tables.values()]
    if not all(np.isfinite(np.asarray(it)).all() for it in numbers):
        raise DivergenceError(
            f"training diverged in epoch {len(history['loss'])} (the loss or a vector is not "
            f"finite) with learning_rate={config.learning_rate}; lower it"
        )
