"""Checkpoints of a run: when they are written, and what is in them."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from textdl.embed.config import Config
from textdl.embed.step import State
from textdl.errors import ParameterError
from textdl.io.checkpoints import CheckpointFolder, CheckpointState


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
        self.folder = CheckpointFolder(folder, asdict(config) | {"corpus": fingerprint})
        self.every = every or Every()

    def due(self, progress: Progress) -> bool:
        """Say whether it is time for the next checkpoint."""
        return self.every.due(progress.steps)

    def save(self, state: State, progress: Progress) -> None:
        """Write the next checkpoint."""
        arrays = {name: np.asarray(array) for name, array in state._asdict().items()}
        self.folder.save(arrays, asdict(progress))

    def load(self, shape: tuple[int, int]) -> tuple[State, Progress] | None:
        """Read the last checkpoint, or None where there is none.

        Args:
            shape: `(V, D)` of the parameters.

        Raises:
            CheckpointError: all are damaged, or one is of a run with other parameters or another
                corpus.
        """
        return self.folder.load(lambda saved: _decode(saved, shape))


def _decode(saved: CheckpointState, shape: tuple[int, int]) -> tuple[State, Progress]:
    arrays = [saved.arrays[name] for name in State._fields]
    if any(array.shape != shape or array.dtype != np.float32 for array in arrays):
        raise ValueError(f"its parameters are not of shape {shape}")
    progress = Progress(**saved.progress)
    counts = (progress.epoch, progress.round, progress.steps)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("it does not say where the run stood")
    if not all(type(it) is float for it in (progress.loss, progress.pairs, *progress.history)):
        raise ValueError("its losses are not numbers")
    return State(*map(jnp.array, arrays)), progress
