"""The bytes of a file to read: opened, decompressed, with every failure as one error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from textdl.errors import FileFormatError

GZIP = b"\x1f\x8b"


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for reading bytes, through gzip if it is compressed.

    Raises:
        FileFormatError: it is missing, a folder, unreadable, or a damaged gzip file.
    """
    try:
        with path.open("rb") as plain:
            compressed = plain.read(len(GZIP)) == GZIP
            plain.seek(0)
            if not compressed:
                yield plain
                return
            with gzip.open(plain) as content:
                yield content  # type: ignore[misc]  # GzipFile has all we use of BinaryIO
    except FileNotFoundError:
        raise FileFormatError(
            f"{str(path)!r} does not exist; pass the path of a file of vectors"
        ) from None
    except IsADirectoryError:
        raise FileFormatError(
            f"{str(path)!r} is a folder; pass the path of a file of vectors"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError(
            f"{str(path)!r} is a damaged or truncated gzip file ({error}); copy or download it "
            "again"
        ) from None
    except OSError as error:
        raise FileFormatError(
            f"{str(path)!r} cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
