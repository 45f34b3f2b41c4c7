"""Folders for unfinished work, which the next run removes where their own was killed.

Such a folder is ``NAME.HHHHHHHHXXXXXXXX.partial``: H names the machine, X is drawn at random. Its
process holds a lock in it. A folder of this machine whose lock can be had is one of a process that
died. Folders of other machines, which may use the same network folder, are left to them: not every
network file system knows of locks.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from textdl.io.locks import FileLock

PATTERN = re.compile(r".+\.([0-9a-f]{8})[0-9a-f]{8}\.partial", re.DOTALL)
LOCK = ".lock"
REPLACED = ".replaced"  # what was moved away to make room, and goes back if its successor is lost


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield a new folder in `parent`; it and all in it are removed in the end.

    What killed processes of this machine and user left in `parent` is removed first.

    Raises:
        OSError: it cannot be made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     with scratch_folder(Path(parent), "job") as folder:
        ...         _ = (folder / "draft").write_text("half")
        ...     list(Path(parent).iterdir())
        []
    """
    remove_leftovers(parent)
    folder, lock = _make(parent, name)
    try:
        yield folder
    finally:
        _remove(folder, lock)


def remove_leftovers(parent: Path) -> None:
    """Remove the scratch folders in `parent` of processes of this machine and user that died."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            match = PATTERN.fullmatch(entry.name)
            if match and match.group(1) == _machine() and _is_own_folder(entry):
                _remove_if_dead(Path(entry.path))


def is_scratch(path: Path) -> bool:
    """Whether a path lies in a scratch folder."""
    return any(PATTERN.fullmatch(part) for part in path.parts)


def _make(parent: Path, name: str) -> tuple[Path, FileLock]:
    while True:
        folder = parent / f"{name}.{_machine()}{secrets.token_hex(4)}.partial"
        folder.mkdir(mode=0o700)
        lock = FileLock(folder / LOCK)
        # Before it is locked, another process may take the folder for a leftover.
        with suppress(FileNotFoundError):
            if lock.acquire():
                return folder, lock


def _remove_if_dead(folder: Path) -> None:
    lock = FileLock(folder / LOCK)
    try:
        if lock.acquire(create=False) and lock.is_proven:
            _remove(folder, lock)
    except FileNotFoundError:
        with suppress(OSError):
            folder.rmdir()  # killed between making and locking it, or before this very line
    finally:
        lock.release()


def _remove(folder: Path, lock: FileLock) -> None:
    """Remove a folder whose lock is held; the lock goes last, for it protects the rest.

    What cannot be removed now is left to the next run.
    """
    try:
        with suppress(OSError):
            _put_back(folder)
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name != LOCK:
                    path.unlink()
    finally:
        lock.release()
    with suppress(OSError):
        folder.rmdir()


def _put_back(folder: Path) -> None:
    """Move what made room for something that never came back to where it was."""
    if not (folder / REPLACED).exists():
        return
    for old in (folder / REPLACED).iterdir():
        target = folder.parent / old.name
        try:
            if not target.exists():
                old.rename(target)
        except OSError:
            if not target.exists():  # else another process was faster, and this one is outdated
                raise


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    return not hasattr(os, "geteuid") or entry.stat(follow_symlinks=False).st_uid == os.geteuid()


@cache
def _machine() -> str:
    """Eight hexadecimal digits that name this machine."""
    identity = platform.node()
    with suppress(OSError):
        identity += Path("/etc/machine-id").read_text("utf-8")
    return hashlib.blake2b(identity.encode(), digest_size=4).hexdigest()
