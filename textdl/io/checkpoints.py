"""Checkpoints: a folder of numbered states, each complete or absent.

A checkpoint is one archive, ``00000042.safetensors``: its parameters are what the run is a function
of, its state is where the run stood, and its arrays are what it had computed. One process at a time
works in such a folder: it holds the lock ``.lock`` there.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import Repr
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CheckpointError, ParameterError
from textdl.io.archive import (
    ArchiveContent,
    ArchiveKind,
    open_archive,
    parse_archive,
    write_archive,
)
from textdl.io.atomic import remove_leftovers, sync_folder
from textdl.io.locks import FileLock
from textdl.io.safetensors import open_mapped

_SHORT = Repr()  # cuts long lists; the name of a function stays whole
_SHORT.maxstring = 200
KIND = ArchiveKind("Checkpoint", version=4)
KEPT = 2  # older ones are removed
SUFFIX = ".safetensors"

Decoded = TypeVar("Decoded")


class CheckpointWarning(UserWarning):
    """What was saved is damaged, and a run goes on from something older."""


class CheckpointState(NamedTuple):
    """What a checkpoint holds."""

    arrays: Mapping[str, NDArray[Any]]
    progress: Mapping[str, Any]


@dataclass
class CheckpointInterval:
    """When to write: after so many seconds or so many steps; never by itself without either."""

    seconds: float | None = None
    steps: int | None = None
    _last_time: float = field(default_factory=time.monotonic)
    _last_steps: int = 0

    @classmethod
    def parse(cls, text: str) -> CheckpointInterval:
        """Read an interval such as ``60s`` or ``5000steps``.

        Raises:
            ParameterError: it is neither.

        Example:
            >>> CheckpointInterval.parse("5000steps").steps
            5000
        """
        match = re.fullmatch(r"(\d+(?:\.\d+)?)s|(\d+)steps", text.replace(" ", ""))
        if match is None:
            raise ParameterError(
                f"checkpoint interval {text!r} is unknown; expected seconds such as 60s or steps "
                "such as 5000steps"
            )
        seconds, steps = match.groups()
        return cls(float(seconds)) if seconds else cls(steps=int(steps))

    def pop_due(self, steps: int) -> bool:
        """Whether it is time for the next checkpoint; if so, start counting again.

        Args:
            steps: of all workers since the beginning of the run.
        """
        is_late = self.seconds is not None and time.monotonic() - self._last_time >= self.seconds
        is_far = self.steps is not None and steps - self._last_steps >= self.steps
        if is_late or is_far:
            self._last_time = time.monotonic()
            self._last_steps = steps
        return is_late or is_far


class CheckpointFolder:
    """The checkpoints of one run.

    Args:
        folder: where they are.
        run: what the run is a function of: strings, numbers, and lists, tuples and dictionaries of
            those. Another run is refused.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder = folder
        self.run = run
        self._damaged: set[int] = set()  # numbers of checkpoints that could not be read

    def save(self, arrays: Mapping[str, NDArray[Any]], progress: Mapping[str, Any]) -> None:
        """Write the next checkpoint, to last through a power cut; then remove all but two.

        Args:
            arrays: by name, of any shapes.
            progress: where the run stands, in values as in `run`.

        Raises:
            OutputError: the folder cannot be written, or the disk is full.
        """
        numbers = checkpoint_numbers(self.folder)
        number = numbers[-1] + 1 if numbers else 1
        content = ArchiveContent(KIND, parameters=self.run, state=progress, arrays=arrays)
        write_archive(_path(self.folder, number), content)
        whole = [it for it in [*numbers, number] if it not in self._damaged]
        self._remove_all_but(whole[-KEPT:])

    def load(self, decode: Callable[[CheckpointState], Decoded]) -> Decoded | None:
        """Read the last checkpoint that is not damaged, or None where there is none.

        Args:
            decode: makes of a checkpoint what the run needs; its `KeyError`, `TypeError` and
                `ValueError` say that the checkpoint is damaged.

        Raises:
            CheckpointError: all are damaged, or one is of another run.
        """
        numbers = checkpoint_numbers(self.folder)
        reason: Exception | None = None
        for number in reversed(numbers):
            try:
                decoded = decode(self._read(number))
            except CheckpointError:
                raise
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._damaged.add(number)
                reason = reason or error
                continue
            if reason is not None:
                self._warn(numbers[-1], number, reason)
            return decoded
        if reason is not None:
            raise CheckpointError(
                f"no checkpoint in {str(self.folder)!r} is whole (number {numbers[-1]}: {reason}); "
                "remove its numbered files to begin again from the stored text or data"
            ) from reason
        return None

    def _read(self, number: int) -> CheckpointState:
        archive = open_archive(_path(self.folder, number), expected="a checkpoint")
        archive.require(KIND)
        if archive.file.digest is None:
            raise archive.damaged("it has no checksums")
        require_same_run(self.folder, archive.parameters, self.run)
        # Copied: the file may be removed under a mapping.
        arrays = {name: np.array(array) for name, array in archive.arrays.items()}
        return CheckpointState(arrays, archive.state)

    def _warn(self, damaged: int, used: int, reason: Exception) -> None:
        warnings.warn(
            f"checkpoint {damaged} in {str(self.folder)!r} is damaged ({reason}); going on from "
            f"checkpoint {used}, to the same result",
            CheckpointWarning,
            stacklevel=2,
        )

    def _remove_all_but(self, kept: list[int]) -> None:
        with suppress(OSError):  # what cannot be removed now is removed after the next
            for number in set(checkpoint_numbers(self.folder)).difference(kept):
                _path(self.folder, number).unlink(missing_ok=True)


