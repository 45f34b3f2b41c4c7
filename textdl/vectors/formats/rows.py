"""What formats share: the record that each reads into and writes from; and rows of word2vec's two.

Those begin with the line `V D`, and their rows arrive in blocks. What a header promises is only
allocated where the size of the file bears it out; else memory grows with what is read. A file takes
its matrix, about 250 bytes for every word, and about 100 MB for the blocks that are being read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.io.compression import create_compressed
from textdl.io.mapped_file import MappedFile
from textdl.string_array import StringArray
from textdl.vectors.formats.precision import FLOAT32
from textdl.vectors.subwords import SubwordVectors

_HEADER = re.compile(rb"(\d{1,18})[ \t]+(\d{1,18})[ \t\r]*(?:\n|\Z)")
LONGEST_HEADER = 1 << 10  # bytes
LARGEST_VECTOR = 100_000  # numbers
_LEAST_BYTES_PER_NUMBER = 2  # a digit and a space
_BYTES_PER_PART = 1 << 26  # malloc of the GNU library maps what is above 2**25 by itself


class VectorData(NamedTuple):
    """Labeled rows and what is known about them."""

    labels: StringArray  # V words
    matrix: NDArray[np.float32]  # (V, D)
    counts: NDArray[np.int64] | None = None  # (V,) occurrences in the training corpus
    norms: NDArray[np.float32] | None = None  # (V,) lengths of the rows
    config: Mapping[str, object] | None = None  # how the vectors came about; JSON values only
    subwords: SubwordVectors | None = None  # for words without rows
    tokenizer: str | None = None  # of texts, as a tokenizer.json
    source: MappedFile | None = None  # where some of this is read from when it is touched
    is_finite: bool = False  # the rows were looked at, so that norms can wait
    #: To be called before labels, counts or norms are used as a whole; raises `FileFormatError`
    #: where they are damaged. None: they were checked.
    check: Callable[[], None] | None = None


class ReadOptions(NamedTuple):
    """What is wanted of a file."""

    errors: str = "backslashreplace"  # as in `bytes.decode`, for words that are not UTF-8
    limit: int | None = None  # rows from the first on; None: all
    verify: bool = False  # compare all of the file with its checksums


def _is_file(path: Path) -> bool:
    return not path.is_dir()


class Format(NamedTuple):
    """How one format is detected, read and written."""

    matches: Callable[[bytes], bool]  # given the first bytes, decompressed; of a folder, none
    read: Callable[[Path, ReadOptions], VectorData]
    write: Callable[[VectorData, Path, str], None]  # the last is the dtype of numbers
    suffixes: tuple[str, ...] = ()  # of names that ask for it
    accepts: Callable[[Path], bool] = _is_file  # what else a file needs to be, or a folder
    dtypes: tuple[str, ...] = (FLOAT32,)  # of numbers that it can hold
    is_compressible: bool = True  # read and written in .gz and the like
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
    options: ReadOptions,
) -> VectorData:
    """Put blocks of rows together.

    Args:
        blocks: n words, as bytes, and their vectors `(n, D)`, which are finite, and which the next
            block may overwrite.
        shape: what the file claims.
        path: of the file, for messages.
        options: how many rows to take, and what becomes of words that are not UTF-8.

    Returns:
        The rows, in the order of the file.

    Raises:
        FileFormatError: the shape is out of range, rows are missing or left over, a word occurs
            twice, or a word is not UTF-8 and `errors` is "strict".
    """
    if not 1 <= shape.size <= LARGEST_VECTOR:
        raise FileFormatError(
            f"{str(path)!r} claims vectors of {shape.size:,} numbers in its first line, expected 1 "
            f"to {LARGEST_VECTOR:,}; copy or download it again"
        )
    limit = options.limit
    claimed = shape.rows
    if limit is not None and claimed is not None:
        claimed = min(claimed, limit)
    words: list[bytes] = []
    rows = _GrowingMatrix(shape.size, _credible_rows(claimed, shape.size, path))
    for block_words, block in blocks:
        words += block_words
        rows.append(block)
        if limit is not None and len(words) >= limit:
            break
    if limit is not None:
        del words[limit:]
    if claimed not in (None, len(words)):
        raise FileFormatError(
            f"{str(path)!r} claims {shape.rows:,} words in its first line, but holds "
            f"{len(words):,}; it is truncated or damaged: copy or download it again"
        )
    labels = decode_labels(words, options.errors, path)
    return VectorData(labels, rows.matrix(len(words)), is_finite=True)


def labeled_matrix(labels: Iterable[str], matrix: NDArray[Any], path: Path) -> VectorData:
    """Rows that another program's file holds, after a look at them.

    Args:
        labels: V words.
        matrix: `(V, D)` real numbers.
        path: of the file, for messages.

    Returns:
        They, in single precision; a matrix that is so already is not copied.

    Raises:
        FileFormatError: a label occurs twice, shapes disagree, or a number is not finite.
    """
    try:
        packed = labels if isinstance(labels, StringArray) else StringArray.from_strings(labels)
    except ParameterError as error:
        raise FileFormatError(f"{str(path)!r}: {error}") from None
    if matrix.ndim != 2 or len(matrix) != len(packed) or not 1 <= matrix.shape[1] <= LARGEST_VECTOR:
        raise FileFormatError(
            f"{str(path)!r} has a matrix of shape {matrix.shape} for {len(packed):,} labels; "
            f"expected one row per label, of 1 to {LARGEST_VECTOR:,} numbers"
        )
    with np.errstate(over="ignore"):
        rows = np.asarray(matrix, np.float32)
    if not np.isfinite(rows).all():
        row = int(np.argmin(np.isfinite(rows).all(axis=1)))
        raise FileFormatError(
            f"{str(path)!r}: the vector of {packed[row]!r} is not finite; copy or make it again"
        )
    return VectorData(packed, rows, is_finite=True)


def decode_labels(words: list[bytes], errors: str, path: Path) -> StringArray:
    """The labels of a file.

    Args:
        words: as they stand in it.
        errors: as in `bytes.decode`, for those that are not UTF-8.
        path: of the file, for messages.

    Returns:
        They, as distinct strings.

    Raises:
        FileFormatError: one occurs twice, or is not UTF-8 and `errors` is "strict".
    """
    try:
        b" ".join(words).decode()
        if len(set(words)) == len(words):
            return StringArray.from_encoded(words)
    except UnicodeDecodeError:
        pass
    try:
        return StringArray.from_strings(_decoded(words, errors, path))
    except ParameterError as error:
        raise FileFormatError(f"{str(path)!r}: {error}") from None


def write_rows(
    table: VectorData,
    path: Path,
    encode: Callable[[str, NDArray[np.float32]], bytes],
    *,
    with_header: bool = True,
) -> None:
    """Write the line `V D`, then every row.

    Args:
        table: of V rows.
        path: of the file.
        encode: makes the bytes of a row of a label and its vector `(D,)`.
        with_header: GloVe's files lack that line.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds whitespace.
    """
    check_labels(table.labels, path, b" \t\n\r\v\f")
    rows, size = table.matrix.shape
    with atomic_write(path) as temporary, create_compressed(temporary) as file:
        if with_header:
            file.write(f"{rows} {size}\n".encode())
        for label, row in zip(table.labels, table.matrix, strict=True):
            file.write(encode(label, row))


def check_labels(
    labels: StringArray, path: Path, ends: bytes, *, allow_empty: bool = False
) -> None:
    """Refuse labels that a format cannot hold, before anything is written.

    Args:
        labels: to be written.
        path: of the file, for messages.
        ends: the characters that end a label there.
        allow_empty: a label may be empty.

    Raises:
        ParameterError: a label is empty or has one of the characters.
    """
    bad = np.isin(labels.blob, np.frombuffer(ends, dtype=np.uint8))
    if bad.any():
        row = int(np.searchsorted(labels.offsets, np.argmax(bad), side="right")) - 1
    elif len(labels) and not allow_empty and not labels.lengths.all():
        row = int(np.argmin(labels.lengths))
    else:
        return
    shown = "whitespace" if b" " in ends else " or ".join(map(repr, ends.decode()))
    raise ParameterError(
        f"label {labels[row]!r} cannot be written to {str(path)!r}: this format needs words "
        f"without {shown}, and not empty; save as .safetensors instead"
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


def _credible_rows(claimed: int | None, size: int, path: Path) -> int:
    """How many rows a file is sure to have room for, of those that it claims."""
    most = path.stat().st_size // (_LEAST_BYTES_PER_NUMBER * size)
    return claimed if claimed is not None and claimed <= most else 0


class _GrowingMatrix:
    """Rows that arrive in blocks of any size, as one matrix that is not held twice.

    Where the number of rows is not known, they are gathered in parts that are so large that the
    system gets the memory of each back at once when it is freed.
    """

    def __init__(self, size: int, expected: int) -> None:
        self._shape = (expected or max(1, _BYTES_PER_PART // (4 * size)), size)
        self._parts: deque[NDArray[np.float32]] = deque()
        self._room = 0  # rows that the last part can still take

    def append(self, block: NDArray[np.float32]) -> None:
        while len(block):
            if not self._room:
                self._parts.append(np.empty(self._shape, np.float32))
                self._room = self._shape[0]
            taken = block[: self._room]
            end = self._shape[0] - self._room + len(taken)
            self._parts[-1][end - len(taken) : end] = taken
            self._room -= len(taken)
            block = block[len(taken) :]

    def matrix(self, rows: int) -> NDArray[np.float32]:
        """The first `rows` rows, after which there are none here."""
        if len(self._parts) == 1 and rows == self._shape[0]:
            return self._parts.pop()
        matrix = np.empty((rows, self._shape[1]), np.float32)
        for begin in range(0, rows, self._shape[0]):
            part = matrix[begin : begin + self._shape[0]]
            part[:] = self._parts.popleft()[: len(part)]
        return matrix
