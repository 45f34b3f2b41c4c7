"""Files of text as streams of bytes, decompressed where need be, with errors that help."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from textdl.errors import CorpusReadError

STDIN = "-"
ZSTD_INPUT = 1 << 16  # compressed bytes that are decompressed at once


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, or ``-``, for reading the bytes of its text.

    What is compressed is known by its name or by its first bytes, so that a pipe may be compressed.

    Raises:
        CorpusReadError: the file is missing, unreadable, truncated or damaged; from the block, too.
    """
    try:
        with _open(path) as raw, _decompress(raw, path) as stream:
            yield stream
    except CorpusReadError:
        raise
    except OSError as error:
        if error.errno is None:  # from a decompressor, not from the operating system
            raise _damaged(path, error) from error
        raise CorpusReadError(
            f"cannot read the corpus {str(path)!r} ({error.strerror}); expected a readable text "
            "file"
        ) from error
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CorpusReadError:
    return CorpusReadError(
        f"{str(path)!r} is truncated or damaged ({error}); expected a complete compressed file: "
        "fetch it again"
    )


def _open(path: Path) -> io.BufferedReader:
    # Not sys.stdin, which a notebook or a test may have replaced by something without bytes.
    return open(0, "rb", closefd=False) if str(path) == STDIN else path.open("rb")


def _decompress(raw: io.BufferedReader, path: Path) -> Any:  # IO[bytes]
    start = raw.peek(16)
    for suffix, format in _FORMATS.items():
        if path.suffix.lower() == suffix or format.magic.match(start):
            return format.open(raw)
    return raw


class _Zstd(io.RawIOBase):
    """A `.zst` file; unlike zstandard's own reader, it takes no truncated file for a whole one."""

    def __init__(self, source: IO[bytes]) -> None:
        try:
            import zstandard  # an extra: few corpora need it
        except ImportError:
            raise CorpusReadError(
                "reading a .zst corpus needs the package zstandard; pip install 'textdl[zstd]'"
            ) from None
        self._zstandard, self._source = zstandard, source
        self._frame: Any = None  # the decompressor of the frame being read
        self._unread = b""  # compressed bytes that follow the last frame
        self._text = io.BytesIO()  # decompressed bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not (size := self._text.readinto(buffer)):
            compressed = self._unread or self._source.read(ZSTD_INPUT)
            if not compressed:
                if self._frame is not None:
                    raise EOFError("it ends within a frame")
                return 0
            if self._frame is None:
                self._frame = self._zstandard.ZstdDecompressor().decompressobj()
            try:
                self._text = io.BytesIO(self._frame.decompress(compressed))
            except self._zstandard.ZstdError as error:
                raise OSError(str(error)) from error
            self._unread = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        return size


class _Format(NamedTuple):
    magic: re.Pattern[bytes]  # how such a file begins
    open: Callable[[IO[bytes]], Any]


_FORMATS = {
    ".gz": _Format(re.compile(rb"\x1f\x8b\x08"), lambda raw: gzip.GzipFile(fileobj=raw)),
    ".bz2": _Format(re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2File),
    ".xz": _Format(re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile),
    ".zst": _Format(re.compile(rb"\x28\xb5\x2f\xfd"), lambda raw: io.BufferedReader(_Zstd(raw))),
}