def require_same_run(
    folder: Path, saved: Mapping[str, Any], run: Mapping[str, Any], *, ignored: Collection[str] = ()
) -> None:
    """Refuse a checkpoint of another run.

    Args:
        folder: for the message.
        saved: what the run that wrote it is a function of.
        run: the same of this run.
        ignored: names that are not compared.

    Raises:
        CheckpointError: they differ; every difference is named.
    """
    names = [name for name in {**run, **saved} if name not in ignored]
    differences = [
        f"{name}={_SHORT.repr(saved.get(name))}, not {_SHORT.repr(run.get(name))}"
        for name in names
        if saved.get(name) != run.get(name)
    ]
    if differences:
        raise CheckpointError(
            f"the checkpoint in {str(folder)!r} was written with {', and '.join(differences)}; "
            "resume with the same or start in another folder"
        )


def refuse_another_run(
    folder: Path, run: Mapping[str, Any], *, ignored: Collection[str] = ()
) -> None:
    """Refuse the checkpoints of another run by the header of the last: at once, and without a lock.

    What is damaged is left to `CheckpointFolder.load`.

    Args:
        folder: of the checkpoints; there may be none.
        run: what this run is a function of.
        ignored: names that are not known yet.

    Raises:
        CheckpointError: the last checkpoint is of another run; every difference is named.
    """
    for number in reversed(checkpoint_numbers(folder)):
        try:
            archive = parse_archive(open_mapped(_path(folder, number)), "a checkpoint")
            archive.require(KIND)
        except (OSError, ValueError):
            continue
        require_same_run(folder, archive.parameters, run, ignored=ignored)
        return


@contextmanager
def checkpoint_folder(folder: Path, *, resume: bool) -> Iterator[None]:
    """Make a folder for checkpoints where there is none, and hold its lock in this block.

    What killed runs left in it is removed.

    Args:
        folder: its parent must exist.
        resume: it may hold checkpoints.

    Raises:
        CheckpointError: it holds one that is not to be resumed from, it cannot be made, or another
            run works in it.
    """
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
        locked = lock.acquire()
    except OSError as error:
        raise CheckpointError(
            f"cannot write to the checkpoint folder {str(folder)!r} ({error.strerror}); create its "
            "parent first, or choose another folder"
        ) from error
    if not locked:
        raise CheckpointError(
            f"the checkpoint folder {str(folder)!r} is in use by {lock.holder()}; wait until it "
            "ends, or choose another folder"
        )
    try:
        if not resume and checkpoint_numbers(folder):
            raise CheckpointError(
                f"{str(folder)!r} holds a checkpoint; pass resume=True (--resume) to go on from "
                "it, or choose another folder"
            )
        lock.sign()
        remove_leftovers(folder)
        yield
    finally:
        lock.release()


def checkpoint_numbers(folder: Path) -> list[int]:
    """The numbers of the checkpoints in a folder, oldest first."""
    stems = (path.stem for path in folder.glob(f"[0-9]*{SUFFIX}"))
    return sorted(int(stem) for stem in stems if re.fullmatch("[0-9]{8}|[1-9][0-9]{8,17}", stem))


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}{SUFFIX}"
