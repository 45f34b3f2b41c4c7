"""The update of a step: how far each row of each table moves, given its summed gradient.

Many updates of a row are computed from the same point and then added up. Three things keep that
sum from going wrong; none of them knows what the rows of a table stand for.

**Update damping** weighs a row by the number of updates that are *expected* in a step. On its way
to where it settles, a row covers 1 - q of the way in `n` updates that follow each other,
q = exp(-κ n). Updates that are computed from the same point know nothing of each other: their sum
overshoots, and the rows that are updated most swing to and fro, ever further. So a row takes
only the share of the sum that the updates would have covered in sequence; for rare rows that is all
of it.

**Bounds** hold where a word comes in a burst. A table repeats its bars, a song its refrain, source
code its names; then a word that is rare in the corpus gets hundreds of updates in one step, many
from pairs of the word with itself. So the length of what a row moves is bounded:

- In a step no row moves by more than `STEP_LIMIT`. The changes of its occurrences are added up by
  length (triangle inequality), and all of them are shortened by the same factor where the sum is
  above the limit.
- In a merge a row becomes the mean of the workers' rows, and what update damping adds to the mean
  (the changes of rare rows are summed) is limited to `MERGE_LIMIT` / W: where all W have come to
  the same place, their sum lies W - 1 times as far beyond it.

Why training cannot diverge: as a function of one row x, the others held, the loss of a step is
convex. The row moves against its gradient g, by t = min(STEP_LIMIT, length of the summed update).
For every point y of a lower loss, g · (x - y) >= 0, so

    |x' - y|² = |x - y|² - 2 t g · (x - y) / |g| + t² <= |x - y|² + STEP_LIMIT²

An update that overshoots adds a constant to the squared distance; it never multiplies it, which is
what divergence is. The score with a row o changes by at most STEP_LIMIT |o|, a share of
STEP_LIMIT / |x| of what it can be: the larger a row has become, the smaller the share, so a score
that has gone too far is corrected and does not overshoot to the other side. The mean of rows is no
longer than the longest of them, and MERGE_LIMIT / W again is a constant.

**One scatter per table**: two in a row would copy it.

References:
    Pascanu et al. 2013, "On the difficulty of training recurrent neural networks" (clipping a
    gradient by its norm).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import wraps
from itertools import accumulate
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.tables import Batches, LossFunction, TableGradients, Tables

# κ, the share of its way that a row covers at one update, as measured. Larger, and frequent words
# learn too slowly; smaller, and training diverges. Within a step it is larger, for rows also meet
# the noise that blocks share in lumps, which a worker that goes step by step has taken in before a
# merge.
STEP_KAPPA = 8e-3
MERGE_KAPPA = 1e-3

# As measured on wiki17m and on bursty texts (scripts/README.md). Smaller, and frequent words, whose
# updates all point the same way at first, start slowly; larger, and bursts show in the loss.
STEP_LIMIT = 1.0
MERGE_LIMIT = 4.0  # of all workers together
MIN_SLOTS = 1 << 12


class StepMetrics(NamedTuple):
    """What steps report beside the tables."""

    loss: Array  # (S,) float32, summed over the predictions of a step and their noise
    predictions: Array  # (S,) float32, of a step
    others: Mapping[str, Array]  # (S,) float32, by name


class RoundMetrics(NamedTuple):
    """What a round reports, summed over its steps."""

    loss: float
    predictions: float
    others: Mapping[str, float]  # by name


def total_metrics(metrics: Sequence[StepMetrics]) -> RoundMetrics:
    """Add up the metrics of chunks: within a step in float32, over the steps in float64."""

    def total(arrays: Iterable[Array]) -> float:
        return sum(float(np.sum(np.asarray(array), dtype=np.float64)) for array in arrays)

    others = {name: total(it.others[name] for it in metrics) for name in metrics[0].others}
    return RoundMetrics(
        total(it.loss for it in metrics), total(it.predictions for it in metrics), others
    )


# Update damping


def step_weights(expected_updates: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weigh the summed gradient of a step: (1 - q) / (κ n).

    Args:
        expected_updates: `(rows,)` updates n of each row in one step.

    Example:
        >>> [f"{weight:.2f}" for weight in step_weights(np.array([0.0, 1e2, 1e3]))]
        ['1.00', '0.69', '0.12']
    """
    exponent = np.maximum(STEP_KAPPA * expected_updates, np.finfo(np.float64).tiny)
    return (-np.expm1(-exponent) / exponent).astype(np.float32)


