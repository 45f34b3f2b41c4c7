"""Checkpoints: a folder of numbered states, each complete or absent.

A checkpoint is ``00000042.safetensors`` (the state) and ``00000042.json`` (where the run stood, and
with which parameters). The second is written last and makes it count.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from textdl import container
from textdl.embed.config import Config
from textdl.embed.train import State
from textdl.errors import CheckpointError, ParameterError
from textdl.files import replacing

VERSION = 1
KEEP = 2  # older ones are removed


@dataclass(frozen=True)
class Progress:
    """Where a run stands: at the start of a round of an epoch."""

    epoch: int = 0
    round: int = 0  # rounds of this epoch that are done
    steps: int = 0  # steps of all workers since the beginning
    loss: float = 0.0  # summed over the pairs of this epoch
    pairs: float = 0.0
    history: tuple[float, ...] = ()  # mean loss of every finished epoch

    @property
    def mean_loss(self) -> float:
        """Mean loss of a positive pair with its noise words, in this epoch so far."""
        return self.loss / max(self.pairs, 1.0)

    def after_round(self, loss: float, pairs: float, steps: int) -> Progress:
        """One round further."""
        return replace(
            self,
            round=self.round + 1,
            steps=self.steps + steps,
            loss=self.loss + loss,
            pairs=self.pairs + pairs,
        )

    def after_epoch(self) -> Progress:
        """At the start of the next epoch."""
        history = (*self.history, self.mean_loss)
        return Progress(self.epoch + 1, steps=self.steps, history=history)


@dataclass
class Every:
    """When to write: after so many seconds or so many steps; never by itself without either."""

    seconds: float | None = None
    steps: int | None = None
    _time: float = field(default_factory=time.monotonic)
    _steps: int = 0

    @classmethod
    def parse(cls, text: str) -> Every:
        """Read an interval such as ``60s`` or ``5000steps``."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)s|(\d+)steps", text.replace(" ", ""))
        if match is None:
            raise ParameterError(
                f"checkpoint interval {text!r} is unknown; expected seconds such as 60s or steps "
                "such as 5000steps"
            )
        seconds, steps = match.groups()
        return cls(float(seconds)) if seconds else cls(steps=int(steps))

    def due(self, steps: int) -> bool:
        """Say whether it is time, and start counting again if so."""
        late = self.seconds is not None and time.monotonic() - self._time >= self.seconds
        far = self.steps is not None and steps - self._steps >= self.steps
        if late or far:
            self._time, self._steps = time.monotonic(), steps
        return late or far


class Checkpoints:
    """The checkpoints of one run, in `folder`."""

    def __init__(
        self, folder: Path, config: Config, fingerprint: str, every: Every | None = None
    ) -> None:
        self.folder, self.config, self.fingerprint = folder, config, fingerprint
        self.every = every or Every()

    def due(self, progress: Progress) -> bool:
        """Say whether it is time for the next checkpoint."""
        return self.every.due(progress.steps)

    def save(self, state: State, progress: Progress) -> None:
        """Write the next checkpoint; then remove all but the last two."""
        numbers = checkpoint_numbers(self.folder)
        number = numbers[-1] + 1 if numbers else 1
        arrays = {name: np.asarray(array) for name, array in state._asdict().items()}
        with replacing(_tensors(self.folder, number)) as path, path.open("wb") as file:
            container.write(file, arrays, {})
        with replacing(_header(self.folder, number)) as path:
            path.write_text(json.dumps(self._describe() | {"progress": asdict(progress)}), "utf-8")
        for old in [*numbers, number][:-KEEP]:
            _header(self.folder, old).unlink()
            _tensors(self.folder, old).unlink()

    def load(self) -> tuple[State, Progress] | None:
        """Read the last checkpoint, or None where there is none.

        Raises:
            CheckpointError: it is damaged, or of a run with other parameters or another corpus.
        """
        numbers = checkpoint_numbers(self.folder)
        if not numbers:
            return None
        try:
            header = json.loads(_header(self.folder, numbers[-1]).read_text("utf-8"))
            self._check(header)
            tensors = container.open_mapped(_tensors(self.folder, numbers[-1]))
            progress = header["progress"]
            progress["history"] = tuple(progress["history"])
            # Copied: the training donates its state, and the file may be removed under it.
            state = {name: jnp.array(tensors.array(name)) for name in State._fields}
            return State(**state), Progress(**progress)
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(
                f"checkpoint {numbers[-1]} in {str(self.folder)!r} is damaged ({error}); remove "
                "its two files to go on from the one before"
            ) from error

    def _describe(self) -> dict[str, Any]:
        config = asdict(self.config)
        return {"version": VERSION, "config": config, "fingerprint": self.fingerprint}

    def _check(self, header: dict[str, Any]) -> None:
        mine = self._describe()
        for name, value in mine["config"].items():
            if header["config"].get(name) != value:
                raise CheckpointError(
                    f"the checkpoint in {str(self.folder)!r} was written with {name}="
                    f"{header['config'].get(name)!r}, not {value!r}; resume with the same "
                    "parameters or start in another folder"
                )
        if (header["version"], header["fingerprint"]) != (VERSION, self.fingerprint):
            raise CheckpointError(
                f"the checkpoint in {str(self.folder)!r} belongs to another corpus or version; "
                "start in another folder"
            )


def checkpoint_numbers(folder: Path) -> list[int]:
    """The numbers of the complete checkpoints in a folder, oldest first."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.json"))


def _tensors(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.safetensors"


def _header(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.json"
