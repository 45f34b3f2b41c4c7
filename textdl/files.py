"""Output that is complete or absent: write beside the target, then rename over it."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textdl.errors import OutputError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`; rename it to `target` on success.

    The block creates a file (or a folder) at the path it is given. If it fails, for whatever
    reason, what it left is removed and an existing `target` stays as it was. A folder replaces an
    existing folder. Where `target` is a symbolic link, what it points to is replaced.

    Raises:
        OutputError: the parent folder does not exist or cannot be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder, "numbers.txt")) as path:
        ...         _ = path.write_text("1 2 3")
        ...     [path.name for path in Path(folder).iterdir()]
        ['numbers.txt']
    """
    check_writable(target)
    final = _final(target)
    temporary = _beside(final)
    try:
        yield temporary
        _move(temporary, final)
    except OSError as error:
        if not _concerns(error, temporary, final):
            raise
        raise OutputError(
            f"could not write {str(target)!r} ({error.strerror}); free some space or choose "
            "another place"
        ) from error
    finally:
        _remove(temporary)


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


def _beside(path: Path) -> Path:
    """A new hidden name in the folder of `path`; no two processes or threads get the same."""
    return path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.partial")


def _move(source: Path, target: Path) -> None:
    if not (source.is_dir() and target.is_dir()):
        source.replace(target)
        return
    old = _beside(target)  # a folder cannot be renamed over one that is not empty
    target.replace(old)
    try:
        source.replace(target)
    except BaseException:
        if not target.exists():  # unless another process was faster
            old.replace(target)
        raise
    finally:
        _remove(old)


def _concerns(error: OSError, *paths: Path) -> bool:
    """Whether an error is about writing `paths`, not about what else the block did."""
    if isinstance(error, OutputError) or error.errno is None:
        return False
    if isinstance(error.filename, str | os.PathLike):
        return any(Path(error.filename).is_relative_to(path) for path in paths)
    return error.errno in DISK_ERRORS


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
