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
from typing import Any, NamedTuple, Self, TypeVar

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.embed.merges import (
    Rows,
    RowWeights,
    as_rows,
    copies_of,
    frequent_rows,
    merge,
    sync_frequent_rows,
    take_rows,
)
from textdl.embed.tables import Batches, LossFunction, Tables
from textdl.embed.tied_rows import Tie, TiedRows, TiedTable, compose, spread
from textdl.embed.update import (
    RoundMetrics,
    StepMetrics,
    jit_steps,
    merge_weights,
    step_weights,
    total_metrics,
)
from textdl.embed.working_set import WorkingSets, is_large
from textdl.jax_settings import fixed_settings
from textdl.parallel import prefetch

CHUNKS_PER_ROUND = 8  # of a worker
TIED_CHUNKS_PER_ROUND = 1  # where words wait for the end of a round for what they share
FREQUENT_ROWS = 4096  # of each table, at most

Item = TypeVar("Item")


class TrainingProblem(NamedTuple):
    """What local SGD needs to know of what it trains."""

    loss_and_gradients: LossFunction
    #: How often each row of each table is moved in a step, in expectation: `(rows,)` by table.
    updates_per_step: Mapping[str, NDArray[np.float64]]
    steps: int  # S of a chunk
    #: Tables that are not among those of the run: their rows are means of rows of another.
    ties: Mapping[str, Tie] = {}
    #: Of rows that come in bursts: how often each is moved in a step that has it.
    bursts: Mapping[str, NDArray[np.float64]] = {}
    #: Rows that stay bit for bit as they are, by table.
    frozen: Mapping[str, NDArray[np.intp]] = {}

    def step_weights(self) -> dict[str, NDArray[np.float32]]:
        """For update damping: how the summed gradients of each row are weighed; of frozen rows, 0.

        `(rows,)` by table. What takes no step has no change that a merge could weigh.
        """
        of_steps = dict(self.updates_per_step)
        for name, updates in self.bursts.items():
            of_steps[name] = np.maximum(of_steps[name], updates)
        weights = {name: step_weights(updates) for name, updates in of_steps.items()}
        for name, rows in self.frozen.items():
            weights[name][rows] = 0
        return weights

    def merge_weights(
        self, frequent: Mapping[str, NDArray[np.intp]], chunks: int, workers: int
    ) -> dict[str, NDArray[np.float32]]:
        """How the summed changes of each row are weighed when workers are merged.

        Args:
            frequent: rows that are merged after every chunk, by table.
            chunks: of a worker in a round, after which the others are.
            workers: W.

        Returns:
            `(rows,)` by table.
        """
        weights = {}
        for name, updates in self.updates_per_step.items():
            per_merge = updates * (self.steps * chunks)
            per_merge[frequent[name]] = updates[frequent[name]] * self.steps
            weights[name] = merge_weights(per_merge, workers)
        return weights


