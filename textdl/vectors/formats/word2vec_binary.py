"""word2vec binary: a line `V D`, then each word, a space, and D little-endian float32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.compression import open_decompressed
from textdl.vectors.formats.rows import (
    LONGEST_HEADER,
    Format,
    Shape,
    VectorData,
    build_vectors,
    parse_header,
    write_rows,
)

_BYTES_PER_BLOCK = 1 << 22
_LONGEST_LABEL = 1 << 16


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` has the header line (text is to be ruled out)."""
    return parse_header(head) is not None


def read(path: Path, errors: str) -> VectorData:
    """Read `path`, a block at a time; the newline that word2vec.c puts after a row may be absent.

    Raises:
        FileFormatError: the file is truncated or damaged.
    """
    with open_decompressed(path, FileFormatError, "vectors") as file:
        claimed = parse_header(file.readline(LONGEST_HEADER))
        if claimed is None:
            raise FileFormatError(
                f"{str(path)!r} does not begin with the line 'V D' of word2vec's binary format; "
                "copy or download it again"
            )
        return build_vectors(_blocks(file, claimed[0], path), claimed[0], path, errors)


def write(table: VectorData, path: Path) -> None:
    """Write `table` to `path` as word2vec.c does.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds whitespace.
    """

    def encode(label: str, row: NDArray[np.float32]) -> bytes:
        return label.encode() + b" " + row.astype("<f4").tobytes() + b"\n"

    write_rows(table, path, encode)


def _blocks(
    file: IO[bytes], shape: Shape, path: Path
) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
    """Words and `(n, D)` vectors of a few megabytes at a time, as many as claimed."""
    done = 0
    rest = b""
    width = 4 * shape.size
    while more := file.read(_BYTES_PER_BLOCK + width):
        words, vectors, rest = _split(rest + more, (shape.rows or 0) - done, width)
        done += len(words)
        if len(rest) > _LONGEST_LABEL + width or (done == shape.rows and rest.strip(b"\n")):
            raise FileFormatError(
                f"{str(path)!r} is damaged: after row {done:,} of {shape.rows:,} it has "
                f"{rest[:20]!r}..., expected a word and {shape.size:,} numbers; copy or download "
                "it again"
            )
        block = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(words), shape.size)
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            raise FileFormatError(
                f"{str(path)!r} is damaged: the vector of {words[int(np.argmin(finite))]!r} is not "
                "finite; copy or download it again"
            )
        yield words, block


def _split(data: bytes, most: int, width: int) -> tuple[list[bytes], list[bytes], bytes]:
    """Words and vectors, `width` bytes each, of the complete rows in `data`, and what is left."""
    words: list[bytes] = []
    vectors: list[bytes] = []
    place = 0
    while len(words) < most:
        begin = data.find(b" ", place) + 1
        if not begin or begin + width > len(data):
            break
        words.append(data[place : begin - 1].lstrip(b"\n"))
        vectors.append(data[begin : begin + width])
        place = begin + width
    return words, vectors, data[place:]


FORMAT = Format(matches, read, write, suffixes=(".bin",))