def merge_weights(expected_updates: NDArray[np.float64], workers: int) -> NDArray[np.float32]:
    """Weigh the summed changes of `W` workers, each of which went on from the same point.

    One after the other they would cover 1 - q^W; side by side each covers 1 - q. The ratio is

        (1 - q^W) / (W (1 - q)) = (1 + q + ... + q^(W-1)) / W

    So the changes of rare rows are summed, for they have far to go, and those of rows that settle
    between two merges are averaged.

    Args:
        expected_updates: `(rows,)` updates n of each row of a worker between two merges.
        workers: W.

    Example:
        >>> merge_weights(np.array([0.0, 1e9]), workers=2).tolist()
        [1.0, 0.5]
    """
    q = np.exp(-MERGE_KAPPA * expected_updates)
    total = sum((q**k for k in range(workers)), np.zeros_like(q))
    return (total / workers).astype(np.float32)


# Bounds


def bounded_shares(ids: Array, lengths: Array, limit: float = STEP_LIMIT) -> Array:
    """The factor that keeps the summed changes of every row within a limit.

        limit / max(limit, Σ lengths of the occurrences of the same row)

    Two rows that `sums_of_rows` takes for one share one limit, which is only stricter.

    Args:
        ids: `(n,)` int32, the row that each change is for.
        lengths: `(n,)` float32, the length of each change, at least 0.
        limit: of what a row moves, in all.

    Returns:
        `(n,)` float32, from 0 to 1.

    Example:
        >>> bounded_shares(jnp.array([7, 8, 7]), jnp.array([1.0, 0.5, 3.0]), limit=1.0).tolist()
        [0.25, 1.0, 0.25]
    """
    return limit / jnp.maximum(limit, sums_of_rows(ids, lengths))


def sums_of_rows(ids: Array, numbers: Array) -> Array:
    """For each occurrence of a row, the sum of the numbers of all occurrences of that row.

    Rows are told apart by their number modulo a power of two, at least twice `n`, so that no array
    of the size of the table is cleared in every step. Two rows that fall together have one sum.

    Args:
        ids: `(n,)` int32, the row of each occurrence.
        numbers: `(n,)` float32, not negative.

    Returns:
        `(n,)` float32.

    Example:
        >>> sums_of_rows(jnp.array([7, 8, 7]), jnp.array([1.0, 0.5, 3.0])).tolist()
        [4.0, 0.5, 4.0]
    """
    slots = max(MIN_SLOTS, 1 << (2 * ids.size - 1).bit_length())
    slot = ids & (slots - 1)
    sums = jnp.zeros(slots, numbers.dtype).at[slot].add(numbers)
    return sums[slot]


def bounded_merge(start: Array, changes: Array, weight: Array, workers: int) -> Array:
    """Merge the rows of workers that all went on from `start`.

        start + (1 / W) Σ changes + limited((weight - 1 / W) Σ changes)

    The limit is `MERGE_LIMIT` / (W √D) for each number, so that it costs no pass over the tables.

    Args:
        start: `(rows, D)` float32, what the workers began with.
        changes: `(rows, D)` float32, their changes, summed.
        weight: `(rows,)` float32, from `merge_weights`: 1 / W is the mean, 1 the sum.
        workers: W.

    Returns:
        `(rows, D)` float32.

    Example:
        >>> start, changes = jnp.zeros((2, 1)), jnp.array([[0.4], [40.0]])
        >>> bounded_merge(start, changes, jnp.ones(2), workers=2).tolist()
        [[0.4000000059604645], [22.0]]
    """
    limit = MERGE_LIMIT / workers / start.shape[1] ** 0.5
    beyond_mean = (weight[:, None] - 1 / workers) * changes
    return start + changes / workers + jnp.clip(beyond_mean, -limit, limit)


