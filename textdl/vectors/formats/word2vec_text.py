"""word2vec text: a line `V D`, then a word and its D numbers per line; GloVe omits the first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.compression import open_decompressed
from textdl.vectors.formats.rows import (
    Format,
    Shape,
    VectorData,
    build_vectors,
    parse_header,
    write_rows,
)

_BYTES_PER_BLOCK = 1 << 20
LONGEST_LINE = 1 << 21  # bytes: of the largest vector, with 9 digits per number, and its word


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is text: its first row ends in numbers."""
    shape, start = parse_header(head) or (None, 0)
    line = head[start:].lstrip(b"\n").partition(b"\n")[0]
    numbers = _trailing_numbers(line.split())
    if shape is None:
        return numbers > 0
    if shape.rows == 0 or numbers >= shape.size:
        return True
    # A damaged first row is still text, if it looks like text. But a binary row may look so too,
    # by chance, where it has few numbers: then it has four bytes for each.
    is_printable = all(32 <= byte < 127 or byte in b"\t\r" for byte in line)
    numbers_end = start + head[start:].find(b" ") + 1 + 4 * shape.size
    is_binary_row = head[numbers_end : numbers_end + 1] in (b"", b"\n")
    return is_printable and not is_binary_row


def read(path: Path, errors: str) -> VectorData:
    """Read `path`, a block of lines at a time. A word may hold spaces: the last D fields count.

    Raises:
        FileFormatError: a line is ragged, not numeric or not finite, or lines are missing.
    """
    with open_decompressed(path, FileFormatError, "vectors") as file:
        first = file.readline(LONGEST_LINE)
        claimed = parse_header(first)
        if claimed:
            shape = claimed[0]
        else:
            shape = Shape(rows=None, size=_trailing_numbers(first.split()))
            file.seek(0)
        return build_vectors(
            _blocks(file, 2 if claimed else 1, shape.size, path), shape, path, errors
        )


def write(table: VectorData, path: Path) -> None:
    """Write `table` to `path` with nine significant digits, which give the same float32 back.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds whitespace.
    """
    line = " ".join(["%s", *["%.9g"] * table.matrix.shape[1]]) + "\n"

    def encode(label: str, row: NDArray[np.float32]) -> bytes:
        return (line % (label, *row.tolist())).encode()

    write_rows(table, path, encode)


def _blocks(
    file: IO[bytes], number: int, size: int, path: Path
) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
    """Words and `(n, D)` vectors of about a megabyte of lines at a time, from line `number` on."""
    for lines in _lines(file, path):
        numbered = enumerate(lines, start=number)
        rows = [(n, _fields(line, size, n, path)) for n, line in numbered if line.strip()]
        number += len(lines)
        yield [fields[0] for _, fields in rows], _parse(rows, size, path)


def _lines(file: IO[bytes], path: Path) -> Iterator[list[bytes]]:
    """The lines that end in each block of bytes, without their ends."""
    pending = b""
    while block := file.read(_BYTES_PER_BLOCK):
        lines = (pending + block).split(b"\n")
        pending = lines.pop()
        if len(pending) > LONGEST_LINE:
            raise FileFormatError(
                f"{str(path)!r} has a line of more than {LONGEST_LINE:,} bytes, {pending[:20]!r}..."
                ", expected a word and its vector; correct or remove the line"
            )
        yield lines
    if pending:
        yield [pending]


def _fields(line: bytes, size: int, number: int, path: Path) -> list[bytes]:
    """The word and its numbers, still as text."""
    fields = line.split()
    if len(fields) == size + 1:
        return fields
    found = _trailing_numbers(fields)
    if found != size:
        raise FileFormatError(
            f"{str(path)!r}, line {number:,}: {found:,} numbers after {fields[0]!r}, expected "
            f"{size:,}; correct or remove the line"
        )
    return line.rstrip().rsplit(None, size)


def _parse(rows: list[tuple[int, list[bytes]]], size: int, path: Path) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            block = np.array([x for _, fields in rows for x in fields[1:]], dtype=np.float32)
        if np.isfinite(block).all():
            return block.reshape(len(rows), size)
    except ValueError:
        pass
    number, value = next((n, x) for n, fields in rows for x in fields[1:] if not _is_finite(x))
    raise FileFormatError(
        f"{str(path)!r}, line {number:,}: {value.decode(errors='replace')!r} is not a finite "
        "number; correct or remove the line"
    )


def _is_finite(field: bytes) -> bool:
    with np.errstate(over="ignore"):
        return _is_number(field) and bool(np.isfinite(np.float32(float(field))))


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _trailing_numbers(fields: list[bytes]) -> int:
    """How many fields at the end are numbers, the first field (the word) not counted."""
    count = 0
    while count < len(fields) - 1 and _is_number(fields[-1 - count]):
        count += 1
    return count


FORMAT = Format(matches, read, write, suffixes=(".txt", ".vec"))
