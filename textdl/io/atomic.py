"""Output that is complete or absent, also after a power cut: written beside, then renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from textdl.errors import OutputError
from textdl.io.scratch import REPLACED, is_scratch, scratch_folder

Sync: TypeAlias = Literal["all", "content", "nothing"]

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


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
    """Raise `OutputError` now if `target` could not be written later, after hours of work."""
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
