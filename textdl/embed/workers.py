"""Workers: threads that train side by side on text of their own, and rounds that join them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Self, TypeVar

import jax.numpy as jnp
import numpy as np

from textdl.embed.blocks import Blocks
from textdl.embed.config import STRIP
from textdl.embed.merge import merge, merge_head
from textdl.embed.settling import merge_weights, step_weights
from textdl.embed.step import Metrics, State, Steps, copy_state, run_steps
from textdl.jax_settings import fixed_settings
from textdl.parallel import prefetch

DISPATCHES_A_ROUND = 8  # after each the frequent words are merged, after all of them every word
HEAD_ROWS = 4096  # how many words are frequent

Item = TypeVar("Item")


class Workers:
    """The workers of a run, and the rounds they train in.

    In a round every worker trains a copy of the parameters, dispatch by dispatch; in the end their
    changes are merged. Frequent words change most, so their rows, the first ones, are merged after
    every dispatch.

    The threads only wait: JAX computes outside Python's lock, so a thread a worker is enough.
    """

    def __init__(self, blocks: Blocks, state: State) -> None:
        config = blocks.config
        self.blocks, self.count = blocks, config.workers
        self.state = state  # what the workers agree on
        self.dispatches_a_round = DISPATCHES_A_ROUND * self.count
        self.copies = tuple(copy_state(state) for _ in range(self.count)) if self.count > 1 else ()
        pushes = blocks.pushes * blocks.step_tokens
        self.weight_of_step = jnp.asarray(step_weights(pushes))
        # Compiled here once: workers that meet a new program side by side would each compile it.
        self.run = run_steps.lower(
            state, blocks.outline(), self.weight_of_step, negative=config.negative, strip=STRIP
        ).compile()
        pushes = pushes * blocks.steps
        pushes[HEAD_ROWS:] *= DISPATCHES_A_ROUND
        self.weight_of_merge = jnp.asarray(merge_weights(pushes, self.count))

    def __enter__(self) -> Self:
        self.pool = ThreadPoolExecutor(self.count)
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def rounds(self, epoch: int, start: int = 0) -> Iterator[list[list[Steps]]]:
        """Prepare rounds from number `start` of an epoch to the last epoch, each while one runs.

        A round is a list of groups; the dispatches of a group go to the workers side by side. An
        empty one stands for the end of an epoch.
        """
        starts = {epoch: start * self.dispatches_a_round}
        epochs = range(epoch, self.blocks.config.epochs)
        return prefetch(chain.from_iterable(self._rounds_of(e, starts.get(e, 0)) for e in epochs))

    def _rounds_of(self, epoch: int, start: int) -> Iterator[list[list[Steps]]]:
        groups = _batched(self.blocks.epoch(epoch, start), self.count)
        return chain(_batched(groups, DISPATCHES_A_ROUND), [[]])

    def round(self, groups: list[list[Steps]]) -> tuple[float, float]:
        """Train on a round; return the loss and the pairs, summed."""
        metrics: list[Metrics] = []
        for group in groups:
            metrics += self._side_by_side(group) if self.copies else self._alone(*group)
        if self.copies:
            self.state, self.copies = merge(self.state, self.copies, self.weight_of_merge)
        return _totals(metrics)

    def _side_by_side(self, group: list[Steps]) -> list[Metrics]:
        results = list(self.pool.map(self._finish, self.copies, group))
        ends = (*(end for end, _ in results), *self.copies[len(results) :])
        self.state, self.copies = merge_head(self.state, ends, self.weight_of_merge, rows=HEAD_ROWS)
        return [metrics for _, metrics in results]

    def _alone(self, dispatch: Steps) -> list[Metrics]:
        self.state, metrics = self._finish(self.state, dispatch)
        return [metrics]

    @fixed_settings()  # those of the thread
    def _finish(self, state: State, dispatch: Steps) -> tuple[State, Metrics]:
        end, metrics = self.run(state, dispatch, self.weight_of_step)
        metrics.loss.block_until_ready()
        return end, metrics


def _totals(metrics: list[Metrics]) -> tuple[float, float]:
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
