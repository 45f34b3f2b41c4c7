"""Local SGD: workers that train side by side on text of their own, and how they are merged.

In a round every worker trains a copy of the tables, chunk by chunk; in the end their changes are
merged. The rows with the most expected updates change most, so they are synchronized after every
chunk. Which rows these are, and how the changes of a row are weighed, follows from the expected
updates of each table alone.

References:
    Stich 2019, "Local SGD converges fast and communicates little".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import Self, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.batches import BatchSampler
from textdl.embed.objectives.objective import Batches, Tables
from textdl.embed.update import (
    StepMetrics,
    bounded_merge,
    copy_tables,
    merge_weights,
    run_steps,
    step_weights,
)
from textdl.jax_settings import fixed_settings
from textdl.parallel import prefetch

CHUNKS_PER_ROUND = 8  # of a worker
FREQUENT_ROWS = 4096  # of each table, at most

Item = TypeVar("Item")
# The rows of a table: its first ones, as their number, or any, as `(n,)` int32.
Rows: TypeAlias = "int | Array"


class Workers:
    """The workers of a run, and the rounds they train in.

    The threads only wait: JAX computes outside Python's lock, so one thread per worker is enough.

    Args:
        sampler: of the batches.
        tables: where training starts; `Workers` owns them.

    Attributes:
        tables: what the workers agree on, between two rounds.
        chunks_per_round: of all workers together.
    """

    def __init__(self, sampler: BatchSampler, tables: Tables) -> None:
        config = sampler.config
        objective = sampler.objective
        self.sampler = sampler
        self.count = config.workers
        self.tables = tables
        self.chunks_per_round = CHUNKS_PER_ROUND * self.count
        self._copies = (
            tuple(copy_tables(tables) for _ in range(self.count)) if self.count > 1 else ()
        )
        per_center = objective.expected_updates(sampler.vocabulary, sampler.kept_share, config)
        per_step = {name: updates * sampler.step_tokens for name, updates in per_center.items()}
        self._step_weights = {
            name: jnp.asarray(step_weights(updates)) for name, updates in per_step.items()
        }
        # Compiled here once: workers that meet a new program side by side would each compile it.
        self._run = run_steps.lower(
            tables, sampler.batch_spec(), self._step_weights, objective.loss_and_gradients
        ).compile()
        self._frequent: dict[str, Rows] = {}
        self._merge_weights: dict[str, Array] = {}
        for name, updates in per_step.items():
            frequent = frequent_rows(updates, FREQUENT_ROWS)
            per_merge = updates * sampler.steps * CHUNKS_PER_ROUND
            per_merge[frequent] = updates[frequent] * sampler.steps
            self._frequent[name] = as_rows(frequent)
            self._merge_weights[name] = jnp.asarray(merge_weights(per_merge, self.count))

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.count)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def rounds(self, epoch: int, start: int = 0) -> Iterator[list[list[Batches]]]:
        """Prepare rounds from number `start` of an epoch to the last epoch, each while one runs.

        A round is a list of groups; the chunks of a group go to the workers side by side. An empty
        one stands for the end of an epoch.
        """
        starts = {epoch: start * self.chunks_per_round}
        epochs = range(epoch, self.sampler.config.epochs)
        return prefetch(chain.from_iterable(self._rounds_of(e, starts.get(e, 0)) for e in epochs))

    def round(self, groups: list[list[Batches]]) -> tuple[float, float]:
        """Train on a round; return the loss and the pairs, summed."""
        metrics: list[StepMetrics] = []
        for group in groups:
            metrics += self._side_by_side(group) if self._copies else self._alone(*group)
        if self._copies:
            self.tables, self._copies = merge(self.tables, self._copies, self._merge_weights)
        return _totals(metrics)

    def _rounds_of(self, epoch: int, start: int) -> Iterator[list[list[Batches]]]:
        groups = _batched(self.sampler.epoch(epoch, start), self.count)
        return chain(_batched(groups, CHUNKS_PER_ROUND), [[]])

    def _side_by_side(self, group: list[Batches]) -> list[StepMetrics]:
        results = list(self._pool.map(self._train, self._copies, group))
        ends = (*(end for end, _ in results), *self._copies[len(results) :])
        self.tables, self._copies = sync_frequent_rows(
            self.tables, ends, self._merge_weights, self._frequent
        )
        return [metrics for _, metrics in results]

    def _alone(self, chunk: Batches) -> list[StepMetrics]:
        self.tables, metrics = self._train(self.tables, chunk)
        return [metrics]

    @fixed_settings()  # those of the thread
    def _train(self, tables: Tables, chunk: Batches) -> tuple[Tables, StepMetrics]:
        end, metrics = self._run(tables, chunk, self._step_weights)
        metrics.loss.block_until_ready()
        return end, metrics


# Merges


def frequent_rows(expected_updates: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The rows of a table that have the most expected updates, in ascending order.

    Args:
        expected_updates: `(rows,)`.
        count: of rows, at most.

    Example:
        >>> frequent_rows(np.array([1.0, 9.0, 4.0]), 2).tolist()
        [1, 2]
    """
    return np.sort(np.argsort(-expected_updates, kind="stable")[:count])


