"""One training run, from a corpus to vectors: read, train round after round, describe.

The trainer knows what the tables of an objective are called and nothing of what is in them. It
writes checkpoints, reports progress, and stops a run that diverges.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

import textdl
from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import (
    CheckpointConfig,
    EmbeddingCheckpoints,
    RunPosition,
    open_token_store,
)
from textdl.embed.config import EmbeddingConfig
from textdl.embed.local_sgd import TrainingProblem, Workers
from textdl.embed.progress import RoundReport, RunCallbacks
from textdl.embed.tables import Tables
from textdl.errors import DivergenceError
from textdl.interruption import deferred_interrupts, interruptible
from textdl.jax_settings import fixed_settings
from textdl.text.source import CorpusConfig
from textdl.text.store import TokenStore
from textdl.vectors.vectors import Vectors

# A round may be a single step, whose loss is that of the start but for rounding.
LOSS_TOLERANCE = 1.01
MAX_ROW_LENGTH = 1_000  # on text, and on all that was tried as such, no row was longer than 40


@dataclass(frozen=True)
class TrainingResult:
    """Vectors, and what training them was like."""

    vectors: Vectors
    tables: Tables  # of the whole model, such as those of its output side
    loss_curve: tuple[float, ...]  # mean loss of every epoch
    words: int  # raw words of the corpus


class TrainedTables(NamedTuple):
    """What the training loop returns."""

    matrix: NDArray[np.float32]  # (V, D), of the vectors
    tables: Tables
    loss_curve: tuple[float, ...]  # mean loss of every epoch, per prediction


@fixed_settings()
def train_corpus(
    corpus: CorpusConfig | TokenStore,
    config: EmbeddingConfig,
    *,
    checkpoints: CheckpointConfig | None = None,
    callbacks: RunCallbacks = RunCallbacks(),  # noqa: B008  # immutable
) -> TrainingResult:
    """Train word vectors on a corpus, or on a token store that was built before.

    Args:
        corpus: what to train on.
        config: the parameters of the run.
        checkpoints: write them, and perhaps go on from the last.
        callbacks: called while the corpus is read, and after every round.

    Returns:
        The vectors, the tables, the mean loss of every epoch, and the words of the corpus.

    Raises:
        TextdlError: what `open_token_store`, `BatchSampler` and `train` raise.
    """
    with interruptible(), open_token_store(corpus, checkpoints, callbacks.reading) as store:
        sampler = BatchSampler(store, config)
        trained = train(
            sampler,
            checkpoints=_run_checkpoints(checkpoints, config, store),
            report=callbacks.report,
        )
        vocabulary = sampler.vocabulary
        subwords = sampler.objective.export_subwords(trained.tables)
        about = _describe(config, store)
    vectors = Vectors(
        vocabulary.words, trained.matrix, vocabulary.counts, config=about, subwords=subwords
    )
    return TrainingResult(vectors, trained.tables, trained.loss_curve, about["words"])


def train(
    sampler: BatchSampler,
    *,
    checkpoints: EmbeddingCheckpoints | None = None,
    report: Callable[[RoundReport], None] = lambda _: None,
) -> TrainedTables:
    """Train on the batches of a sampler.

    Where `checkpoints` hold a state, the run goes on from there, and ends in the same bits as one
    that never stopped.

    Args:
        sampler: of the batches; it has the config and the objective.
        checkpoints: of this run.
        report: called after every round.

    Returns:
        The matrix of the vectors, the tables, and the mean loss of every epoch.

    Raises:
        DivergenceError: the loss is above that of the start, or a row is too long or not finite.
        CheckpointError: the checkpoint is of another run.
        KeyboardInterrupt: after the round, and after a checkpoint where there are `checkpoints`.
    """
    tables, position = _begin(sampler, checkpoints)
    with (
        Workers(training_problem(sampler), tables, sampler.config.workers) as workers,
        deferred_interrupts() as interrupted,
    ):
        del tables  # the workers own them
        for round in workers.rounds(sampler.epochs(position.epoch, position.chunk)):
            if round is None:
                position = position.after_epoch()
                _check_rows(workers.tables, sampler)
                report(_round_report(position, sampler))
                continue
            loss, predictions, _ = workers.round(round)
            position = position.after_round(
                loss, predictions, chunks=round.chunks, steps=sampler.steps * round.chunks
            )
            _check_loss(position.mean_loss, sampler)
            report(_round_report(position, sampler))
            if checkpoints and (checkpoints.pop_due(position) or interrupted.is_set()):
                _check_rows(workers.tables, sampler)
                checkpoints.save(workers.tables, position)
            interrupted.raise_if_set()
        matrix = np.asarray(sampler.objective.export(workers.tables))
        if checkpoints:
            checkpoints.save(workers.tables, position)
    return TrainedTables(matrix, workers.tables, position.history)


def training_problem(sampler: BatchSampler) -> TrainingProblem:
    """What local SGD needs to know of a run."""
    objective = sampler.objective
    return TrainingProblem(
        objective.loss_and_gradients, sampler.updates_per_step, sampler.steps, objective.ties
    )


def _run_checkpoints(
    checkpoints: CheckpointConfig | None, config: EmbeddingConfig, store: TokenStore
) -> EmbeddingCheckpoints | None:
    if checkpoints is None:
        return None
    return EmbeddingCheckpoints(checkpoints.folder, config, store.fingerprint, checkpoints.interval)


def _describe(config: EmbeddingConfig, store: TokenStore) -> dict[str, Any]:
    """What the vectors are a function of."""
    return asdict(config) | {
        "corpus": store.fingerprint,
        "words": len(store.tokens),
        "versions": {module.__name__: module.__version__ for module in (textdl, jax, np)},
    }


def _begin(
    sampler: BatchSampler, checkpoints: EmbeddingCheckpoints | None
) -> tuple[Tables, RunPosition]:
    start = sampler.objective.init()
    saved = checkpoints.load(start) if checkpoints else None
    return saved or (start, RunPosition())


def _round_report(position: RunPosition, sampler: BatchSampler) -> RoundReport:
    epochs = sampler.config.epochs
    words = len(sampler.store.tokens)
    fraction = sampler.epoch_fraction(position.chunk)
    done = (position.epoch + fraction) * words
    if position.chunk == 0:  # an epoch has just ended
        return RoundReport(position.epoch, epochs, done, epochs * words, position.history[-1], True)
    return RoundReport(position.epoch + 1, epochs, done, epochs * words, position.mean_loss, False)


# Guards against divergence


def _check_loss(loss: float, sampler: BatchSampler) -> None:
    """Stop where the mean loss of an epoch so far is above that of tables which know nothing."""
    start = sampler.objective.initial_loss
    if not loss <= LOSS_TOLERANCE * start:  # NaN is not below anything
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
