"""Checkpoints of a training: its state, its best weights and its history, every few epochs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.errors import CheckpointError
from textdl.identity import UnidentifiableError, identify
from textdl.io.checkpoints import CheckpointFolder, CheckpointState, checkpoint_folder
from textdl.nn.data.dataset import Dataset
from textdl.nn.layers.sequential import difference, fill, named_arrays
from textdl.nn.training.config import BestEpoch, FitProgress, TrainingConfig
from textdl.nn.training.objective import Objective
from textdl.nn.training.step import TrainState

STATE = "state"  # before the names of arrays
BEST = "best"


@dataclass(frozen=True)
class FitCheckpoints:
    """Where `fit` writes checkpoints; an interrupted training resumes from the last.

    Args:
        folder: made where it does not exist.
        every: epochs between two checkpoints.

    Example:
        >>> FitCheckpoints("run", every=10).every
        10
    """

    folder: str | Path
    every: int = 1


class FitCheckpointFolder:
    """The checkpoints of one training; those of another are refused.

    Args:
        checkpoints: where and how often; `open_fit_checkpoints` holds the folder's lock.
        run: what the training is a function of.
    """

    def __init__(self, checkpoints: FitCheckpoints, run: dict[str, Any]) -> None:
        self.folder = CheckpointFolder(Path(checkpoints.folder), run)
        self.every = checkpoints.every

    def due(self, progress: FitProgress, config: TrainingConfig) -> bool:
        """Whether to write now: every few epochs, and at the end."""
        return progress.epoch % self.every == 0 or progress.is_over(config)

    def save(self, state: TrainState, progress: FitProgress) -> None:
        """Write the next checkpoint.

        Raises:
            OutputError: the folder cannot be written.
        """
        best = progress.best
        arrays = named_arrays(state, STATE)
        if best.params is not None:
            arrays |= named_arrays(best.params, BEST)
        self.folder.save(
            arrays,
            {
                "epoch": progress.epoch,
                "history": progress.history,
                "best_value": best.value,
                "epochs_without_improvement": best.epochs_without_improvement,
                "rate_factor": progress.rate_factor,
                "last_rate": progress.last_rate,
            },
        )

    def load(self, template: TrainState) -> tuple[TrainState, FitProgress] | None:
        """Read the last checkpoint into the structure of `template`; None where there is none.

        Raises:
            CheckpointError: all are damaged, or one is of another training or network.
        """
        return self.folder.load(lambda saved: _decode(saved, template))


@contextmanager
def open_fit_checkpoints(
    checkpoints: FitCheckpoints,
    objective: Objective,
    config: TrainingConfig,
    data: Dataset,
    validation: Dataset | None,
    key: Array,
) -> Iterator[FitCheckpointFolder]:
    """Yield the checkpoints of a training; no other process may use them at that time.

    Args:
        checkpoints: where they are.
        objective: of the training, as all below.
        config: how to train.
        data: to train on.
        validation: to measure on.
        key: of all draws.

    Yields:
        The folder, which stays locked until the end.

    Raises:
        CheckpointError: another process uses them, the folder cannot be written, or the training
            has a function that cannot be identified in another process.
    """
    run = _describe(objective, config, data, validation, key)
    with checkpoint_folder(Path(checkpoints.folder), resume=True):
        yield FitCheckpointFolder(checkpoints, run)


def _decode(saved: CheckpointState, template: TrainState) -> tuple[TrainState, FitProgress]:
    state = _restored(STATE, template, saved.arrays)
    has_best = any(name.startswith(f"{BEST}.") or name == BEST for name in saved.arrays)
    params = _restored(BEST, template.params, saved.arrays) if has_best else None
    progress = saved.progress
    best = BestEpoch(
        float(progress["best_value"]), int(progress["epochs_without_improvement"]), params
    )
    return state, FitProgress(
        int(progress["epoch"]),
        tuple(progress["history"]),
        best,
        float(progress.get("rate_factor", 1.0)),  # checkpoints of before have none
        float(progress.get("last_rate", 0.0)),
    )


def _restored(prefix: str, template: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The tree of a prefix, whose arrays must be those of the template."""
    own = {name: array for name, array in arrays.items() if name.split(".")[0] == prefix}
    fault = difference(template, own, prefix)
    if fault is not None:
        raise CheckpointError(
            f"the checkpoint {fault}, which does not fit; start in another folder, or use the same "
            "network and optimizer"
        )
    return jax.tree.map(jnp.asarray, fill(template, own, prefix))


def _describe(
    objective: Objective,
    config: TrainingConfig,
    data: Dataset,
    validation: Dataset | None,
    key: Array,
) -> dict[str, Any]:
    """Everything that the bits are a function of, as JSON values."""
    settings = {field.name: getattr(config, field.name) for field in fields(config)}
    if config.epoch_schedule is None:  # as in checkpoints of before
        del settings["epoch_schedule"]
    functions = {field.name: getattr(objective, field.name) for field in fields(objective)}
    return {name: _identity(name, value) for name, value in settings.items()} | {
        "objective": {name: _identity(name, value) for name, value in functions.items()},
        "data": _fingerprint(data),
        "validation": _fingerprint(validation),
        "key": np.asarray(jax.random.key_data(key)).tolist(),
    }


def _fingerprint(data: Dataset | None) -> str:
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(data):
        digest.update(np.asarray(leaf).data)
    return digest.hexdigest()[:32]


def _identity(name: str, value: Any) -> Any:
    """A setting as JSON: functions by name, code and what they hold."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return [_identity(name, item) for item in value]
    try:
        return identify(value)
    except UnidentifiableError as error:
        raise CheckpointError(
            f"checkpoints need {name} to be known again in another process, but {error}; give a "
            "function of a module, or a frozen dataclass that can be called"
        ) from error