def as_rows(ids: NDArray[np.intp]) -> Rows:
    """The fastest way to say which rows: those that come first are copied as one piece.

    Example:
        >>> as_rows(np.array([0, 1, 2])), as_rows(np.array([1, 2])).tolist()
        (3, [1, 2])
    """
    is_prefix = len(ids) == 0 or ids[-1] == len(ids) - 1
    return len(ids) if is_prefix else jnp.asarray(ids, jnp.int32)


def sync_frequent_rows(
    shared: Tables,
    workers: tuple[Tables, ...],
    weights: Mapping[str, Array],
    rows: Mapping[str, Rows],
) -> tuple[Tables, tuple[Tables, ...]]:
    """Merge some rows of each table, and leave the others as they are.

    Two calls, because XLA copies the tables when one call both reads and writes them.

    Args:
        shared: what the workers agreed on.
        workers: the tables of each; like `shared`, they are donated.
        weights: from `merge_weights`, `(rows,)` float32 by table.
        rows: of each table.

    Returns:
        The shared tables and the workers', which now agree on those rows.
    """
    prefixes = tuple((name, some) for name, some in rows.items() if isinstance(some, int))
    ids = {name: some for name, some in rows.items() if not isinstance(some, int)}
    merged = _merged_rows(shared, workers, weights, ids, prefixes)
    put = partial(_put_rows, rows=merged, ids=ids)
    return put(shared), tuple(put(worker) for worker in workers)


@partial(jax.jit, static_argnames="prefixes")
def _merged_rows(
    shared: Tables,
    workers: tuple[Tables, ...],
    weights: Mapping[str, Array],
    ids: Mapping[str, Array],
    prefixes: tuple[tuple[str, int], ...],
) -> Tables:
    def taken(tables: Mapping[str, Array]) -> Tables:
        first = {name: tables[name][:size] for name, size in prefixes}
        return first | {name: tables[name][some] for name, some in ids.items()}

    return apply_deltas(taken(shared), tuple(map(taken, workers)), taken(weights))


@partial(jax.jit, donate_argnames="tables")
def _put_rows(tables: Tables, rows: Tables, ids: Mapping[str, Array]) -> Tables:
    def put(name: str, table: Array) -> Array:
        if name in ids:
            return table.at[ids[name]].set(rows[name], unique_indices=True, indices_are_sorted=True)
        return lax.dynamic_update_slice(table, rows[name], (0,) * table.ndim)

    return {name: put(name, table) for name, table in tables.items()}


@partial(jax.jit, donate_argnames=("shared", "workers"))
def merge(
    shared: Tables, workers: tuple[Tables, ...], weights: Mapping[str, Array]
) -> tuple[Tables, tuple[Tables, ...]]:
    """Merge every row.

    Args:
        shared: what the workers agreed on.
        workers: the tables of each; like `shared`, they are donated.
        weights: from `merge_weights`, `(rows,)` float32 by table.

    Returns:
        The shared tables and the workers', which now agree: every worker starts its next round from
        its own copy, in the memory it had.
    """
    merged = apply_deltas(shared, workers, weights)
    return merged, tuple({name: jnp.copy(it) for name, it in merged.items()} for _ in workers)


def apply_deltas(
    shared: Tables, workers: tuple[Tables, ...], weights: Mapping[str, Array]
) -> Tables:
    """Move row r by x <- x + weight_r Σ_w (x_w - x), not far beyond the mean of the workers.

    Args:
        shared: x, by table.
        workers: x_w, by worker and table.
        weights: from `merge_weights`, `(rows,)` float32 by table.

    Returns:
        The new tables.
    """

    def moved(name: str, start: Array) -> Array:
        ends = [worker[name] for worker in workers]
        deltas = sum((end - start for end in ends), jnp.zeros_like(start))
        return bounded_merge(start, deltas, weights[name], len(ends))

    return {name: moved(name, start) for name, start in shared.items()}


def _totals(metrics: list[StepMetrics]) -> tuple[float, float]:
    """Sum loss and pairs: within a step they are float32 sums, over the steps float64."""
    loss, pairs = (
        sum(float(np.sum(np.asarray(column), dtype=np.float64)) for column in columns)
        for columns in zip(*metrics, strict=True)
    )
    return loss, pairs


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
