"""word2vec binary: a line `V D`, then each word, a space, and D little-endian float32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.compression import open_decompressed
from textdl.parallel import prefetch
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
        # Memory that is new to the process takes as long as all the rest, in the other thread.
        blocks = prefetch(_blocks(file, claimed[0], path))
        return build_vectors(blocks, claimed[0], path, options)


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
        data = rest + more
        begins = _vector_places(data, (shape.rows or 0) - done, width)
        done += len(begins)
        rest = data[begins[-1] + width :] if begins else data
        if len(rest) > _LONGEST_LABEL + width or (done == shape.rows and rest.strip(b"\n")):
            raise FileFormatError(
                f"{str(path)!r} is damaged: after row {done:,} of {shape.rows:,} it has "
                f"{rest[:20]!r}..., expected a word and {shape.size:,} numbers; copy or download "
                "it again"
            )
        ends = [0, *(begin + width for begin in begins[:-1])]
        pairs = zip(ends, begins, strict=False)  # no rows have one end
        words = [data[end : begin - 1].lstrip(b"\n") for end, begin in pairs]
        block = _gather(data, begins, width)
        if not np.isfinite(block).all():
            row = int(np.argmin(np.isfinite(block).all(axis=1)))
            raise FileFormatError(
                f"{str(path)!r} is damaged: the vector of {words[row]!r} is not finite; copy or "
                "download it again"
            )
        yield words, block


def _vector_places(data: bytes, most: int, width: int) -> list[int]:
    """Where the vectors of at most `most` complete rows begin, of `width` bytes each."""
    places: list[int] = []
    end = 0
    last = len(data) - width
    while len(places) < most:
        begin = data.find(b" ", end) + 1
        if not 0 < begin <= last:
            break
        places.append(begin)
        end = begin + width
    return places


def _gather(data: bytes, begins: list[int], width: int) -> NDArray[np.float32]:
    """The vectors `(n, D)` that begin at places of `data`."""
    if not begins:
        return np.empty((0, width // 4), np.float32)
    # Whatever `width` bytes there are; of this view, only the rows that are asked for are copied.
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), width)
    vectors: NDArray[np.float32] = windows[np.array(begins)].view("<f4")
    return vectors


FORMAT = Format(matches, read, lambda table, path, dtype: write(table, path), suffixes=(".bin",))
