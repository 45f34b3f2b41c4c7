"""Checkpoints: a folder of numbered states, each complete or absent.

A checkpoint is ``00000042.safetensors`` (arrays) and ``00000042.json`` (where the run stood, and
which run it was). The second is written last and makes it count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl import container
from textdl.errors import CheckpointError
from textdl.files import replacing

VERSION = 2
KEEP = 2  # older ones are removed


class Saved(NamedTuple):
    """What a checkpoint holds."""

    arrays: Mapping[str, NDArray[Any]]
    progress: dict[str, Any]  # as JSON keeps it


class CheckpointFolder:
    """The checkpoints of one run.

    Args:
        folder: where they are.
        run: what the run is a function of, as JSON can say it; another run is refused.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder, self.run = folder, dict(run)

    def prepare(self, *, resume: bool) -> None:
        """Make the folder, which must hold no checkpoint if it is not to be resumed from.

        Raises:
            CheckpointError: it holds one, or cannot be made.
        """
        if not resume and checkpoint_numbers(self.folder):
            raise CheckpointError(
                f"{str(self.folder)!r} holds a checkpoint; pass resume=True (--resume) to go on "
                "from it, or choose another folder"
            )
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise CheckpointError(
                f"cannot make the checkpoint folder {str(self.folder)!r} ({error.strerror}); "
                "create its parent first"
            ) from error

    def save(self, arrays: Mapping[str, NDArray[Any]], progress: Mapping[str, Any]) -> None:
        """Write the next checkpoint; then remove all but the last two."""
        numbers = checkpoint_numbers(self.folder)
        number = numbers[-1] + 1 if numbers else 1
        header = {"version": VERSION, "run": self.run, "progress": dict(progress)}
        with replacing(_tensors(self.folder, number)) as path, path.open("wb") as file:
            container.write(file, arrays, {})
        with replacing(_header(self.folder, number)) as path:
            path.write_text(json.dumps(header), "utf-8")
        for old in [*numbers, number][:-KEEP]:
            _header(self.folder, old).unlink()
            _tensors(self.folder, old).unlink()

    def load(self) -> Saved | None:
        """Read the last checkpoint, or None where there is none.

        Raises:
            CheckpointError: it is damaged or of another run.
        """
        numbers = checkpoint_numbers(self.folder)
        if not numbers:
            return None
        number = numbers[-1]
        try:
            header = json.loads(_header(self.folder, number).read_text("utf-8"))
            self._check(header["version"], header["run"])
            tensors = container.open_mapped(_tensors(self.folder, number))
            # Copied: the file may be removed under a mapping.
            arrays = {name: np.array(tensors.array(name)) for name in tensors.entries}
            return Saved(arrays, header["progress"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise self.damaged(error) from error

    def damaged(self, why: object) -> CheckpointError:
        """The error for a last checkpoint that contradicts itself."""
        number = checkpoint_numbers(self.folder)[-1]
        return CheckpointError(
            f"checkpoint {number} in {str(self.folder)!r} is damaged ({why}); remove its two "
            "files to go on from the one before"
        )

    def _check(self, version: int, run: dict[str, Any]) -> None:
        mine = json.loads(json.dumps(self.run))  # tuples become lists, as in the file
        if version != VERSION:
            raise CheckpointError(
                f"the checkpoint in {str(self.folder)!r} has format {version}, not {VERSION}; "
                "start in another folder"
            )
        for name in [*mine, *run]:
            if run.get(name) != mine.get(name):
                raise CheckpointError(
                    f"the checkpoint in {str(self.folder)!r} was written with {name}="
                    f"{run.get(name)!r}, not {mine.get(name)!r}; resume with the same or start in "
                    "another folder"
                )


def checkpoint_numbers(folder: Path) -> list[int]:
    """The numbers of the complete checkpoints in a folder, oldest first."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.json"))


def _tensors(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.safetensors"


def _header(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.json"