class Round(NamedTuple):
    """The data of one round, on the device."""

    groups: list[list[Batches]]  # the chunks of a group go to the workers side by side
    working: dict[str, Array]  # (C,) int32, the rows of the tables of which not all are copied
    frequent: Mapping[str, Rows]  # of what the workers copy, those that are merged after a group
    step_weights: RowWeights  # of what the workers copy
    merge_weights: RowWeights
    tied: dict[str, TiedRows]  # of the working sets of tables that are tied to another

    @property
    def chunks(self) -> int:
        """Of all workers together."""
        return sum(map(len, self.groups))

    @property
    def frequent_working(self) -> dict[str, Array]:
        """The frequent rows of each working set, which come first in it."""
        return {name: rows[: self.frequent[name]] for name, rows in self.working.items()}


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
        self.count = count
        self._chunks = TIED_CHUNKS_PER_ROUND if problem.ties else CHUNKS_PER_ROUND
        sources = {name: tie.source for name, tie in problem.ties.items()}
        self._on_host = frozenset(sources.values())
        self.tables: Tables = {
            name: np.array(table) if name in self._on_host else table
            for name, table in tables.items()
        }
        self._steps = jit_steps(problem.loss_and_gradients)
        self._programs: dict[Any, Any] = {}
        self._copies: tuple[Tables, ...] = ()
        per_step = problem.updates_per_step
        frequent = {name: frequent_rows(it, FREQUENT_ROWS) for name, it in per_step.items()}
        self._step_weights = problem.step_weights()
        self._merge_weights = problem.merge_weights(frequent, self._chunks, count)
        # Of tied tables too, whose rows are composed for every round.
        large = {
            name: len(updates)
            for name, updates in per_step.items()
            if name in sources or (count > 1 and is_large((len(updates), tables[name].shape[1])))
        }
        self._sets = WorkingSets(frequent, large)
        steps = problem.steps * self._chunks * count  # of a round
        self._tied = {
            name: TiedTable(tie, len(self.tables[tie.source]), per_step[name] * steps, count)
            for name, tie in problem.ties.items()
        }
        # Of tables that are copied whole: put on the device once.
        self._whole = Round(
            [],
            {},
            {name: as_rows(rows) for name, rows in frequent.items()},
            jax.device_put(_without(self._step_weights, self._sets)),
            jax.device_put(_without(self._merge_weights, self._sets)),
            {},
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
        means = {
            name: compose(self.tables[self._tied[name].source], rows, self._pool.map)
            for name, rows in round.tied.items()
        }
        tables = self._on_device | jax.device_put(means)
        metrics: list[StepMetrics] = []
        if self.count == 1:
            for (chunk,) in round.groups:
                tables, of_chunk = self._train(tables, chunk, round.step_weights)
                metrics.append(of_chunk)
        else:
            self._copies = copies_of(tables, round.working, self._copies, self.count)
            shared = tables | take_rows(tables, round.frequent_working)
            for group in round.groups:
                shared, of_group = self._side_by_side(shared, group, round)
                metrics += of_group
            tables = merge(tables, shared, self._copies, round.merge_weights, round.working)
        for name, start in means.items():
            source = self.tables[self._tied[name].source]
            spread(source, round.tied[name], np.asarray(tables.pop(name)) - start, self._pool.map)
        self.tables = {**self.tables, **tables}
        return total_metrics(metrics)

    @property
    def _on_device(self) -> Tables:
        """The tables but for those that others are tied to."""
        return {name: table for name, table in self.tables.items() if name not in self._on_host}

    def _rounds(self, epochs: Iterable[Iterable[Batches]]) -> Iterator[Round | None]:
        for chunks in epochs:
            groups: list[list[Batches]] = []
            for group in _batched(chunks, self.count):
                groups.append(group)
                self._sets.add(group)
                if len(groups) == self._chunks or self._sets.are_full:
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
        tied = {
            name: table.prepare(sets[name].rows, sets[name].is_used)
            for name, table in self._tied.items()
        }
        return Round(
            jax.device_put(groups),
            jax.device_put({name: some for name, some in rows.items() if name not in tied}),
            {**whole.frequent, **{name: it.frequent for name, it in sets.items()}},
            {**whole.step_weights, **_weights_of(self._step_weights, rows)},
            {**whole.merge_weights, **_weights_of(self._merge_weights, rows)},
            tied,
        )

    def _side_by_side(
        self, shared: Tables, group: list[Batches], round: Round
    ) -> tuple[Tables, list[StepMetrics]]:
        """Give each worker a chunk, then let them agree on the frequent rows."""
        train = partial(self._train_in_thread, weights=round.step_weights)
        self._program(self._copies[0], group[0], round.step_weights)
        results = list(self._pool.map(train, self._copies, group))
        ends = (*(end for end, _ in results), *self._copies[len(results) :])
        shared, self._copies = sync_frequent_rows(shared, ends, round.merge_weights, round.frequent)
        return shared, [metrics for _, metrics in results]

    def _train(
        self, tables: Tables, chunk: Batches, weights: RowWeights
    ) -> tuple[Tables, StepMetrics]:
        """Start training on a chunk; the device may be at it still when this returns."""
        end: tuple[Tables, StepMetrics] = self._program(tables, chunk, weights)(
            tables, chunk, weights
        )
        return end

    @fixed_settings()  # those of the thread
    def _train_in_thread(
        self, tables: Tables, chunk: Batches, weights: RowWeights
    ) -> tuple[Tables, StepMetrics]:
        end, metrics = self._train(tables, chunk, weights)
        metrics.loss.block_until_ready()
        return end, metrics

    def _program(self, tables: Tables, chunk: Batches, weights: RowWeights) -> Any:
        """The steps of a chunk, compiled for its shapes.

        Workers that met a new program side by side would each compile it, so it is asked for
        before they start.
        """
        shapes = tuple(leaf.shape for leaf in jax.tree.leaves((tables, chunk)))
        if shapes not in self._programs:
            self._programs[shapes] = self._steps.lower(tables, chunk, weights).compile()
        return self._programs[shapes]


def _without(
    weights: Mapping[str, NDArray[np.float32]], sets: WorkingSets
) -> dict[str, NDArray[np.float32]]:
    """The weights of the tables that are copied whole."""
    return {name: it for name, it in weights.items() if name not in sets}


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
