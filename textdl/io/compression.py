"""Files as streams of bytes, decompressed where need be, with errors that help.

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
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from textdl.errors import OutputError, TextdlError

STDIN = "-"
SKIPPED_AT_ONCE = 1 << 16  # bytes


@contextmanager
def open_decompressed(
    path: Path, error: type[TextdlError], what: str = "file", *, allow_stdin: bool = False
) -> Iterator[IO[bytes]]:
    """Open a file for reading the bytes of its content, decompressed where need be.

    What is compressed is known by its name or by its first bytes, so that a pipe may be compressed.

    Args:
        path: of the file.
        error: the class of the errors that are raised.
        what: the file is, for the messages.
        allow_stdin: the path ``-`` is the standard input.

    Yields:
        The stream of its content.

    Raises:
        TextdlError: of the class `error`: the file is missing, unreadable, truncated or damaged;
            from the block, too.
    """
    try:
        with _open(path, allow_stdin) as raw, _decompress(raw, path) as stream:
            yield stream
    except TextdlError:
        raise
    except OSError as problem:
        if problem.errno is None:  # from a decompressor, not from the operating system
            raise _damaged(path, problem, error) from problem
        raise error(
            f"cannot read the {what} {str(path)!r} ({problem.strerror}); check the path and its "
            "permissions"
        ) from problem
    except (EOFError, zlib.error, lzma.LZMAError) as problem:
        raise _damaged(path, problem, error) from problem
    except _MissingPackageError as problem:
        raise error(f"reading {str(path)!r} needs {problem}") from None


@contextmanager
def create_compressed(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing, compressed where its name asks for it.

    Yields:
        The stream that takes the bytes of its content.

    Raises:
        OutputError: the package that compresses is not installed.
    """
    form = _FORMATS.get(path.suffix.lower())
    with path.open("wb") as raw:
        if form is None:
            yield raw
            return
        try:
            stream = form.create(raw)
        except _MissingPackageError as problem:
            raise OutputError(f"writing {str(path.name)!r} needs {problem}") from None
        with stream:
            yield stream


def compression_of(path: Path) -> str | None:
    """The suffix of the format that a file is compressed in, such as ``.gz``; None if it is not.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as raw:
        return _compression(raw.peek(16), path)


def _damaged(path: Path, problem: Exception, error: type[TextdlError]) -> TextdlError:
    return error(
        f"{str(path)!r} is truncated or damaged ({problem}); expected a complete compressed file: "
        "fetch it again"
    )


def _open(path: Path, allow_stdin: bool) -> io.BufferedReader:
    if allow_stdin and str(path) == STDIN:
        # Not sys.stdin, which a notebook or a test may have replaced by something without bytes.
        return open(0, "rb", closefd=False)
    return path.open("rb")


def _decompress(raw: io.BufferedReader, path: Path) -> Any:  # IO[bytes]
    suffix = _compression(raw.peek(16), path)
    return raw if suffix is None else _FORMATS[suffix].open(raw)


def _compression(start: bytes, path: Path) -> str | None:
    for suffix, format in _FORMATS.items():
        if path.suffix.lower() == suffix or format.magic.match(start):
            return suffix
    return None


class _MissingPackageError(Exception):
    """An optional package is not installed."""


def _zstandard() -> Any:  # the module
    try:
        import zstandard  # an extra: few corpora need it
    except ImportError:
        raise _MissingPackageError("the package zstandard; pip install 'textdl[zstd]'") from None
    return zstandard


class _Zstd(io.RawIOBase):
    """A `.zst` file, block by block.

    zstandard's own reader takes a truncated file for a whole one; and its decompressor gives all at
    once what a piece expands to, which may be gigabytes of a few kilobytes. A block expands to at
    most 128 kB.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._zstandard = _zstandard()
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
            raise OSError("what follows is not a zstd frame")
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
    create: Callable[[IO[bytes]], Any]


# The levels are those where more work saves little of a text of numbers.
_FORMATS = {
    ".gz": _Format(
        re.compile(rb"\x1f\x8b\x08"),
        lambda raw: gzip.GzipFile(fileobj=raw),
        lambda raw: gzip.GzipFile("", "wb", 6, raw, mtime=0),  # equal content gives equal bytes
    ),
    ".bz2": _Format(
        re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2File, lambda raw: bz2.BZ2File(raw, "wb")
    ),
    ".xz": _Format(
        re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile, partial(lzma.LZMAFile, mode="wb", preset=1)
    ),
    ".zst": _Format(
        re.compile(rb"\x28\xb5\x2f\xfd"),
        lambda raw: io.BufferedReader(_Zstd(raw)),
        lambda raw: _zstandard().ZstdCompressor().stream_writer(raw, closefd=False),
    ),
}
SUFFIXES = tuple(_FORMATS)
