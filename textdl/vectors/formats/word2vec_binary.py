"""word2vec binary: a line `V D`, then each word, a space, and D little-endian float32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.compression import open_decompressed
from textdl.vectors.formats.rows import (
    LONGEST_HEADER,
    Format,
    ReadOptions,
    Shape,
    VectorData,
    build_vectors,
    parse_header,
    write_rows,
)

_BYTES_PER_BLOCK = 1 << 20
_LONGEST_LABEL = 1 << 16


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` has the header line (text is to be ruled out)."""
    return parse_header(head) is not None


def read(path: Path, options: ReadOptions) -> VectorData:
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
        return build_vectors(_blocks(file, claimed[0], path), claimed[0], path, options)


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
    file: Any, shape: Shape, path: Path
) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
    """Words and `(n, D)` vectors of about a megabyte at a time, as many as claimed.

    Memory that is new to a process takes longer than all the rest. So there is one buffer for what
    is read, and one block of vectors, which holds until the next is asked for.

    Args:
        file: a binary stream behind its header; it has `readinto`, which `IO[bytes]` lacks.
        shape: what the file claims.
        path: of the file, for messages.
    """
    width = 4 * shape.size
    buffer = bytearray(_BYTES_PER_BLOCK + _LONGEST_LABEL + width)
    block: NDArray[np.float32] = np.empty((len(buffer) // (width + 1), shape.size), "<f4")
    filled = 0
    done = 0
    while count := file.readinto(memoryview(buffer)[filled:][:_BYTES_PER_BLOCK]):
        filled += count
        words, end = _take_rows(buffer, filled, (shape.rows or 0) - done, block)
        done += len(words)
        rest = buffer[end:filled]
        if len(rest) > _LONGEST_LABEL + width or (done == shape.rows and rest.strip(b"\n")):
            raise FileFormatError(
                f"{str(path)!r} is damaged: after row {done:,} of {shape.rows:,} it has "
                f"{bytes(rest[:20])!r}..., expected a word and {shape.size:,} numbers; copy or "
                "download it again"
            )
        vectors = block[: len(words)]
        if not np.isfinite(vectors).all():
            row = int(np.argmin(np.isfinite(vectors).all(axis=1)))
            raise FileFormatError(
                f"{str(path)!r} is damaged: the vector of {words[row]!r} is not finite; copy or "
                "download it again"
            )
        yield words, vectors
        buffer[: len(rest)] = rest
        filled = len(rest)


def _take_rows(
    buffer: bytearray, filled: int, most: int, block: NDArray[np.float32]
) -> tuple[list[bytes], int]:
    """Copy the vectors of complete rows.

    Args:
        buffer: of rows from its beginning on.
        filled: its bytes that count.
        most: rows that are taken at most.
        block: `(N, D)`, whose first rows are written; it has room for all.

    Returns:
        Their words, and where the last row ends.
    """
    words: list[bytes] = []
    raw = memoryview(buffer)
    copied = block.data.cast("B")
    width = block.shape[1] * block.itemsize
    last = filled - width
    place = 0
    end = 0
    while len(words) < most:
        begin = buffer.find(b" ", end, filled) + 1
        if not 0 < begin <= last:
            break
        words.append(raw[end : begin - 1].tobytes().lstrip(b"\n"))
        end = begin + width
        copied[place : place + width] = raw[begin:end]
        place += width
    return words, end


FORMAT = Format(matches, read, lambda table, path, dtype: write(table, path), suffixes=(".bin",))
