"""Locks on files that die with the process that holds them."""

from __future__ import annotations

import errno
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK, errno.EWOULDBLOCK)

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # the byte that is locked: others cannot read one that is

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # Not lockf: its locks belong to the process, so that two threads would both get one, and
        # they are lost when any descriptor of the file is closed.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """An exclusive lock, held by an open file; the system releases it however the process ends.

    The file is removed when the lock is released, so whoever gets a lock checks that its file is
    still the one at that path. On a network folder the lock holds between machines where its file
    system supports that, as NFS and SMB do.

    Args:
        path: of the file that is locked; made where it does not exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first, second = FileLock(Path(folder, "lock")), FileLock(Path(folder, "lock"))
        ...     first.acquire(), second.acquire()
        ...     first.release()
        ...     second.acquire()
        ...     second.release()
        (True, False)
        True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_proven = False  # the file system knows locks, so that nobody else has this one
        self._descriptor: int | None = None

    def acquire(self, *, create: bool = True) -> bool:
        """Take the lock if nobody holds it, without waiting.

        A file system without locks grants it to everyone; then `is_proven` stays false.

        Raises:
            OSError: the file cannot be opened, or does not exist and is not to be made.
        """
        flags = os.O_RDWR | (os.O_CREAT if create else 0)
        while True:
            descriptor = os.open(self.path, flags, 0o666)
            try:
                _lock(descriptor)
                self.is_proven = True
            except OSError as error:
                if error.errno in HELD:
                    os.close(descriptor)
                    return False
            if _is_at(descriptor, self.path):
                break
            os.close(descriptor)  # its holder removed it after it was opened here
        self._descriptor = descriptor
        return True

    def sign(self) -> None:
        """Write into the file who holds the lock, where the disk has room for it."""
        assert self._descriptor is not None
        with suppress(OSError):
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {platform.node()}".encode())

    def holder(self) -> str:
        """Who holds the lock, as its file says; ``another process`` where it says nothing."""
        with suppress(OSError, ValueError):
            text = self.path.read_text("utf-8")[:100]
            if text.isprintable() and text.startswith("process "):
                return text
        return "another process"

    def release(self) -> None:
        """Give the lock back, if it is held, and remove its file where nobody else can have it."""
        if self._descriptor is None:
            return
        with suppress(OSError):  # Windows removes no open file; then it stays
            if self.is_proven and _is_at(self._descriptor, self.path):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
