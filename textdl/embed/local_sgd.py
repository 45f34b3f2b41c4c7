"""Local SGD: workers that train side by side on data of their own, and how they are merged.

In a round every worker trains a copy of the tables, chunk by chunk; in the end their changes are
merged. The rows with the most expected updates change most, so they are synchronized after every
chunk. Which rows these are, and how the changes of a row are weighed, follows from the expected
updates of each table alone.

Of a large table a worker copies only its *working set*: the rows that the round uses. A round uses
no more rows than its data name, so memory and the time of a merge do not grow with the table.

References:
    Stich 2019, "Local SGD converges fast and communicates little".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, Self, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.tables import Batches, LossFunction, Tables
from textdl.embed.update import (
    RoundMetrics,
    StepMetrics,
    bounded_merge,
    copy_tables,
    merge_weights,
    run_steps,
    step_weights,
    total_metrics,
)
from textdl.embed.working_set import WorkingSets, is_large
from textdl.jax_settings import fixed_settings
from textdl.parallel import prefetch

CHUNKS_PER_ROUND = 8  # of a worker
FREQUENT_ROWS = 4096  # of each table, at most

Item = TypeVar("Item")
# The rows of a table: its first ones, as their number, or any, as `(n,)` int32.
Rows: TypeAlias = "int | Array"
RowWeights: TypeAlias = Mapping[str, Any]  # (rows,) float32, by table


class TrainingProblem(NamedTuple):
    """What local SGD needs to know of what it trains."""

    loss_and_gradients: LossFunction
    #: How often each row of each table is moved in a step, in expectation: `(rows,)` by table.
    updates_per_step: Mapping[str, NDArray[np.float64]]
    steps: int  # S of a chunk


class Round(NamedTuple):
    """The data of one round, on the device."""

    groups: list[list[Batches]]  # the chunks of a group go to the workers side by side
    working: dict[str, Array]  # (C,) int32, the rows of the tables of which not all are copied
    frequent: Mapping[str, Rows]  # of what the workers copy, those that are merged after a group
    step_weights: RowWeights  # of what the workers copy
    merge_weights: RowWeights

    @property
    def chunks(self) -> int:
        """Of all workers together."""
        return sum(map(len, self.groups))


class Workers:
    """The workers of a run, and the rounds they train in.

    The threads only wait: JAX computes outside Python's lock, so one thread per worker is enough.

    Args:
        problem: what is trained.
        tables: where training starts; `Workers` owns them.
        count: W, of the workers.

    Attributes:
        tables: what the workers agree on, between two rounds.
    """

    def __init__(self, problem: TrainingProblem, tables: Tables, count: int) -> None:
        self.problem = problem
        self.tables = tables
        self.count = count
        self._programs: dict[Any, Any] = {}
        self._copies: tuple[Tables, ...] = ()
        per_step = problem.updates_per_step
        frequent = {name: frequent_rows(it, FREQUENT_ROWS) for name, it in per_step.items()}
        self._step_weights = {name: step_weights(updates) for name, updates in per_step.items()}
        self._merge_weights: dict[str, NDArray[np.float32]] = {}
        for name, updates in per_step.items():
            per_merge = updates * problem.steps * CHUNKS_PER_ROUND
            per_merge[frequent[name]] = updates[frequent[name]] * problem.steps
            self._merge_weights[name] = merge_weights(per_merge, count)
        large = {} if count == 1 else {n: len(t) for n, t in tables.items() if is_large(t.shape)}
        self._sets = WorkingSets(frequent, large)
        # Of tables that are copied whole: put on the device once.
        self._whole = Round(
            [],
            {},
            {name: as_rows(rows) for name, rows in frequent.items()},
            jax.device_put(self._step_weights),
            jax.device_put(self._merge_weights),
        )

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.count)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def rounds(self, epochs: Iterable[Iterable[Batches]]) -> Iterator[Round | None]:
        """Prepare rounds, each while the one before it runs; None stands for the end of an epoch.

        Args:
            epochs: the chunks of each.
        """
        return prefetch(self._rounds(epochs))

    def round(self, round: Round) -> RoundMetrics:
        """Train on a round."""
        metrics: list[StepMetrics] = []
        if self.count == 1:
            for (chunk,) in round.groups:
                self.tables, of_chunk = self._train(self.tables, chunk, round.step_weights)
                metrics.append(of_chunk)
            return total_metrics(metrics)
        shared = take_rows(self.tables, round.working)
        self._copies = copies_of(shared, self._copies, self.count)
        for group in round.groups:
            shared, of_group = self._side_by_side(shared, group, round)
            metrics += of_group
        merged = merge(shared, self._copies, round.merge_weights)
        self.tables = put_rows(self.tables, merged, round.working)
        return total_metrics(metrics)

    def _rounds(self, epochs: Iterable[Iterable[Batches]]) -> Iterator[Round | None]:
        for chunks in epochs:
            groups: list[list[Batches]] = []
            for group in _batched(chunks, self.count):
                groups.append(group)
                self._sets.add(group)
                if len(groups) == CHUNKS_PER_ROUND or self._sets.are_full:
                    yield self._prepare(groups)
                    groups = []
            if groups:
                yield self._prepare(groups)
            yield None

    def _prepare(self, groups: list[list[Batches]]) -> Round:
        """Number the rows that a round uses, and hand its data to the device.

        Here, in the thread that prepares, not where the device waits.
        """
        sets, groups = self._sets.pop(groups)
        whole = self._whole
        rows = {name: it.rows for name, it in sets.items()}
        return Round(
            jax.device_put(groups),
            jax.device_put(rows),
            {**whole.frequent, **{name: it.frequent for name, it in sets.items()}},
            {**whole.step_weights, **_weights_of(self._step_weights, rows)},
            {**whole.merge_weights, **_weights_of(self._merge_weights, rows)},
        )

    def _side_by_side(
        self, shared: Tables, group: list[Batches], round: Round
    ) -> tuple[Tables, list[StepMetrics]]:
        """Give each worker a chunk, then let them agree on the frequent rows."""
        train = partial(self._train, weights=round.step_weights)
        self._program(self._copies[0], group[0], round.step_weights)
        results = list(self._pool.map(train, self._copies, group))
        ends = (*(end for end, _ in results), *self._copies[len(results) :])
        shared, self._copies = sync_frequent_rows(shared, ends, round.merge_weights, round.frequent)
        return shared, [metrics for _, metrics in results]

    @fixed_settings()  # those of the thread
    def _train(
        self, tables: Tables, chunk: Batches, weights: RowWeights
    ) -> tuple[Tables, StepMetrics]:
        end, metrics = self._program(tables, chunk, weights)(tables, chunk, weights)
        metrics.loss.block_until_ready()
        return end, metrics

    def _program(self, tables: Tables, chunk: Batches, weights: RowWeights) -> Any:
        """The steps of a chunk, compiled for its shapes.

        Workers that met a new program side by side would each compile it, so it is asked for
        before they start.
        """
        shapes = tuple(leaf.shape for leaf in jax.tree.leaves((tables, chunk)))
        if shapes not in self._programs:
            lowered = run_steps.lower(tables, chunk, weights, self.problem.loss_and_gradients)
            self._programs[shapes] = lowered.compile()
        return self._programs[shapes]


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
    weights: RowWeights,
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
    weights: RowWeights,
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


@partial(jax.jit, donate_argnames="shared")
def merge(shared: Tables, workers: tuple[Tables, ...], weights: RowWeights) -> Tables:
    """Merge every row.

    Args:
        shared: what the workers agreed on; it is donated.
        workers: the tables of each.
        weights: from `merge_weights`, `(rows,)` float32 by table.

    Returns:
        What they agree on now.
    """
    return apply_deltas(shared, workers, weights)


def apply_deltas(shared: Tables, workers: tuple[Tables, ...], weights: RowWeights) -> Tables:
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


# Rows of the tables


def take_rows(tables: Tables, working: Mapping[str, Array]) -> Tables:
    """What the workers copy: the working set of a large table, all of the others.

    Args:
        tables: by name.
        working: `(C,)` int32 by table; a number beyond the table stands for no row.
    """
    taken: Tables = _taken({name: tables[name] for name in working}, working)
    return tables | taken


@jax.jit
def _taken(tables: Tables, working: Mapping[str, Array]) -> Tables:
    return {name: tables[name].at[rows].get(mode="clip") for name, rows in working.items()}


def put_rows(tables: Tables, merged: Tables, working: Mapping[str, Array]) -> Tables:
    """Put what `take_rows` took, and the workers changed, back into the tables.

    Args:
        tables: by name; those with a working set are donated.
        merged: what the workers agree on.
        working: as in `take_rows`.
    """
    large = {name: tables[name] for name in working}
    put: Tables = _put_working(large, {name: merged[name] for name in working}, working)
    return merged | put


@partial(jax.jit, donate_argnames="tables")
def _put_working(tables: Tables, merged: Tables, working: Mapping[str, Array]) -> Tables:
    return {
        name: tables[name].at[rows].set(merged[name], mode="drop") for name, rows in working.items()
    }


def copies_of(tables: Tables, into: tuple[Tables, ...], count: int) -> tuple[Tables, ...]:
    """Copy the tables for each worker, into the memory of its last copy where that fits.

    Args:
        tables: by name.
        into: the copies of the round before; they are donated.
        count: of copies.
    """
    shapes = {name: table.shape for name, table in tables.items()}
    if into and shapes == {name: table.shape for name, table in into[0].items()}:
        return tuple(_copied_into(memory, tables) for memory in into)
    return tuple(copy_tables(tables) for _ in range(count))


@partial(jax.jit, donate_argnames="memory", keep_unused=True)
def _copied_into(memory: Tables, tables: Tables) -> Tables:
    return {name: jnp.copy(table) for name, table in tables.items()}


def _weights_of(
    weights: Mapping[str, NDArray[np.float32]], rows: Mapping[str, NDArray[np.int32]]
) -> dict[str, Array]:
    """The weights of the rows of working sets; those of no row are 0."""
    of_rows = {name: np.append(weights[name], np.float32(0))[some] for name, some in rows.items()}
    on_device: dict[str, Array] = jax.device_put(of_rows)
    return on_device


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
