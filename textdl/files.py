"""Output that is complete or absent: write beside the target, then rename over it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textdl.errors import OutputError


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`; rename it to `target` on success.

    The block creates a file (or a folder) at the path it is given. If it fails, for whatever
    reason, what it left is removed and an existing `target` stays as it was. A folder replaces an
    existing folder.

    Raises:
        OutputError: the parent folder does not exist or cannot be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with replacing(folder / "numbers.txt") as path:
        ...     _ = path.write_text("1 2 3")
        >>> [p.name for p in folder.iterdir()]
        ['numbers.txt']
    """
    target = Path(target)
    check_writable(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield temporary
        if temporary.is_dir() and target.is_dir():
            shutil.rmtree(target)
        temporary.replace(target)
    except OSError as error:
        if isinstance(error, OutputError) or error.errno is None:
            raise
        raise OutputError(
            f"could not write {str(target)!r} ({error.strerror}); free some space or choose "
            "another place"
        ) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def check_writable(target: str | os.PathLike[str]) -> None:
    """Raise `OutputError` now if `target` could not be written later, after hours of work."""
    folder = Path(target).parent
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
