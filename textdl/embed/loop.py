"""The training loop on the host: workers side by side, the next round prepared meanwhile."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import NamedTuple, Self, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

from textdl.embed.blocks import Blocks
from textdl.embed.checkpoint import Checkpoints, Progress
from textdl.embed.config import Config
from textdl.embed.train import (
    Metrics,
    State,
    Steps,
    copy_state,
    init_state,
    merge,
    merge_head,
    run_steps,
)
from textdl.errors import DivergenceError

DISPATCHES_A_ROUND = 8  # after each the frequent words are merged, after all of them every word
HEAD_ROWS = 4096  # how many words are frequent

Item = TypeVar("Item")


class Report(NamedTuple):
    """How far a run is; handed to the caller after every round."""

    epoch: int  # from 1
    epochs: int
    words: float  # raw words of the corpus done so far, over all epochs
    total_words: int
    loss: float  # mean over the pairs of this epoch so far
    epoch_done: bool


class Trained(NamedTuple):
    """What training returns."""

    matrix: NDArray[np.float32]  # (V, D) centre vectors
    history: tuple[float, ...]  # mean loss of every epoch, per positive pair


def train(
    blocks: Blocks,
    config: Config,
    *,
    checkpoints: Checkpoints | None = None,
    report: Callable[[Report], None] = lambda _: None,
) -> Trained:
    """Train word vectors on the steps that `blocks` yields.

    In a round every worker trains a copy of the parameters on text of its own, dispatch by
    dispatch; in the end their changes are summed. Frequent words change at every step of every
    worker, so that such a sum overshoots: their rows are summed after every dispatch.

    Where `checkpoints` hold a state, the run goes on from there, and ends in the same bits as one
    that never stopped.

    Raises:
        DivergenceError: the loss is not finite.
        CheckpointError: the checkpoint is of another run.
        KeyboardInterrupt: after the round, and after a checkpoint where there are `checkpoints`.
    """
    state, progress = _begin(blocks, config, checkpoints)
    with _Workers(blocks, state) as workers, _interrupt_between_rounds() as interrupted:
        while progress.epoch < config.epochs:
            for groups in workers.rounds(progress):
                loss, pairs = workers.round(groups)
                steps = blocks.steps * sum(map(len, groups))
                progress = progress.after_round(loss, pairs, steps)
                _check_finite(progress, blocks)
                report(workers.describe(progress))
                if checkpoints and (checkpoints.due(progress) or interrupted.is_set()):
                    checkpoints.save(workers.state, progress)
                if interrupted.is_set():
                    raise KeyboardInterrupt
            progress = progress.after_epoch()
            report(workers.describe(progress))
    if checkpoints:
        checkpoints.save(workers.state, progress)
    return Trained(np.asarray(workers.state.centre), progress.history)


def _begin(
    blocks: Blocks, config: Config, checkpoints: Checkpoints | None
) -> tuple[State, Progress]:
    saved = checkpoints.load() if checkpoints else None
    if saved:
        return saved
    key = jax.random.key(config.seed)
    size = len(blocks.vocabulary)
    return init_state(key, size, config.vector_size, config.update), Progress()


class _Workers:
    """The workers of a run, and the rounds they train in."""

    def __init__(self, blocks: Blocks, state: State) -> None:
        config = blocks.config
        self.blocks, self.count = blocks, config.workers
        self.state = state
        self.copies = tuple(copy_state(state) for _ in range(self.count)) if self.count > 1 else ()
        self.run = partial(
            run_steps, update=config.update, negative=float(config.negative), strip=blocks.strip
        )

    def __enter__(self) -> Self:
        self.pool = ThreadPoolExecutor(self.count)
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def rounds(self, progress: Progress) -> Iterator[list[list[Steps]]]:
        """Prepare round after round, from where the run stands in its epoch.

        A round is a list of groups; the dispatches of a group go to the workers side by side.
        """
        first = progress.round * DISPATCHES_A_ROUND * self.count
        groups = _batched(self.blocks.epoch(progress.epoch, first), self.count)
        return _prefetch(_batched(groups, DISPATCHES_A_ROUND))

    def round(self, groups: list[list[Steps]]) -> tuple[float, float]:
        """Train on a round; return the loss and the pairs, summed."""
        metrics: list[Metrics] = []
        for group in groups:
            metrics += self._side_by_side(group) if self.copies else self._alone(*group)
        if self.copies:
            self.state, self.copies = merge(self.state, self.copies)
        return _totals(metrics)

    def _side_by_side(self, group: list[Steps]) -> list[Metrics]:
        results = list(self.pool.map(self._finish, self.copies, group))
        ends = (*(end for end, _ in results), *self.copies[len(results) :])
        self.state, self.copies = merge_head(self.state, ends, rows=HEAD_ROWS)
        return [metrics for _, metrics in results]

    def _alone(self, dispatch: Steps) -> list[Metrics]:
        self.state, metrics = self._finish(self.state, dispatch)
        return [metrics]

    def _finish(self, state: State, dispatch: Steps) -> tuple[State, Metrics]:
        end, metrics = self.run(state, dispatch)
        metrics.loss.block_until_ready()
        return end, metrics

    def describe(self, progress: Progress) -> Report:
        """Say how far the run is."""
        epochs, words = self.blocks.config.epochs, len(self.blocks.store.tokens)
        dispatches = progress.round * DISPATCHES_A_ROUND * self.count
        done = (progress.epoch + self.blocks.share(dispatches)) * words
        if progress.round == 0:  # an epoch has just ended
            return Report(progress.epoch, epochs, done, epochs * words, progress.history[-1], True)
        return Report(progress.epoch + 1, epochs, done, epochs * words, progress.mean_loss, False)


def _totals(metrics: list[Metrics]) -> tuple[float, float]:
    """Sum loss and pairs: within a step they are float32 sums, over the steps float64."""
    loss, pairs = (
        sum(float(np.sum(np.asarray(column), dtype=np.float64)) for column in columns)
        for columns in zip(*metrics, strict=True)
    )
    return loss, pairs


def _check_finite(progress: Progress, blocks: Blocks) -> None:
    rate = blocks.config.rate
    if not np.isfinite(progress.loss):
        raise DivergenceError(
            f"the loss is {progress.loss} in epoch {progress.epoch + 1} with learning_rate="
            f"{rate:g} and {blocks.step_tokens} tokens a step; try learning_rate="
            f"{rate / 4:g} or step_tokens={max(1, blocks.step_tokens // 4)}"
        )


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def _prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Compute the next item in a thread while the caller works on this one."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item


@contextmanager
def _interrupt_between_rounds() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event, so that a round is never left half done.

    Signals reach the main thread alone; in any other thread nothing changes.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
