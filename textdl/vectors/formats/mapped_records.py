"""A binary file, mapped and taken apart from its beginning: nothing in it is believed."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.mapped_file import MappedFile


class TerminatedStrings(NamedTuple):
    """Strings that end in a NUL, and what stands behind each."""

    strings: list[bytes]
    after: list[bytes]


class MappedRecords:
    """Reads arrays one after another; they are views of the map where they can be.

    Args:
        path: of the file.

    Raises:
        FileFormatError: it is missing or empty.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    raise FileFormatError(f"{str(path)!r} is empty; copy or make it again")
                self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise FileFormatError(
                f"cannot read {str(path)!r} ({error.strerror}); check the path and its permissions"
            ) from error
        self.source = MappedFile(path, self._mapped)
        self.size = len(self._mapped)
        self._path = path
        self._place = 0

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        """The next `count` numbers, not necessarily at an address that suits their type.

        Raises:
            FileFormatError: the file ends before.
        """
        kind = np.dtype(dtype)
        end = self._place + count * kind.itemsize
        if end > self.size:
            raise self._truncated(end)
        found: NDArray[Any] = np.ndarray((count,), kind, self._mapped, self._place)
        self._place = end
        return found

    def flag(self) -> bool:
        """The next byte, which says yes or no.

        Raises:
            FileFormatError: the file ends before, or it says neither.
        """
        value = int(self.array("u1", 1)[0])
        if value > 1:
            raise self.damaged(f"byte {self._place - 1:,} is {value}, expected 0 or 1")
        return bool(value)

    def terminated(self, count: int, after: int) -> TerminatedStrings:
        """The next `count` strings.

        Args:
            count: how many.
            after: bytes that stand behind the NUL of each.

        Returns:
            They, in their order.

        Raises:
            FileFormatError: the file ends before.
        """
        if self._place + count * (1 + after) > self.size:
            raise self._truncated(self._place + count * (1 + after))
        found = TerminatedStrings([], [])
        mapped = self._mapped
        begin = self._place
        for _ in range(count):
            end = mapped.find(b"\0", begin)
            if end < 0 or end + 1 + after > self.size:
                raise self._truncated(self.size + 1)
            found.strings.append(mapped[begin:end])
            begin = end + 1 + after
            found.after.append(mapped[end + 1 : begin])
        self._place = begin
        return found

    def damaged(self, what: str) -> FileFormatError:
        """The error for a file whose content contradicts itself."""
        return FileFormatError(f"{str(self._path)!r} is damaged: {what}; copy or download it again")

    def _truncated(self, end: int) -> FileFormatError:
        return FileFormatError(
            f"{str(self._path)!r} has {self.size:,} bytes, but promises {end:,} or more; it is "
            "truncated or damaged: copy or download it again"
        )
