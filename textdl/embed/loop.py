"""The training loop on the host: workers side by side, the next round prepared meanwhile."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeAlias, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

from textdl.embed.blocks import Blocks
from textdl.embed.checkpoint import Checkpoints, Progress
from textdl.embed.config import Config
from textdl.embed.train import Metrics, State, Steps, copy_state, init_state, merge, run_steps
from textdl.errors import DivergenceError

Item = TypeVar("Item")
Run: TypeAlias = Callable[[State, Steps], tuple[State, Metrics]]


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

    A round gives every worker one dispatch of steps and a copy of the parameters, and ends with the
    sum of what they changed. Where `checkpoints` hold a state, the run goes on from there, and ends
    in the same bits as one that never stopped.

    Raises:
        DivergenceError: the loss is not finite.
        CheckpointError: the checkpoint is of another run.
        KeyboardInterrupt: after the round, and after a checkpoint where there are `checkpoints`.
    """
    state, progress = _begin(blocks, config, checkpoints)
    run = partial(
        run_steps, update=config.update, negative=float(config.negative), strip=blocks.strip
    )
    with ThreadPoolExecutor(config.workers) as pool, _interrupt_between_rounds() as interrupted:
        for epoch in range(progress.epoch, config.epochs):
            dispatches = blocks.epoch(epoch, progress.round * config.workers)
            for group in _prefetch(_batched(dispatches, config.workers)):
                state, loss, pairs = _round(state, group, run, pool)
                progress = _advance(progress, loss, pairs, blocks.steps * len(group))
                _check_finite(loss, progress, config, blocks)
                report(_describe(progress, blocks))
                if checkpoints and (checkpoints.every.due(progress.steps) or interrupted.is_set()):
                    checkpoints.save(state, progress)
                if interrupted.is_set():
                    raise KeyboardInterrupt
            progress = _end_epoch(progress)
            report(_describe(progress, blocks))
    if checkpoints:
        checkpoints.save(state, progress)
    return Trained(np.asarray(state.centre), progress.history)


def _begin(
    blocks: Blocks, config: Config, checkpoints: Checkpoints | None
) -> tuple[State, Progress]:
    saved = checkpoints.load() if checkpoints else None
    if saved:
        return saved
    key = jax.random.key(config.seed)
    size = len(blocks.vocabulary)
    return init_state(key, size, config.vector_size, config.update), Progress()


def _round(
    state: State, dispatches: list[Steps], run: Run, pool: ThreadPoolExecutor
) -> tuple[State, float, float]:
    """Run every dispatch on a copy of the state, side by side, and sum the changes."""
    states = [state] if len(dispatches) == 1 else [copy_state(state) for _ in dispatches]
    results = list(pool.map(partial(_finish, run), states, dispatches))
    ends = tuple(end for end, _ in results)
    # Single steps are summed in float32, their many sums in float64.
    loss = sum(float(np.sum(np.asarray(metrics.loss), dtype=np.float64)) for _, metrics in results)
    pairs = sum(
        float(np.sum(np.asarray(metrics.pairs), dtype=np.float64)) for _, metrics in results
    )
    return (ends[0] if len(ends) == 1 else merge(state, ends)), loss, pairs


def _finish(run: Run, state: State, dispatch: Steps) -> tuple[State, Metrics]:
    end, metrics = run(state, dispatch)
    metrics.loss.block_until_ready()
    return end, metrics


def _advance(progress: Progress, loss: float, pairs: float, steps: int) -> Progress:
    return replace(
        progress,
        round=progress.round + 1,
        steps=progress.steps + steps,
        loss=progress.loss + loss,
        pairs=progress.pairs + pairs,
    )


def _end_epoch(progress: Progress) -> Progress:
    mean = progress.loss / max(progress.pairs, 1.0)
    return Progress(progress.epoch + 1, steps=progress.steps, history=(*progress.history, mean))


def _describe(progress: Progress, blocks: Blocks) -> Report:
    epochs, words = blocks.config.epochs, len(blocks.store.tokens)
    done = progress.epoch + blocks.share(progress.round * blocks.config.workers)
    if progress.round:
        loss, epoch = progress.loss / max(progress.pairs, 1.0), progress.epoch + 1
    else:
        loss, epoch = progress.history[-1], progress.epoch
    return Report(epoch, epochs, done * words, epochs * words, loss, progress.round == 0)


def _check_finite(loss: float, progress: Progress, config: Config, blocks: Blocks) -> None:
    if not np.isfinite(loss):
        raise DivergenceError(
            f"the loss is {loss} in epoch {progress.epoch + 1} with learning_rate={config.rate:g} "
            f"and {blocks.step_tokens} tokens a step; try learning_rate={config.rate / 4:g} or "
            f"step_tokens={max(1, blocks.step_tokens // 4)}"
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
