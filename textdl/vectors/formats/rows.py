"""What formats share: the record that each reads into and writes from; and rows of word2vec's two.

Those begin with the line `V D`, and their rows arrive in blocks. What a header promises is never
allocated: memory grows with what is read. A file takes its matrix, about 250 bytes for every word,
and about 100 MB for the block that is being read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.string_array import StringArray
from textdl.vectors.subwords import SubwordVectors

_HEADER = re.compile(rb"(\d{1,18})[ \t]+(\d{1,18})[ \t\r]*(?:\n|\Z)")
LONGEST_HEADER = 1 << 10  # bytes
LARGEST_VECTOR = 100_000  # numbers


class VectorData(NamedTuple):
    """Labeled rows and what is known about them."""

    labels: StringArray  # V words
    matrix: NDArray[np.float32]  # (V, D)
    counts: NDArray[np.int64] | None = None  # (V,) occurrences in the training corpus
    norms: NDArray[np.float32] | None = None  # (V,) lengths of the rows
    config: Mapping[str, object] | None = None  # how the vectors came about; JSON values only
    subwords: SubwordVectors | None = None  # for words without rows


class Format(NamedTuple):
    """How one format is detected, read and written."""

    matches: Callable[[bytes], bool]  # given the first bytes of a file, decompressed
    read: Callable[[Path, str], VectorData]  # path, and what to do with words that are not UTF-8
    write: Callable[[VectorData, Path], None]
    suffixes: tuple[str, ...]
    mapped: bool = False  # opened without reading, so never compressed
    keeps_subwords: bool = False


class Shape(NamedTuple):
    """What a file claims to hold; without a header line, the number of rows is None."""

    rows: int | None
    size: int


def parse_header(head: bytes) -> tuple[Shape, int] | None:
    r"""Shape and length of the header line that `head` begins with, or None if it has none.

    Example:
        >>> parse_header(b"68271 100\nthe 0.1")
        (Shape(rows=68271, size=100), 10)
    """
    found = _HEADER.match(head)
    return (Shape(int(found[1]), int(found[2])), found.end()) if found else None


def build_vectors(
    blocks: Iterable[tuple[list[bytes], NDArray[np.float32]]],
    shape: Shape,
    path: Path,
    errors: str,
) -> VectorData:
    """Put blocks of rows together.

    Args:
        blocks: n words, as bytes, and their vectors `(n, D)`.
        shape: what the file claims.
        path: of the file, for messages.
        errors: as in `bytes.decode`, for words that are not UTF-8.

    Returns:
        All rows, in the order of the file.

    Raises:
        FileFormatError: the shape is out of range, rows are missing or left over, a word occurs
            twice, or a word is not UTF-8 and `errors` is "strict".
    """
    if not 1 <= shape.size <= LARGEST_VECTOR:
        raise FileFormatError(
            f"{str(path)!r} claims vectors of {shape.size:,} numbers in its first line, expected 1 "
            f"to {LARGEST_VECTOR:,}; copy or download it again"
        )
    words: list[bytes] = []
    parts: deque[NDArray[np.float32]] = deque()
    for block_words, block in blocks:
        words += block_words
        parts.append(block)
    if shape.rows not in (None, len(words)):
        raise FileFormatError(
            f"{str(path)!r} claims {shape.rows:,} words in its first line, but holds "
            f"{len(words):,}; it is truncated or damaged: copy or download it again"
        )
    try:
        labels = StringArray.from_strings(_decoded(words, errors, path))
        return VectorData(labels, _stack(parts, len(words), shape.size))
    except ParameterError as error:
        raise FileFormatError(f"{str(path)!r}: {error}") from None


def write_rows(
    table: VectorData, path: Path, encode: Callable[[str, NDArray[np.float32]], bytes]
) -> None:
    """Write the line `V D`, then every row.

    Args:
        table: of V rows.
        path: of the file.
        encode: makes the bytes of a row of a label and its vector `(D,)`.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds whitespace.
    """
    _check_writable_labels(table.labels, path)
    rows, size = table.matrix.shape
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(f"{rows} {size}\n".encode())
        for label, row in zip(table.labels, table.matrix, strict=True):
            file.write(encode(label, row))


def _check_writable_labels(labels: StringArray, path: Path) -> None:
    """Raise `ParameterError` if a label is empty or holds whitespace, which ends a word there."""
    blank = np.isin(labels.blob, np.frombuffer(b" \t\n\r\v\f", dtype=np.uint8))
    if blank.any():
        row = int(np.searchsorted(labels.offsets, np.argmax(blank), side="right")) - 1
    elif len(labels) and not labels.lengths.all():
        row = int(np.argmin(labels.lengths))
    else:
        return
    raise ParameterError(
        f"label {labels[row]!r} cannot be written to {str(path)!r}: word2vec's formats need words "
        "without whitespace; save as .safetensors instead"
    )


def _decoded(words: Iterable[bytes], errors: str, path: Path) -> Iterator[str]:
    for row, raw in enumerate(words):
        try:
            yield raw.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            raise FileFormatError(
                f"{str(path)!r}: the word {raw!r} of row {row:,} is not UTF-8 (byte "
                f"0x{raw[error.start]:02x} at its position {error.start}); convert the file, or "
                "load it with errors='backslashreplace'"
            ) from None


def _stack(parts: deque[NDArray[np.float32]], rows: int, size: int) -> NDArray[np.float32]:
    """All parts in one matrix; each is freed once copied, so that memory is not needed twice."""
    matrix = np.empty((rows, size), dtype=np.float32)
    begin = 0
    while parts:
        part = parts.popleft()
        matrix[begin : begin + len(part)] = part
        begin += len(part)
    return matrix
