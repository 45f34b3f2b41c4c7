"""What is measured after every epoch: the loss of sentences that were held out, and benchmarks.

The validation loss is that of training, on sentences that training never sees, with the same
windows and noise words every time: two epochs differ by what was learned alone. Benchmarks are
word-similarity sets and analogies (`textdl.vectors.evaluate`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array, lax

from textdl.embed.batches import BatchSampler
from textdl.embed.tables import Batches, LossFunction, Tables
from textdl.embed.tied_rows import Tie, tied_means
from textdl.embed.update import COMPILER_OPTIONS
from textdl.errors import ParameterError
from textdl.vectors.vectors import Vectors

DEFAULT_FRACTION = 0.1  # with early stopping


class ValidationConfig(NamedTuple):
    """What is measured after every epoch, and when that stops the run."""

    fraction: float = 0.0  # of the sentences, which is held out; 0: none
    patience: int | None = None  # epochs without improvement, after which a run stops; None: never
    benchmarks: tuple[Path, ...] = ()

    def identity(self) -> dict[str, Any]:
        """What the bits of a run depend on; nothing by default."""
        found: dict[str, Any] = {}
        if self.fraction:
            found["validation_fraction"] = self.fraction
        if self.patience is not None:
            found |= {"early_stopping": True, "patience": self.patience}
        return found

    def is_over(self, losses: Sequence[float]) -> bool:
        """Whether the validation loss has not fallen for too long.

        Example:
            >>> config = ValidationConfig(0.1, patience=2)
            >>> config.is_over([3.0, 2.0, 2.5]), config.is_over([3.0, 2.0, 2.5, 2.1])
            (False, True)
        """
        return self.patience is not None and len(losses) - best_epoch(losses) >= self.patience


def best_epoch(losses: Sequence[float]) -> int:
    """The epoch of the lowest loss, from 1; of equal ones the first.

    Example:
        >>> best_epoch([3.0, 2.0, 2.5, 2.0])
        2
    """
    return min(range(len(losses)), key=losses.__getitem__) + 1


def read_validation(
    fraction: float | None, early_stopping: bool, patience: int, evaluation: Any
) -> ValidationConfig:
    """Read what parameters say of measuring.

    Args:
        fraction: of the sentences to hold out, or None.
        early_stopping: stop where the loss on them no longer falls.
        patience: epochs that it waits.
        evaluation: a benchmark or a list of them, or None.

    Returns:
        What is measured, after every benchmark was read once.

    Raises:
        ParameterError: benchmarks are of another kind, or share a name.
        CorpusError, CorpusReadError: a benchmark cannot be used.
    """
    if fraction is None:
        fraction = DEFAULT_FRACTION if early_stopping else 0.0
    if evaluation is None:
        evaluation = ()
    elif isinstance(evaluation, str | os.PathLike):
        evaluation = (evaluation,)
    if not isinstance(evaluation, Sequence) or not all(
        isinstance(it, str | os.PathLike) for it in evaluation
    ):
        raise ParameterError(f"evaluation={evaluation!r}; expected the path of a file, or a list")
    benchmarks = tuple(map(Path, evaluation))
    names = ["loss", "val_loss", "seconds", *(path.stem for path in benchmarks)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ParameterError(f"evaluation would have two scores named {twice!r}; rename a file")
    score_benchmarks(Vectors(["a"], [[1.0]]), benchmarks)
    return ValidationConfig(fraction, patience if early_stopping else None, benchmarks)


def score_benchmarks(vectors: Vectors, benchmarks: Sequence[Path]) -> dict[str, float]:
    """The score of vectors on each benchmark, by the name of its file.

    Args:
        vectors: to be scored.
        benchmarks: files of word pairs or analogies.
    """
    if not benchmarks:
        return {}
    # SciPy, which training does without.
    from textdl.vectors.evaluate import evaluate_benchmark

    return {path.stem: evaluate_benchmark(vectors, path) for path in benchmarks}


class HeldOut:
    """Sentences that are not trained on.

    Args:
        sampler: of `BatchSampler.held_out`.
    """

    def __init__(self, sampler: BatchSampler) -> None:
        self._sampler = sampler
        self._losses = _jit_losses(sampler.objective.loss_and_gradients)

    def loss(self, tables: Tables) -> float:
        """The mean loss of a prediction.

        Args:
            tables: of the run.
        """
        on_device = _with_ties(tables, self._sampler.objective.ties)
        loss = 0.0
        predictions = 0.0
        for chunk in self._sampler.epoch(0):
            losses, counts = self._losses(on_device, chunk)
            loss += float(np.sum(np.asarray(losses), dtype=np.float64))
            predictions += float(np.sum(np.asarray(counts), dtype=np.float64))
        return loss / max(predictions, 1.0)


def _with_ties(tables: Tables, ties: Mapping[str, Tie]) -> Mapping[str, Array]:
    """The tables that the objective uses, on the device: tied ones in place of their sources."""
    means = {name: tied_means(np.asarray(tables[tie.source]), tie) for name, tie in ties.items()}
    sources = {tie.source for tie in ties.values()}
    on_device = {name: table for name, table in tables.items() if name not in sources}
    return {**on_device, **jax.device_put(means)}


def _jit_losses(loss_and_gradients: LossFunction) -> Any:
    """The loss and the predictions of every step, `(S,)` each; XLA leaves the gradients out."""

    def losses(tables: Mapping[str, Array], batches: Batches) -> tuple[Array, Array]:
        def body(_: None, batch: Batches) -> tuple[None, tuple[Array, Array]]:
            found = loss_and_gradients(dict(tables), batch)
            return None, (found.loss.sum(), found.predictions.sum())

        return lax.scan(body, None, batches)[1]

    return jax.jit(losses, compiler_options=COMPILER_OPTIONS)
