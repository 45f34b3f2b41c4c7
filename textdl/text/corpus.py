"""What a corpus is: files, folders, globs, standard input, or anything that can be iterated.

A corpus is read once, from front to back, in chunks of about a megabyte, so that one-shot
generators and pipes work and memory does not grow with the input. A line of a file is a document;
a line longer than a chunk is cut at white space and marked, so that it stays one document.
"""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, TypeAlias

from textdl.errors import CorpusError, CorpusReadError, ParameterError

Corpus: TypeAlias = (
    str | os.PathLike[str] | Iterable[os.PathLike[str]] | Iterable[str] | Iterable[Sequence[str]]
)
DecodeErrors: TypeAlias = Literal["strict", "replace", "ignore"]

CHUNK_BYTES = 1 << 20
LONGEST_WORD = 1 << 24  # bytes without any white space: this is no text


class Chunk(NamedTuple):
    """A run of consecutive documents."""

    documents: Sequence[str] | Sequence[Sequence[str]]  # texts, or lists of tokens
    continues: bool = False  # the last document goes on in the next chunk


def read_corpus(corpus: Corpus, *, errors: DecodeErrors = "strict") -> Iterator[Chunk]:
    """Read a corpus once, as chunks of documents.

    Args:
        corpus: a `str` or `Path` is a file, a glob, a folder or ``-`` (standard input); an iterable
            of `Path` is files; of `str`, documents; of lists of `str`, tokenized documents. Files
            ending in ``.gz .bz2 .xz .zst`` are decompressed.
        errors: what to do with bytes that are not UTF-8: ``strict`` stops, ``replace`` puts U+FFFD
            in their place, ``ignore`` drops them.

    Raises:
        CorpusReadError: a file is missing, damaged, binary or not UTF-8.
        ParameterError: the corpus or one of its items is of no known kind.

    Example:
        >>> [chunk.documents for chunk in read_corpus(["a cat", "a dog"])]
        [['a cat', 'a dog']]
    """
    if errors not in ("strict", "replace", "ignore"):
        raise ParameterError(f"errors={errors!r} is unknown; expected strict, replace or ignore")
    if isinstance(corpus, str | os.PathLike):
        return _read_files(find_files(corpus), errors)
    if isinstance(corpus, bytes) or not isinstance(corpus, Iterable):
        raise ParameterError(
            f"a corpus cannot be a {type(corpus).__name__}; pass a path, an iterable of texts or "
            "an iterable of token lists"
        )
    items = iter(corpus)
    first = next(items, None)
    if first is None:
        raise CorpusError("the corpus is empty; expected at least one document")
    everything = chain([first], items)
    if isinstance(first, os.PathLike):
        return _read_files(map(Path, everything), errors)  # type: ignore[arg-type]
    return _batch(everything, str if isinstance(first, str) else Sequence)


def find_files(corpus: str | os.PathLike[str]) -> list[Path]:
    """List the files that a path, glob or folder stands for, in sorted order; ``-`` is itself."""
    path = Path(corpus)
    if str(corpus) == "-" or path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        if not found:
            raise CorpusReadError(f"the folder {str(path)!r} holds no files; expected text files")
        return found
    if path.exists():  # a pipe or a device
        return [path]
    found = sorted(Path(p) for p in glob.glob(str(corpus), recursive=True) if Path(p).is_file())  # noqa: PTH207
    if not found:
        raise CorpusReadError(
            f"the corpus {str(corpus)!r} does not exist; expected a file, a folder, a glob pattern "
            "or - for standard input"
        )
    return found


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _batch(items: Iterable[object], kind: type) -> Iterator[Chunk]:
    """Group documents that are already in memory into chunks."""
    documents: list[object] = []
    size = 0
    for position, item in enumerate(items):
        if (
            not isinstance(item, kind)
            or isinstance(item, bytes)
            or isinstance(item, str) != (kind is str)
        ):
            raise ParameterError(
                f"document {position} is a {type(item).__name__}, the first one was not; expected "
                "texts only or token lists only"
            )
        documents.append(item)
        size += len(item)  # type: ignore[arg-type]
        if size >= CHUNK_BYTES // (1 if kind is str else 8):
            yield Chunk(documents)  # type: ignore[arg-type]
            documents, size = [], 0
    if documents:
        yield Chunk(documents)  # type: ignore[arg-type]


def _read_files(paths: Iterable[Path], errors: DecodeErrors) -> Iterator[Chunk]:
    for path in paths:
        with _reading(path) as stream:
            yield from _read_lines(stream, path, errors)


def _read_lines(stream: IO[bytes], path: Path, errors: DecodeErrors) -> Iterator[Chunk]:
    """Cut a stream of bytes into chunks of whole lines, or of whole words of one long line."""
    pending, offset = b"", 0
    while block := stream.read(CHUNK_BYTES):
        pending += block
        cut, continues = pending.rfind(b"\n") + 1, False
        if cut == 0:
            cut, continues = max(pending.rfind(b" "), pending.rfind(b"\t")) + 1, True
        if cut:
            yield Chunk(_decode(pending[:cut], path, offset, errors), continues)
            pending, offset = pending[cut:], offset + cut
        elif len(pending) > LONGEST_WORD:
            raise CorpusReadError(
                f"{str(path)!r} has no white space in the {len(pending):,} bytes from offset "
                f"{offset:,}; expected text"
            )
    # An empty last chunk closes a document that was marked as going on.
    yield Chunk(_decode(pending, path, offset, errors))


def _decode(data: bytes, path: Path, offset: int, errors: DecodeErrors) -> list[str]:
    """Decode whole lines; `offset` is where `data` starts in the (decompressed) file."""
    if errors == "strict" and (zero := data.find(b"\0")) >= 0:
        raise CorpusReadError(
            f"{str(path)!r} looks like binary data (a zero byte at offset {offset + zero:,}); "
            "expected UTF-8 text: convert it, or pass errors='replace' (--errors replace) to go on"
        )
    try:
        text = data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise CorpusReadError(
            f"{str(path)!r} is not UTF-8: byte 0x{data[error.start]:02x} at offset "
            f"{offset + error.start:,}; convert it, or pass errors='replace' (--errors replace) to "
            "go on"
        ) from None
    if offset == 0:
        text = text.removeprefix("\ufeff")
    return text.removesuffix("\n").split("\n")


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes and turn everything that goes wrong into `CorpusReadError`."""
    try:
        with _open(path) as stream:
            yield stream
    except CorpusReadError:
        raise
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise CorpusReadError(
            f"{str(path)!r} is truncated or damaged ({error}); expected a complete "
            f"{path.suffix} file: fetch it again"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise CorpusReadError(
            f"cannot read the corpus {str(path)!r} ({reason}); expected a readable text file"
        ) from error


def _open(path: Path) -> IO[bytes]:
    if str(path) == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    opener = _OPENERS.get(path.suffix)
    return opener(path) if opener else path.open("rb")


def _open_zstd(path: Path) -> IO[bytes]:
    try:
        import zstandard  # an extra: few corpora need it
    except ImportError:
        raise CorpusReadError(
            f"reading {str(path)!r} needs the package zstandard; pip install 'textdl[zstd]'"
        ) from None
    return zstandard.open(path, "rb")  # type: ignore[no-any-return]


_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _open_zstd,
}
