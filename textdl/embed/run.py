"""Where a run stands: what is done after its rounds and epochs, and when it is over.

It reports, measures after every epoch what is to be measured, writes checkpoints, and stops what
diverges.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import EmbeddingCheckpoints
from textdl.embed.local_sgd import Round, Workers
from textdl.embed.model import row_labels
from textdl.embed.progress import RoundReport, RunCallbacks, RunPosition
from textdl.embed.tables import Tables
from textdl.embed.validation import (
    HeldOut,
    ValidationConfig,
    best_epoch,
    score_benchmarks,
)
from textdl.embed.warm_start import MAX_ROW_LENGTH, StartingPoint
from textdl.errors import DivergenceError
from textdl.vectors.subwords import SubwordVectors
from textdl.vectors.vectors import Vectors

# A round may be a single step, whose loss is that of the start but for rounding.
LOSS_TOLERANCE = 1.01
# Vectors that were not drawn are long, and output vectors that begin at 0 have to find them first.
WARM_LOSS_TOLERANCE = 1.5


class TrainedTables(NamedTuple):
    """What the training loop returns."""

    matrix: NDArray[np.float32]  # (V, D), of the vectors
    tables: Tables
    loss_curve: tuple[float, ...]  # mean loss of every epoch, per prediction
    position: RunPosition  # at the end
    subwords: SubwordVectors | None = None  # for words that have no row


class Run:
    """Where a run stands, and what is done after its rounds and epochs.

    Args:
        sampler: of the batches.
        checkpoints: of this run.
        callbacks: that are told of rounds and epochs.
        validation: what is measured after every epoch.
        start: where training starts, unless there is a checkpoint.
    """

    def __init__(
        self,
        sampler: BatchSampler,
        checkpoints: EmbeddingCheckpoints | None,
        callbacks: RunCallbacks,
        validation: ValidationConfig,
        start: StartingPoint,
    ) -> None:
        self.sampler = sampler
        self.position = RunPosition()
        self._checkpoints = checkpoints
        self._callbacks = callbacks
        self._validation = validation
        self._held_out = HeldOut(sampler.held_out()) if validation.fraction else None
        self._best: Tables | None = None  # of the best epoch, on the host
        self._tables: Tables | None = start.tables
        saved = checkpoints.load(start.tables) if checkpoints else None
        if saved and checkpoints:
            self._tables, self.position = saved
            self._best = checkpoints.best
        self._tolerance = WARM_LOSS_TOLERANCE if start.is_warm else LOSS_TOLERANCE
        self._clock = time.perf_counter() - self.position.seconds

    def take_tables(self) -> Tables:
        """The tables at the start, of which nothing is kept here."""
        tables = self._tables
        assert tables is not None
        self._tables = None
        return tables

    def begin(self, workers: Workers) -> None:
        """Tell the callbacks, before the first round; there is none if all epochs are done."""
        self.workers = workers
        self._is_trained = self._is_left()
        if self._is_trained:
            self._callbacks.begin(self._report())

    def epochs(self) -> Iterable[Any]:
        """The batches of every epoch that is left."""
        if not self._is_left():
            return ()
        return self.sampler.epochs(self.position.epoch, self.position.chunk)

    def after_round(self, round: Round) -> bool:
        """Train on a round; return whether the run is over."""
        steps = self.sampler.steps * round.chunks
        loss, predictions, _ = self.workers.round(round)
        position = self.position.after_round(loss, predictions, chunks=round.chunks, steps=steps)
        self.position = replace(position, seconds=time.perf_counter() - self._clock)
        _check_loss(self.position.mean_loss, self.sampler, self._tolerance)
        return self._tell()

    def after_epoch(self) -> bool:
        """Measure what is measured after an epoch; return whether the run is over."""
        tables = self.workers.tables
        _check_rows(tables, self.sampler)
        val_loss = None if self._held_out is None else self._held_out.loss(tables)
        benchmarks = self._validation.benchmarks
        scores = score_benchmarks(self._vectors(), benchmarks) if benchmarks else None
        seconds = time.perf_counter() - self._clock
        self.position = replace(self.position, seconds=seconds).after_epoch(val_loss, scores)
        losses = self.position.val_losses
        if self._validation.patience is not None and best_epoch(losses) == len(losses):
            self._best = {name: np.array(table) for name, table in tables.items()}
        is_over = self._validation.is_over(losses)
        self.position = replace(self.position, is_stopped=is_over)
        return self._tell() or is_over

    def save(self) -> None:
        """Write a checkpoint."""
        assert self._checkpoints is not None
        _check_rows(self.workers.tables, self.sampler)
        self._checkpoints.save(self.workers.tables, self.position, self._best)

    def finish(self) -> TrainedTables:
        """Write the last checkpoint, tell the callbacks, and return what was trained."""
        tables = self.workers.tables
        if self._checkpoints:
            self._checkpoints.save(tables, self.position, self._best)
        if self._best is not None:
            tables = self._best
        if self._is_trained:
            self._callbacks.end(self._report())
        matrix = np.asarray(self.sampler.objective.export(tables))
        subwords = self.sampler.objective.export_subwords(tables)
        return TrainedTables(matrix, tables, self.position.history, self.position, subwords)

    def _tell(self) -> bool:
        """Report; return whether a callback wants the run to stop.

        Where a callback fails, nothing that was trained is lost.
        """
        try:
            is_over = self._callbacks.report(self._report())
        except Exception:
            if self._checkpoints:
                self.save()
            raise
        if isinstance(is_over, bool | np.bool_) and is_over:
            self.position = replace(self.position, is_stopped=True)
            return True
        return False

    def _is_left(self) -> bool:
        """Whether any epoch is."""
        return not self.position.is_stopped and self.position.epoch < self.sampler.config.epochs

    def _vectors(self) -> Vectors:
        """The vectors as they are."""
        labels, counts = row_labels(self.sampler.vocabulary, self.sampler.tags)
        matrix = np.array(self.sampler.objective.export(self.workers.tables))
        return Vectors(labels, matrix, counts)

    def _report(self) -> RoundReport:
        position = self.position
        sampler = self.sampler
        epochs = sampler.config.epochs
        words = len(sampler.store.tokens)
        fraction = sampler.epoch_fraction(position.chunk)
        is_done = position.chunk == 0  # an epoch has just ended, or none has begun
        return RoundReport(
            epoch=sampler.first_epoch + position.epoch + (position.chunk > 0),
            epochs=sampler.first_epoch + epochs,
            words=(position.epoch + fraction) * words,
            total_words=epochs * words,
            loss=position.history[-1] if is_done and position.history else position.mean_loss,
            epoch_done=is_done,
            learning_rate=sampler.rate(position.epoch, position.chunk),
            seconds=position.seconds,
            val_loss=position.val_losses[-1] if is_done and position.val_losses else None,
            scores=position.scores[-1] if is_done and position.scores else {},
            vectors=self._vectors,
        )


# Guards against divergence


def _check_loss(loss: float, sampler: BatchSampler, tolerance: float) -> None:
    """Stop where the mean loss of an epoch so far is above that of tables which know nothing."""
    start = sampler.objective.initial_loss
    if not loss <= tolerance * start:  # NaN is not below anything
        raise _divergence(f"the loss is {loss:,.4g}, at the start it was {start:.4g}", sampler)


def _check_rows(tables: Tables, sampler: BatchSampler) -> None:
    """Stop where a row has become longer than any that training on text leads to."""
    for table in tables.values():
        rows = np.asarray(table)  # (rows, D)
        longest = math.sqrt(np.einsum("vd,vd->v", rows, rows).max())
        if not longest <= MAX_ROW_LENGTH:
            raise _divergence(
                f"a vector has length {longest:,.4g}, expected at most {MAX_ROW_LENGTH:,}", sampler
            )


def _divergence(what: str, sampler: BatchSampler) -> DivergenceError:
    rate = sampler.config.start_rate
    tokens = sampler.step_tokens
    return DivergenceError(
        f"training diverged ({what}) with learning_rate={rate:g} and step_tokens={tokens}; try "
        f"learning_rate={rate / 4:g} or step_tokens={max(1, tokens // 4)}"
    )
