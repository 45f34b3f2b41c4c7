"""Checkpoints of a training: its state, its best weights and its history, every few epochs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl.errors import CheckpointError
from textdl.identity import UnidentifiableError, identify
from textdl.io.checkpoints import CheckpointFolder, CheckpointState, checkpoint_folder
from textdl.nn.data import Data
from textdl.nn.step import Objective, State
from textdl.nn.training import Best, Progress, Training


@dataclass(frozen=True)
class Checkpoints:
    """Where `fit` writes checkpoints; an interrupted training goes on from the last.

    Args:
        folder: made where it does not exist.
        every: epochs between two checkpoints.
    """

    folder: str | Path
    every: int = 1


class RunCheckpoints:
    """The checkpoints of one training; those of another are refused.

    Args:
        checkpoints: where and how often; `opened` holds the folder's lock.
        run: what the training is a function of.
    """

    def __init__(self, checkpoints: Checkpoints, run: dict[str, Any]) -> None:
        self.folder = CheckpointFolder(Path(checkpoints.folder), run)
        self.every = checkpoints.every

    def due(self, progress: Progress, training: Training) -> bool:
        """Whether to write now: every few epochs, and at the end."""
        return progress.epoch % self.every == 0 or progress.is_over(training)

    def save(self, state: State, progress: Progress) -> None:
        """Write the next checkpoint."""
        arrays = _named("state", state) | _named("best", progress.best.params)
        value, since, _ = progress.best
        self.folder.save(
            arrays,
            {
                "epoch": progress.epoch,
                "history": progress.history,
                "best": {"value": value if np.isfinite(value) else None, "since": since},
            },
        )

    def load(self, template: State) -> tuple[State, Progress] | None:
        """Read the last checkpoint into the structure of `template`; None where there is none.

        Raises:
            CheckpointError: all are damaged, or one is of another training or network.
        """
        return self.folder.load(lambda saved: _decode(saved, template))


@contextmanager
def opened(
    checkpoints: Checkpoints | None,
    objective: Objective,
    training: Training,
    data: Data,
    validation: Data | None,
    key: Array,
) -> Iterator[RunCheckpoints | None]:
    """Yield the checkpoints of a training, if it has any; no other process may use them meanwhile.

    Raises:
        CheckpointError: another one does, the folder cannot be written, or the training has a
            function that cannot be told from others.
    """
    if checkpoints is None:
        yield None
        return
    run = _describe(objective, training, data, validation, key)
    with checkpoint_folder(Path(checkpoints.folder), resume=True):
        yield RunCheckpoints(checkpoints, run)


def _decode(saved: CheckpointState, template: State) -> tuple[State, Progress]:
    _check_leaves(template, saved.arrays)
    state = _restored("state", template, saved.arrays)
    has_best = any(name.startswith("best") for name in saved.arrays)
    params = _restored("best", template.params, saved.arrays) if has_best else None
    value, since = (saved.progress["best"][name] for name in ("value", "since"))
    best = Best(np.inf if value is None else value, since, params)
    return state, Progress(saved.progress["epoch"], saved.progress["history"], best)


def _describe(
    objective: Objective, training: Training, data: Data, validation: Data | None, key: Array
) -> dict[str, Any]:
    """What the bits are a function of, as far as JSON can say it."""
    settings = {field.name: getattr(training, field.name) for field in fields(training)}
    functions = {field.name: getattr(objective, field.name) for field in fields(objective)}
    return {name: _identity(name, value) for name, value in settings.items()} | {
        "objective": {name: _identity(name, value) for name, value in functions.items()},
        "data": _fingerprint(data),
        "validation": _fingerprint(validation),
        "key": np.asarray(jax.random.key_data(key)).tolist(),
    }


def _fingerprint(data: Data | None) -> str:
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


def _named(prefix: str, tree: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The leaves of a tree by their paths."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {prefix + jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def _check_leaves(template: State, arrays: Any) -> None:
    """As many layers, and the same optimizer."""
    saved = {name for name in arrays if name.startswith("state")}
    odd = sorted(saved ^ set(_named("state", template)))
    if odd:
        raise CheckpointError(
            f"the checkpoint {'has' if odd[0] in saved else 'lacks'} {odd[0]}, which does not fit; "
            "start in another folder, or with the same network and optimizer"
        )


def _restored(prefix: str, template: Any, arrays: Any) -> Any:
    """The tree with the leaves that `_named` named."""

    def read(path: Any, leaf: Array) -> Array:
        array = arrays[prefix + jax.tree_util.keystr(path)]
        if array.shape != jnp.shape(leaf):
            raise CheckpointError(
                f"the checkpoint has {prefix}{jax.tree_util.keystr(path)} of shape {array.shape}, "
                f"not {jnp.shape(leaf)}; start in another folder, or with the same network"
            )
        return jnp.asarray(array)

    return jax.tree_util.tree_map_with_path(read, template)
