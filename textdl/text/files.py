"""Files of text: found, opened, decoded, and cut into chunks of about a megabyte.

A corpus is named by a file, a folder or a glob, of tables perhaps with a column (`find_files`). A
line is a document (`read_lines`); one longer than a chunk is cut at white space and marked, so that
it stays one document. Memory is bounded whatever the input: more than `LONGEST_WORD` bytes without
white space are refused, and so is a document of more than `LONGEST_DOCUMENT` characters
where it is wanted in one piece.
"""

from __future__ import annotations

import codecs
import glob
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from reprlib import repr as short
from typing import IO, Any, Literal, NamedTuple, TypeAlias

from textdl.errors import CorpusError, CorpusReadError
from textdl.io.compression import STDIN, SUFFIXES, open_decompressed
from textdl.parameters import text_encoding

DecodeErrors: TypeAlias = Literal["strict", "replace", "ignore"]

CHUNK_BYTES = 1 << 20  # smaller ones repeat more words, larger ones keep the other cores waiting
LONGEST_WORD = 1 << 24  # bytes without any white space: this is not text
LONGEST_DOCUMENT = 1 << 28  # characters; in one piece, it takes up to four bytes for each
WHITE_BYTES = (b" ", b"\t", "\u3000".encode())  # where a long line may be cut
UTF_8 = "utf-8"
_OTHER_ENCODING = (
    "convert it to UTF-8, or pass its encoding, or errors='replace' to go on (where a command "
    "takes them: --encoding, --errors replace)"
)

MARK = "::"  # between a table and its column
TEXT_COLUMN = "text"
PARQUET_SUFFIX = ".parquet"
TABLE_SUFFIXES = (PARQUET_SUFFIX, ".csv", ".tsv", ".jsonl", ".ndjson")


class TextColumn(NamedTuple):
    """A column of a table."""

    file: str  # or a folder, or a glob
    column: str = TEXT_COLUMN

    @classmethod
    def parse(cls, name: str) -> TextColumn:
        """Read a name such as ``reviews.parquet::body``; without a column, it is ``text``.

        Example:
            >>> TextColumn.parse("reviews.parquet::body")
            TextColumn(file='reviews.parquet', column='body')
            >>> TextColumn.parse("notes.txt").column
            'text'
        """
        file, mark, column = name.rpartition(MARK)
        return cls(file, column) if mark and file and column else cls(name)

    @classmethod
    def of(cls, path: Path) -> TextColumn:
        """The column that a path names; where there is a file of that very name, ``text``."""
        return cls(str(path)) if path.is_file() else cls.parse(str(path))


def is_table(path: Path) -> bool:
    """Whether a path, with or without a column, names a table, of which a column is text."""
    names = (str(path), TextColumn.parse(str(path)).file)
    return any(suffix_of(Path(name)) in TABLE_SUFFIXES for name in names)


