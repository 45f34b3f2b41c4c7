"""The training loop: round after round, epoch after epoch, with checkpoints and reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.blocks import Blocks
from textdl.embed.checkpoint import Checkpoints, Progress
from textdl.embed.step import State, init_state
from textdl.embed.workers import Workers
from textdl.errors import DivergenceError
from textdl.interruption import deferred_interrupts


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
    *,
    checkpoints: Checkpoints | None = None,
    report: Callable[[Report], None] = lambda _: None,
) -> Trained:
    """Train word vectors on the steps that `blocks` yields.

    Where `checkpoints` hold a state, the run goes on from there, and ends in the same bits as one
    that never stopped.

    Raises:
        DivergenceError: the loss or a vector is not finite.
        CheckpointError: the checkpoint is of another run.
        KeyboardInterrupt: after the round, and after a checkpoint where there are `checkpoints`.
    """
    state, progress = _begin(blocks, checkpoints)
    with Workers(blocks, state) as workers, deferred_interrupts() as interrupted:
        for groups in workers.rounds(progress.epoch, progress.round):
            if not groups:
                progress = progress.after_epoch()
                report(_describe(progress, blocks, workers.dispatches_a_round))
                continue
            loss, pairs = workers.round(groups)
            progress = progress.after_round(loss, pairs, blocks.steps * sum(map(len, groups)))
            _check_finite(progress.loss, blocks)
            report(_describe(progress, blocks, workers.dispatches_a_round))
            if checkpoints and (checkpoints.due(progress) or interrupted.is_set()):
                checkpoints.save(workers.state, progress)
            interrupted.raise_if_set()
        matrix = np.asarray(workers.state.centre)
        _check_finite(float(matrix.sum()), blocks)
        if checkpoints:
            checkpoints.save(workers.state, progress)
    return Trained(matrix, progress.history)


def _begin(blocks: Blocks, checkpoints: Checkpoints | None) -> tuple[State, Progress]:
    config = blocks.config
    shape = (len(blocks.vocabulary), config.vector_size)
    saved = checkpoints.load(shape) if checkpoints else None
    return saved or (init_state(config.seed, *shape), Progress())


def _describe(progress: Progress, blocks: Blocks, dispatches_a_round: int) -> Report:
    epochs, words = blocks.config.epochs, len(blocks.store.tokens)
    done = (progress.epoch + blocks.share(progress.round * dispatches_a_round)) * words
    if progress.round == 0:  # an epoch has just ended
        return Report(progress.epoch, epochs, done, epochs * words, progress.history[-1], True)
    return Report(progress.epoch + 1, epochs, done, epochs * words, progress.mean_loss, False)


def _check_finite(value: float, blocks: Blocks) -> None:
    """Stop if a sum over what was trained is not finite."""
    rate, tokens = blocks.config.learning_rate, blocks.step_tokens
    if not np.isfinite(value):
        raise DivergenceError(
            f"training diverged (the loss is not finite) with learning_rate={rate:g} and "
            f"step_tokens={tokens}; try learning_rate={rate / 4:g} or "
            f"step_tokens={max(1, tokens // 4)}"
        )
