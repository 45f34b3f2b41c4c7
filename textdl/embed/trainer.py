"""One training run, from a corpus to vectors: read, train round after round, describe.

The trainer knows what the tables of an objective are called and nothing of what is in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

import jax
import numpy as np

import textdl
from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import (
    CheckpointConfig,
    EmbeddingCheckpoints,
    inner_checkpoints,
    open_token_store,
    refuse_differing_run,
)
from textdl.embed.config import EmbeddingConfig
from textdl.embed.document_tags import DocumentOptions
from textdl.embed.growth import TrainedWords, grow_vocabulary
from textdl.embed.local_sgd import TrainingProblem, Workers
from textdl.embed.model import ModelState, row_labels
from textdl.embed.progress import RoundReport, RunCallbacks, RunPosition
from textdl.embed.run import Run, TrainedTables
from textdl.embed.tables import Tables
from textdl.embed.validation import ValidationConfig
from textdl.embed.warm_start import WarmStart, starting_point
from textdl.errors import ParameterError
from textdl.interruption import deferred_interrupts, interruptible
from textdl.jax_settings import fixed_settings
from textdl.text.source import CorpusConfig
from textdl.text.store import TokenStore
from textdl.text.vocabulary import Vocabulary
from textdl.vectors.alignment import centered, mean_of_aligned
from textdl.vectors.vectors import Vectors


@dataclass(frozen=True)
class TrainingResult:
    """Vectors, and what training them was like."""

    vectors: Vectors
    tables: Tables  # of the whole model, such as those of its output side
    loss_curve: tuple[float, ...]  # mean loss of every epoch
    words: int  # raw words of the corpus
    #: The loss and all else that was measured, epoch by epoch.
    history: Mapping[str, list[float]] = field(default_factory=dict)
    model: ModelState | None = None  # what it takes to train on


class RunOptions(NamedTuple):
    """What a run begins with, and what is measured on the way; by default nothing."""

    warm: WarmStart = WarmStart()
    validation: ValidationConfig = ValidationConfig()
    documents: DocumentOptions | None = None  # of a model that has vectors of them

    def identity(self) -> dict[str, Any]:
        """What the bits of a run depend on beside its corpus and config."""
        of_documents = self.documents.identity() if self.documents else {}
        return self.warm.identity() | self.validation.identity() | of_documents


NO_OPTIONS = RunOptions()


@fixed_settings()
def train_corpus(
    corpus: CorpusConfig | TokenStore,
    config: EmbeddingConfig,
    *,
    checkpoints: CheckpointConfig | None = None,
    callbacks: RunCallbacks = RunCallbacks(),  # noqa: B008  # immutable
    options: RunOptions = NO_OPTIONS,
) -> TrainingResult:
    """Train word vectors on a corpus, or on a token store that was built before.

    Args:
        corpus: what to train on.
        config: the parameters of the run.
        checkpoints: write them, and perhaps go on from the last.
        callbacks: called while the corpus is read, and after every round.
        options: what the run begins with, and what is measured on the way.

    Returns:
        The vectors, the tables, the mean loss of every epoch, the words of the corpus, all that was
        measured, and what it takes to train on.

    Raises:
        ParameterError: a model is to be trained on as several.
        TextdlError: what `open_token_store`, `BatchSampler` and `train` raise.
    """
    if config.members and options.warm.model:
        raise ParameterError(
            "a model cannot be trained on as several that are averaged; leave quality out, or fit "
            "anew"
        )
    others = options.identity() if checkpoints else {}
    refuse_differing_run(checkpoints, corpus, next(config.of_members()), others)
    with interruptible(), open_token_store(corpus, checkpoints, callbacks.reading) as store:
        return train_store(
            store, config, checkpoints=checkpoints, callbacks=callbacks, options=options
        )


@fixed_settings()
def train_store(
    store: TokenStore,
    config: EmbeddingConfig,
    *,
    checkpoints: CheckpointConfig | None,
    callbacks: RunCallbacks,
    options: RunOptions,
) -> TrainingResult:
    """Train on a token store that is open, in a checkpoint folder that is locked.

    Args:
        store: of the text.
        config: the parameters of the run.
        checkpoints: write them, and perhaps go on from the last.
        callbacks: called after every round.
        options: what the run begins with, and what is measured on the way.

    Returns:
        What `train_corpus` does.
    """
    trained, state = _train_members(store, config, checkpoints, callbacks, options)
    about = _describe(config, store, options)
    matrix = centered(trained.matrix) if config.centered else trained.matrix
    labels, counts = row_labels(state.vocabulary, state.tags)
    return TrainingResult(
        Vectors(labels, matrix, counts, config=about, subwords=trained.subwords),
        trained.tables,
        trained.loss_curve,
        about["words"],
        trained.position.measured,
        None if config.members else state,
    )


def _train_members(
    store: TokenStore,
    config: EmbeddingConfig,
    checkpoints: CheckpointConfig | None,
    callbacks: RunCallbacks,
    options: RunOptions,
) -> tuple[TrainedTables, ModelState]:
    """Train one model after the other, and average them; the tables and the state are the first's.

    Each has checkpoints of its own. One that is done is only read when the run is resumed.
    """
    trained: list[TrainedTables] = []
    state: ModelState | None = None
    for number, of_member in enumerate(config.of_members()):
        name = f"member-{number + 1}" if number else ""
        member, its_state = _train_member(
            store,
            of_member,
            checkpoints=inner_checkpoints(checkpoints, name) if checkpoints else None,
            callbacks=callbacks.of_member(number, len(config.members)),
            options=options,
        )
        state = state or its_state
        trained.append(member if number == 0 else member._replace(tables={}))
    assert state is not None  # there is at least one
    return _averaged(trained), state


def _train_member(
    store: TokenStore,
    config: EmbeddingConfig,
    *,
    checkpoints: CheckpointConfig | None,
    callbacks: RunCallbacks,
    options: RunOptions,
) -> tuple[TrainedTables, ModelState]:
    before = options.warm.model
    words = grow_vocabulary(before, store, config) if before else None
    documents = options.documents.of_store(store) if options.documents else None
    sampler = BatchSampler(store, config, words, options.validation.fraction, documents)
    others = options.identity() if checkpoints else {}
    trained = train(
        sampler,
        checkpoints=_run_checkpoints(checkpoints, config, store, others),
        callbacks=callbacks,
        options=options,
    )
    return trained, _model_state(sampler, words, trained)


def _averaged(members: Sequence[TrainedTables]) -> TrainedTables:
    """The mean of the models' vectors, once they are aligned, and of their losses.

    The tables are those of the first. Where one was stopped early, the curve ends with the
    shortest.
    """
    first = members[0]
    if len(members) == 1:
        return first
    curve = tuple(map(fmean, zip(*(member.loss_curve for member in members), strict=False)))
    ends = zip(*(member.position.epoch_seconds for member in members), strict=False)
    position = RunPosition(
        epoch=len(curve), history=curve, epoch_seconds=tuple(map(math.fsum, ends))
    )
    matrix = mean_of_aligned([member.matrix for member in members])
    return first._replace(matrix=matrix, loss_curve=curve, position=position)


def train(
    sampler: BatchSampler,
    *,
    checkpoints: EmbeddingCheckpoints | None = None,
    report: Callable[[RoundReport], object] = lambda _: None,
    callbacks: RunCallbacks | None = None,
    options: RunOptions = NO_OPTIONS,
) -> TrainedTables:
    """Train on the batches of a sampler.

    Where `checkpoints` hold a state, the run goes on from there, and ends in the same bits as one
    that never stopped.

    Args:
        sampler: of the batches; it has the config and the objective.
        checkpoints: of this run.
        report: called after every round, where there are no `callbacks`.
        callbacks: called before, in and after training.
        options: what the run begins with, and what is measured on the way.

    Returns:
        The matrix of the vectors, the tables, and the mean loss of every epoch.

    Raises:
        DivergenceError: the loss is above that of the start, or a row is too long or not finite.
        CheckpointError: the checkpoint is of another run.
        ParameterError: what the run is to begin with does not fit.
        KeyboardInterrupt: after the round, and after a checkpoint where there are `checkpoints`.
    """
    callbacks = callbacks or RunCallbacks(report=report)
    start = starting_point(sampler, options.warm)
    run = Run(sampler, checkpoints, callbacks, options.validation, start)
    problem = training_problem(sampler)._replace(frozen=start.frozen)
    with (
        Workers(problem, run.take_tables(), sampler.config.worker_count) as workers,
        deferred_interrupts() as interrupted,
    ):
        del start  # the workers own its tables
        run.begin(workers)
        for round in workers.rounds(run.epochs()):
            if round is None:
                is_over = run.after_epoch()
            else:
                is_over = run.after_round(round)
                if checkpoints and (checkpoints.pop_due(run.position) or interrupted.is_set()):
                    run.save()
                interrupted.raise_if_set()
            if is_over:
                break
        return run.finish()


def training_problem(sampler: BatchSampler) -> TrainingProblem:
    """What local SGD needs to know of a run."""
    objective = sampler.objective
    return TrainingProblem(
        objective.loss_and_gradients,
        sampler.updates_per_step,
        sampler.steps,
        objective.ties,
        objective.bursts,
    )


def _run_checkpoints(
    checkpoints: CheckpointConfig | None,
    config: EmbeddingConfig,
    store: TokenStore,
    others: Mapping[str, Any],
) -> EmbeddingCheckpoints | None:
    if checkpoints is None:
        return None
    return EmbeddingCheckpoints(
        checkpoints.folder, config, store.fingerprint, checkpoints.interval, others
    )


def _describe(config: EmbeddingConfig, store: TokenStore, options: RunOptions) -> dict[str, Any]:
    """What the vectors are a function of."""
    return asdict(config) | {
        "corpus": store.fingerprint,
        "words": len(store.tokens),
        "versions": {module.__name__: module.__version__ for module in (textdl, jax, np)},
        **options.identity(),
    }


def _model_state(
    sampler: BatchSampler, words: TrainedWords | None, trained: TrainedTables
) -> ModelState:
    """What it takes to train on."""
    store = sampler.store
    vocabulary = sampler.vocabulary
    size = len(vocabulary)
    if words is not None:
        rare = words.rare
    else:
        of_store = store.vocabulary
        rare = Vocabulary(of_store.words[size:], of_store.counts[size:])
    return ModelState(
        vocabulary=vocabulary,
        rare=rare,
        tables={name: np.asarray(table) for name, table in sorted(trained.tables.items())},
        row_ids=sampler.objective.row_ids,
        objective_counts=words.objective_counts if words else vocabulary.counts,
        texts=words.texts if words else (store.fingerprint,),
        words=words.all_words if words else len(store.tokens),
        epochs=sampler.first_epoch + trained.position.epoch + (trained.position.chunk > 0),
        tags=sampler.tags,
    )
