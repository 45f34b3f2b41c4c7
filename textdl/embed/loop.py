"""The training loop: round after round, epoch after epoch, with checkpoints and reports."""

from __future__ import annotations

import math
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

# A round may be a single step, whose loss is that of the start but for rounding.
LOSS_TOLERANCE = 1.01
LONGEST_ROW = 1_000  # on text, and on all that was tried as such, no row was longer than 40


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
        DivergenceError: the loss is above that of the start, or a vector is too long or not finite.
        CheckpointError: the checkpoint is of another run.
        KeyboardInterrupt: after the round, and after a checkpoint where there are `checkpoints`.
    """
    state, progress = _begin(blocks, checkpoints)
    with Workers(blocks, state) as workers, deferred_interrupts() as interrupted:
        for groups in workers.rounds(progress.epoch, progress.round):
            if not groups:
                progress = progress.after_epoch()
                _check_rows(workers.state, blocks)
                report(_describe(progress, blocks, workers.dispatches_a_round))
                continue
            loss, pairs = workers.round(groups)
            progress = progress.after_round(loss, pairs, blocks.steps * sum(map(len, groups)))
            _check_loss(progress.mean_loss, blocks)
            report(_describe(progress, blocks, workers.dispatches_a_round))
            if checkpoints and (checkpoints.due(progress) or interrupted.is_set()):
                _check_rows(workers.state, blocks)
                checkpoints.save(workers.state, progress)
            interrupted.raise_if_set()
        matrix = np.asarray(workers.state.centre)
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


def _check_loss(loss: float, blocks: Blocks) -> None:
    """Stop where the mean loss of an epoch so far is above that of vectors which know nothing.

    With context vectors at zero a pair and each of its noise words cost log 2.
    """
    start = (1 + blocks.config.negative) * math.log(2)
    if not loss <= LOSS_TOLERANCE * start:  # NaN is not below anything
        raise _divergence(f"the loss is {loss:,.4g}, at the start it was {start:.4g}", blocks)


def _check_rows(state: State, blocks: Blocks) -> None:
    """Stop where a row has become longer than any that training on text leads to."""
    for table in state:
        rows = np.asarray(table)  # (V, D)
        longest = math.sqrt(np.einsum("vd,vd->v", rows, rows).max())
        if not longest <= LONGEST_ROW:
            raise _divergence(
                f"a vector has length {longest:,.4g}, expected at most {LONGEST_ROW:,}", blocks
            )


def _divergence(what: str, blocks: Blocks) -> DivergenceError:
    rate = blocks.config.learning_rate
    tokens = blocks.step_tokens
    return DivergenceError(
        f"training diverged ({what}) with learning_rate={rate:g} and step_tokens={tokens}; try "
        f"learning_rate={rate / 4:g} or step_tokens={max(1, tokens // 4)}"
    )
