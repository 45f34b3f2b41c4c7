"""Several models on one text, side by side, which differ in nothing but the seed.

Each is bit for bit the one that a run alone with that seed leads to: a seed decides every draw, and
the models share nothing but the token store, which none of them writes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from textdl.embed.checkpoint import (
    CheckpointConfig,
    inner_checkpoints,
    open_token_store,
    refuse_differing_run,
)
from textdl.embed.config import EmbeddingConfig
from textdl.embed.progress import RoundReport, RunCallbacks
from textdl.embed.trainer import (
    NO_OPTIONS,
    RunOptions,
    TrainingResult,
    train_corpus,
    train_store,
)
from textdl.interruption import Deferred, deferred_interrupts, interruptible
from textdl.io.compression import SUFFIXES
from textdl.jax_settings import fixed_settings, has_accelerator
from textdl.parallel import count_jobs
from textdl.text.source import CorpusConfig
from textdl.text.store import TokenStore


class _SeedStopped(Exception):
    """Ends the training of a seed after a round, and after its checkpoint where it has one."""


@fixed_settings()
def train_seeds(
    corpus: CorpusConfig | TokenStore,
    config: EmbeddingConfig,
    n_seeds: int,
    *,
    checkpoints: CheckpointConfig | None = None,
    callbacks: RunCallbacks = RunCallbacks(),  # noqa: B008  # immutable
    options: RunOptions = NO_OPTIONS,
) -> list[TrainingResult]:
    """Train a model with each of several seeds on a corpus, which is read once.

    As many are trained at once as the cores have workers for; on a GPU or TPU one after the other.

    Args:
        corpus: what to train on.
        config: the parameters of the first, whose seed the others count on from.
        n_seeds: how many.
        checkpoints: write them, and perhaps go on from the last. Each model but the first has a
            folder of its own within, so that a run may be resumed with more seeds.
        callbacks: called while the corpus is read, and with what all models together have done, by
            one thread at a time. What they return is of no use where there are several models.
        options: what the runs begin with, and what is measured on the way.

    Returns:
        What `train_corpus` returns of each. Of several, the tables and the model are left out.

    Raises:
        ParameterError: a seed is out of range.
        TextdlError: what `train_corpus` raises.
        KeyboardInterrupt: after a round of each, and its checkpoint where there are `checkpoints`.
    """
    if n_seeds == 1:
        return [
            train_corpus(
                corpus, config, checkpoints=checkpoints, callbacks=callbacks, options=options
            )
        ]
    configs = config.of_seeds(n_seeds)
    others = options.identity() if checkpoints else {}
    refuse_differing_run(checkpoints, corpus, next(config.of_members()), others)
    with (
        interruptible(),
        open_token_store(corpus, checkpoints, callbacks.reading) as store,
        deferred_interrupts() as interrupted,
    ):
        return _SeedRuns(store, configs, checkpoints, callbacks, options, interrupted).train()


def seed_path(path: Path, first: int, seed: int) -> Path:
    """Where the vectors of a seed are written: those of the first to `path`, the others beside it.

    Args:
        path: of the first.
        first: its seed.
        seed: of the one whose path is wanted.

    Returns:
        Its path.

    Example:
        >>> seed_path(Path("v.txt.gz"), 1, 2).name
        'v.seed2.txt.gz'
    """
    if seed == first:
        return path
    packed = path.suffix if path.suffix.lower() in SUFFIXES else ""
    plain = Path(path.name.removesuffix(packed))
    return path.with_name(f"{plain.stem}.seed{seed}{plain.suffix}{packed}")


class _SeedRuns:
    """Runs in threads, which end after a round where one fails or a signal comes."""

    def __init__(
        self,
        store: TokenStore,
        configs: Sequence[EmbeddingConfig],
        checkpoints: CheckpointConfig | None,
        callbacks: RunCallbacks,
        options: RunOptions,
        interrupted: Deferred,
    ) -> None:
        self._store = store
        self._configs = configs
        self._checkpoints = checkpoints
        self._callbacks = callbacks
        self._options = options
        self._interrupted = interrupted
        self._failed = threading.Event()
        self._telling = threading.Lock()
        self._reports: dict[int, RoundReport] = {}  # the last of each seed

    def train(self) -> list[TrainingResult]:
        """Train with every config, as many at once as there are cores for.

        Raises:
            KeyboardInterrupt: a signal came.
        """
        with ThreadPoolExecutor(_runs_at_once(self._configs[0]), "seed") as pool:
            try:
                futures = [pool.submit(self._train, config) for config in self._configs]
                return _results(futures)
            except BaseException:
                self._failed.set()  # the others end after the round that they are in
                self._interrupted.raise_if_set()
                raise

    def _train(self, config: EmbeddingConfig) -> TrainingResult:
        """Train with a config, in a thread."""
        self._end_if_asked()
        try:
            result = train_store(
                self._store,
                config,
                checkpoints=self._checkpoints_of(config.seed),
                callbacks=self._callbacks_of(config.seed),
                options=self._options,
            )
        except BaseException:
            self._failed.set()
            raise
        return replace(result, tables={}, model=None)

    def _checkpoints_of(self, seed: int) -> CheckpointConfig | None:
        if self._checkpoints is None:
            return None
        is_first = seed == self._configs[0].seed
        return inner_checkpoints(self._checkpoints, "" if is_first else f"seed-{seed}")

    def _callbacks_of(self, seed: int) -> RunCallbacks:
        """Callbacks that tell of all models, and end the run of this one where it is to end."""

        def report(it: RoundReport) -> None:
            with self._telling:
                self._reports.pop(seed, None)
                self._callbacks.report(it.beside(self._reports.values(), len(self._configs)))
                self._reports[seed] = it
            self._end_if_asked()

        return RunCallbacks(report=report)

    def _end_if_asked(self) -> None:
        if self._failed.is_set() or self._interrupted.is_set():
            raise _SeedStopped


def _runs_at_once(config: EmbeddingConfig) -> int:
    """How many models are trained at a time: an accelerator is busy with one."""
    return 1 if has_accelerator() else max(1, count_jobs(None) // config.worker_count)


def _results(futures: Sequence[Future[TrainingResult]]) -> list[TrainingResult]:
    """What the runs return; where some fail, the failure is raised that the others stopped for."""
    errors = [error for it in futures if (error := it.exception()) is not None]
    errors.sort(key=lambda error: isinstance(error, _SeedStopped))
    if errors:
        raise errors[0]
    return [it.result() for it in futures]