# Steps


def step(
    tables: Tables, batch: Batches, weights: Mapping[str, Array], loss_and_gradients: LossFunction
) -> tuple[Tables, StepMetrics]:
    """Take one gradient step on `B` blocks.

    Args:
        tables: by name, `(rows, D)` float32 each.
        batch: of one step, without the axis `S`.
        weights: from `step_weights`, `(rows,)` float32 by table.
        loss_and_gradients: of the objective; a table without gradients stays as it is.

    Returns:
        The tables, and the loss, the predictions and other metrics of the step.
    """
    loss, predictions, gradients, metrics = loss_and_gradients(tables, batch)
    others = {name: metric.sum() for name, metric in metrics.items()}
    moved = {
        name: apply_gradients(tables[name], of_table, batch.rate, weights[name])
        for name, of_table in gradients.items()
    }
    return {**tables, **moved}, StepMetrics(loss.sum(), predictions.sum(), others)


def apply_gradients(table: Array, gradients: TableGradients, rate: Array, weight: Array) -> Array:
    """Move row r by -rate · weight_r · Σ g over its occurrences, by no more than `STEP_LIMIT`.

    Args:
        table: `(rows, D)` float32.
        gradients: which rows, and their gradients.
        rate: `()` float32, the learning rate.
        weight: `(rows,)` float32, from `step_weights`.

    Returns:
        `(rows, D)` float32.
    """
    changes = [gradient.scaled(-rate * weight[gradient.ids]) for gradient in gradients]
    ids = jnp.concatenate([gradient.ids.reshape(-1) for gradient in gradients])
    lengths = jnp.concatenate([change.lengths for change in changes])
    ends = list(accumulate(gradient.ids.size for gradient in gradients))
    shares = jnp.split(bounded_shares(ids, lengths), ends[:-1])
    bounded = [change.times(share) for change, share in zip(changes, shares, strict=True)]
    return table.at[ids].add(jnp.concatenate(bounded))


# On a CPU every worker is a thread of its own. XLA would also split each small operation over a
# pool that the workers share, and wait for it.
COMPILER_OPTIONS = {
    "xla_disable_hlo_passes": "cpu-parallel-task-assigner",
    "xla_cpu_multi_thread_eigen": False,
}


def jit_steps(loss_and_gradients: LossFunction) -> Any:
    """`run_steps` of an objective, to be compiled.

    JAX keeps what it compiled of a function for as long as there is the function. This one is of
    its caller alone, so that a process may train any number of models.

    Args:
        loss_and_gradients: of the objective.

    Returns:
        A function of tables, which are donated, batches and weights, as `jax.jit` makes it.
    """

    @wraps(run_steps)
    def steps(
        tables: Tables, batches: Batches, weights: Mapping[str, Array]
    ) -> tuple[Tables, StepMetrics]:
        return run_steps(tables, batches, weights, loss_and_gradients)

    return jax.jit(steps, donate_argnums=0, compiler_options=COMPILER_OPTIONS)


def run_steps(
    tables: Tables,
    batches: Batches,
    weights: Mapping[str, Array],
    loss_and_gradients: LossFunction,
) -> tuple[Tables, StepMetrics]:
    """Take `S` steps one after the other.

    Args:
        tables: by name, `(rows, D)` float32 each.
        batches: of `S` steps.
        weights: from `step_weights`, `(rows,)` float32 by table.
        loss_and_gradients: of the objective.

    Returns:
        The tables, and the metrics of each step, `(S,)`.
    """

    def body(tables: Tables, batch: Batches) -> tuple[Tables, StepMetrics]:
        return step(tables, batch, weights, loss_and_gradients)

    return lax.scan(body, tables, batches)
