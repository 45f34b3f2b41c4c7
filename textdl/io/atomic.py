"""Output that is complete or absent, also after a power cut: written beside, then renamed.

Unfinished work lies in a scratch folder, ``NAME.HHHHHHHHXXXXXXXX.partial``: H names the machine, X
is drawn at random. Its process holds a lock in it. A folder of this machine whose lock can be had
is one of a process that was killed, and is removed by the next one that writes there. Folders of
other machines, which may use the same network folder, are left to them: not every network file
system knows of locks.
"""

from __future__ import annotations

import errno
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
from typing import Literal, TypeAlias

from textdl.errors import OutputError
from textdl.io.locks import FileLock

Sync: TypeAlias = Literal["all", "content", "nothing"]

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
SCRATCH = re.compile(r".+\.([0-9a-f]{8})[0-9a-f]{8}\.partial", re.DOTALL)
LOCK = ".lock"
REPLACED = ".replaced"  # what was moved away to make room, and goes back if its successor is lost


@contextmanager
def atomic_write(target: str | os.PathLike[str], *, sync: Sync = "all") -> Iterator[Path]:
    """Yield a temporary path on the disk of `target`; rename it to `target` on success.

    The block creates a file (or a folder) at the path it is given. If it fails, for whatever
    reason, what it left is removed and an existing `target` stays as it was. A folder replaces an
    existing folder. Where `target` is a symbolic link, what it points to is replaced. What earlier
    processes left in the folder of `target` because they were killed is removed.

    Args:
        target: the file or folder to write.
        sync: what reaches the disk before this returns. ``all``: the content and the name, so that
            a power cut can no longer undo it. ``content``: after a power cut there is either all
            of it or what was there before. ``nothing``: there may be part of it.

    Raises:
        OutputError: the parent folder does not exist or cannot be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_write(Path(folder, "numbers.txt")) as path:
        ...         _ = path.write_text("1 2 3")
        ...     [path.name for path in Path(folder).iterdir()]
        ['numbers.txt']
    """
    check_writable(target)
    final = _final(target)
    try:
        with scratch_folder(final.parent, f".{final.name[:40]}") as folder:
            temporary = folder / final.name
            yield temporary
            if sync != "nothing":
                _sync_all(temporary)
            _move(temporary, final, folder / REPLACED)
        if sync == "all":
            sync_folder(final.parent)
    except OSError as error:
        if not _concerns(error, final):
            raise
        raise OutputError(
            f"could not write {str(target)!r} ({error.strerror}); free some space or choose "
            "another place"
        ) from error


def check_writable(target: str | os.PathLike[str]) -> None:
    """Find out now whether `target` could not be written later, after hours of work.

    Raises:
        OutputError: its folder does not exist or is not writable, or it has no name.
    """
    target = Path(target)
    folder = _final(target).parent
    if target.name in ("", ".."):
        raise OutputError(f"cannot write {str(target)!r}: expected a path that ends in a name")
    if not folder.is_dir():
        raise OutputError(
            f"cannot write {str(target)!r}: the folder {str(folder)!r} does not exist; create it "
            "first"
        )
    if not os.access(folder, os.W_OK):
        raise OutputError(
            f"cannot write {str(target)!r}: the folder {str(folder)!r} is not writable; choose "
            "another"
        )


def _final(target: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(target) if Path(target).is_symlink() else target)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a power cut, where its file system can do that."""
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def _sync_all(path: Path) -> None:
    """Have a file, or all files of a folder, survive a power cut."""
    if not path.is_dir():
        _sync_file(path)
        return
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            _sync_file(Path(folder, name))
        sync_folder(Path(folder))


def _sync_file(path: Path) -> None:
    # Windows flushes only what may be written.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(source: Path, target: Path, replaced: Path) -> None:
    if source.is_dir() and target.is_dir():
        # A folder cannot be renamed over one that is not empty. The old one goes to a place from
        # which it comes back if the new one does not take its own.
        replaced.mkdir()
        target.replace(replaced / target.name)
    source.replace(target)


def _concerns(error: OSError, final: Path) -> bool:
    """Whether an error is about writing `final`, not about what else the block did."""
    if isinstance(error, OutputError) or error.errno is None:
        return False
    if isinstance(error.filename, str | os.PathLike):
        path = Path(error.filename)
        return path.is_relative_to(final) or (
            path.is_relative_to(final.parent) and is_scratch(path.relative_to(final.parent))
        )
    return error.errno in DISK_ERRORS


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
            match = SCRATCH.fullmatch(entry.name)
            if match and match.group(1) == _machine() and _is_own_folder(entry):
                _remove_if_dead(Path(entry.path))


def is_scratch(path: Path) -> bool:
    """Whether a path lies in a scratch folder."""
    return any(SCRATCH.fullmatch(part) for part in path.parts)


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
