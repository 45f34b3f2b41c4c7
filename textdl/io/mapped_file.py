"""A file that is mapped into memory: whether it still has what is about to be touched."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import NamedTuple

from textdl.errors import FileFormatError, TextdlError


class MappedFile(NamedTuple):
    """A file whose content is read when it is touched, which it must still have."""

    path: Path
    mapped: mmap.mmap
    error: type[TextdlError] = FileFormatError  # the class of what is raised

    def require_whole(self) -> None:
        """Find out whether the file was cut short, before the system ends the process for it.

        To touch what a file no longer has is SIGBUS, which Python cannot catch. A file that is cut
        between this and the touch is not found out; one that is replaced by another of the same
        name stays as it was, for those who have it mapped.

        Raises:
            TextdlError: of the class `error`: it is shorter than when it was opened.
        """
        size = self.mapped.size()
        if size < len(self.mapped):
            raise self.error(
                f"{str(self.path)!r} had {len(self.mapped):,} bytes when it was opened, now it has "
                f"{size:,}; write files under another name and rename them, then load it again"
            )
