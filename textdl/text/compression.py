"""Files of text as streams of bytes, decompressed where need be, with errors that help.

What a file expands to is never held at once: each format is read in pieces of bounded size.
"""

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
SKIPPED_AT_ONCE = 1 << 16  # bytes


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
    """A `.zst` file, block by block.

    zstandard's own reader takes a truncated file for a whole one; and its decompressor gives all at
    once what a piece expands to, which may be gigabytes of a few kilobytes. A block expands to at
    most 128 kB.
    """

    def __init__(self, source: IO[bytes]) -> None:
        try:
            import zstandard  # an extra: few corpora need it
        except ImportError:
            raise CorpusReadError(
                "reading a .zst corpus needs the package zstandard; pip install 'textdl[zstd]'"
            ) from None
        self._zstandard = zstandard
        self._parts = _zstd_parts(source)
        self._frame: Any = None  # the decompressor of the frame being read
        self._text = io.BytesIO()  # decompressed bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not (size := self._text.readinto(buffer)):
            part = next(self._parts, None)
            if part is None:
                return 0
            if part.begins_frame:
                self._frame = self._zstandard.ZstdDecompressor().decompressobj()
            try:
                self._text = io.BytesIO(self._frame.decompress(part.data))
            except self._zstandard.ZstdError as error:
                raise OSError(str(error)) from error
        return size


class _ZstdPart(NamedTuple):
    """The header of a frame, one of its blocks, or its checksum."""

    data: bytes
    begins_frame: bool = False


def _zstd_parts(source: IO[bytes]) -> Iterator[_ZstdPart]:
    """Cut a `.zst` file where RFC 8878 (section 3.1) says that its parts end.

    Raises:
        EOFError: it ends within a frame.
        OSError: something else follows a frame.
    """
    while magic := source.read(4):
        if magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5:  # a frame that is to be skipped
            left = int.from_bytes(_exactly(source, 4), "little")
            while left:
                left -= len(_exactly(source, min(left, SKIPPED_AT_ONCE)))
            continue
        if magic != b"\x28\xb5\x2f\xfd":
            raise OSError("what follows is no frame of zstd")
        descriptor = _exactly(source, 1)
        flags = descriptor[0]
        single = flags >> 5 & 1  # segment: the content is as large as the window
        sizes = (1 - single, (0, 1, 2, 4)[flags & 3], (single, 2, 4, 8)[flags >> 6])
        yield _ZstdPart(magic + descriptor + _exactly(source, sum(sizes)), begins_frame=True)
        last = 0
        while not last:
            header = _exactly(source, 3)
            fields = int.from_bytes(header, "little")
            last = fields & 1
            repeated = fields >> 1 & 3 == 1  # one byte, as often as the size says
            yield _ZstdPart(header + _exactly(source, 1 if repeated else fields >> 3))
        if flags >> 2 & 1:
            yield _ZstdPart(_exactly(source, 4))


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError("it ends within a frame")
    return data


class _Format(NamedTuple):
    magic: re.Pattern[bytes]  # how such a file begins
    open: Callable[[IO[bytes]], Any]


_FORMATS = {
    ".gz": _Format(re.compile(rb"\x1f\x8b\x08"), lambda raw: gzip.GzipFile(fileobj=raw)),
    ".bz2": _Format(re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2File),
    ".xz": _Format(re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile),
    ".zst": _Format(re.compile(rb"\x28\xb5\x2f\xfd"), lambda raw: io.BufferedReader(_Zstd(raw))),
}