def suffix_of(path: Path) -> str:
    """What a file is by its name, compressed or not; Parquet compresses by itself."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in SUFFIXES:
        suffixes.pop()
        if suffixes and suffixes[-1] == PARQUET_SUFFIX:
            return ""
    return suffixes[-1] if suffixes else ""


def find_files(corpus: str | os.PathLike[str]) -> list[Path]:
    """List the files that a path, glob or folder stands for, in sorted order; ``-`` is itself.

    A folder is searched to any depth; names that begin with a dot are passed over. Behind any of
    them, ``::column`` chooses a column of tables, and stands behind each path that is found.

    Raises:
        CorpusReadError: there is no such file.
    """
    name = os.fspath(corpus)
    if name == STDIN:
        return [Path(STDIN)]
    try:
        found = sorted(_matching(name)) or _columns(TextColumn.parse(name))
    except OSError as error:
        raise CorpusReadError(
            f"cannot look for the corpus {short(name)} ({error.strerror}); expected a path: pass a "
            "text as [text]"
        ) from error
    if found:
        # A file of that name is not standard input.
        return [path.absolute() if str(path) == STDIN else path for path in found]
    if name and Path(name).is_dir():
        raise CorpusReadError(f"the folder {name!r} holds no files; expected text files")
    raise CorpusReadError(
        f"the corpus {short(name)} does not exist; expected a file, a folder, a glob pattern or - "
        "for standard input: pass a text as [text]"
    )


def _matching(name: str) -> Iterable[Path]:
    path = Path(name)
    if not name or "\0" in name:
        return []
    if path.is_dir():
        return (p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
    if path.exists():  # a file, a pipe or a device
        return [path]
    return filter(Path.is_file, map(Path, glob.glob(name, recursive=True)))  # noqa: PTH207


def _columns(name: TextColumn) -> list[Path]:
    """Tables, each with the name of the column."""
    found = sorted(filter(is_table, _matching(name.file)))
    return [Path(f"{path}{MARK}{name.column}") for path in found]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


class Chunk(NamedTuple):
    """A run of consecutive documents."""

    documents: Sequence[str] | Sequence[Sequence[str]]  # texts, or lists of tokens
    continues: bool = False  # the last document goes on in the next chunk


def read_lines(
    path: Path, *, errors: DecodeErrors = "strict", encoding: str = UTF_8
) -> Iterator[Chunk]:
    """Cut a file, which may be compressed, into chunks of whole lines, or of words of a long line.

    Args:
        path: of the file; ``-`` is the standard input.
        errors: what to do with bytes that are not of the encoding.
        encoding: of the text, a name that Python knows.

    Yields:
        Chunks of about `CHUNK_BYTES` bytes, in order.

    Raises:
        CorpusReadError: the file is missing, damaged, binary or not of this encoding.
    """
    with open_decompressed(path, CorpusReadError, "corpus", allow_stdin=True) as stream:
        if text_encoding(encoding) == UTF_8:
            yield from _cut(stream, path, errors)
        else:
            yield from _cut(_Transcoded(stream, path, errors, encoding), path, errors)


def join_chunks(chunks: Iterable[Chunk]) -> Iterator[str]:
    """The documents of chunks, each in one piece.

    Args:
        chunks: of texts.

    Raises:
        CorpusError: a document has more than `LONGEST_DOCUMENT` characters.

    Example:
        >>> list(join_chunks([Chunk(["a cat", "a "], continues=True), Chunk(["dog"])]))
        ['a cat', 'a dog']
    """
    pieces: list[str] = []
    size = 0  # characters of the pieces
    for chunk in chunks:
        *whole, last = map(str, chunk.documents)
        for document in whole:
            yield "".join([*pieces, document])
            pieces = []
            size = 0
        pieces.append(last)
        size += len(last)
        if size > LONGEST_DOCUMENT:
            raise CorpusError(
                f"the document that begins with {short(pieces[0])} has more than "
                f"{LONGEST_DOCUMENT:,} characters; expected one document per line: cut it"
            )
        if not chunk.continues:
            yield "".join(pieces)
            pieces = []
            size = 0


class _Transcoded(io.RawIOBase):
    """A stream of another encoding, as UTF-8."""

    def __init__(self, stream: IO[bytes], path: Path, errors: DecodeErrors, encoding: str) -> None:
        self._stream = stream
        self._path = path
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)

    def read(self, size: int = -1) -> bytes:
        text = ""
        while not text:
            block = self._stream.read(size)
            try:
                text = self._decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise CorpusReadError(
                    f"{str(self._path)!r} is not {self._encoding} ({error.reason}: byte "
                    f"0x{error.object[error.start]:02x}); name its encoding, or pass "
                    "errors='replace' (--errors replace) to go on"
                ) from None
            if not block:
                break
        return text.encode("utf-8", "replace")


def _cut(stream: Any, path: Path, errors: DecodeErrors) -> Iterator[Chunk]:
    """Cut a stream of bytes into chunks of whole lines, or of whole words of one long line."""
    pending = b""
    offset = 0
    continues = False
    while block := stream.read(CHUNK_BYTES):
        pending += block
        cut = pending.rfind(b"\n") + 1
        in_line = not cut
        if in_line:
            cut = _last_white_space(pending)
        if cut:
            continues = in_line
            yield Chunk(_decode(pending[:cut], path, offset, errors), continues)
            pending = pending[cut:]
            offset += cut
        elif len(pending) > LONGEST_WORD:
            raise CorpusReadError(
                f"{str(path)!r} has no white space in the {len(pending):,} bytes from offset "
                f"{offset:,}; expected text: put its sentences on lines of their own"
            )
    if pending or continues:  # an empty one closes the document that was marked as going on
        yield Chunk(_decode(pending, path, offset, errors))


def _last_white_space(data: bytes) -> int:
    """Where the last white space ends; 0 if there is none."""
    found = ((data.rfind(space), len(space)) for space in WHITE_BYTES)
    return max((start + length for start, length in found if start >= 0), default=0)


def _decode(data: bytes, path: Path, offset: int, errors: DecodeErrors) -> list[str]:
    """Decode whole lines; `offset` is where `data` starts in the (decompressed) file."""
    if errors == "strict" and (zero := data.find(b"\0")) >= 0:
        raise CorpusReadError(
            f"{str(path)!r} looks like binary data (a zero byte at offset {offset + zero:,}); "
            f"expected text: {_OTHER_ENCODING}"
        )
    try:
        text = data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise CorpusReadError(
            f"{str(path)!r} is not UTF-8: byte 0x{data[error.start]:02x} at offset "
            f"{offset + error.start:,}; {_OTHER_ENCODING}"
        ) from None
    if offset == 0:
        text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")
