"""word2vec text: a line `V D`, then a word and its D numbers per line; GloVe omits the first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.compression import open_decompressed
from textdl.parallel import count_jobs, ordered_map
from textdl.vectors.formats.decimals import WIDTH, parse_decimals
from textdl.vectors.formats.rows import (
    Format,
    ReadOptions,
    Shape,
    VectorData,
    build_vectors,
    parse_header,
    write_rows,
)

_BYTES_PER_BLOCK = 1 << 18
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


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read `path`, blocks of lines on all cores. A word may hold spaces: the last D fields count.

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
        blocks = _line_blocks(file, 2 if claimed else 1, path)
        parse = partial(_parse_lines, size=shape.size, path=path)
        rows = ordered_map(parse, blocks, count_jobs(None))
        return build_vectors(rows, shape, path, options)


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


class _LineBlock(NamedTuple):
    """Whole lines of a text."""

    text: bytes  # ends in a newline
    number: int  # of the first line


def _line_blocks(file: IO[bytes], number: int, path: Path) -> Iterator[_LineBlock]:
    """Lines of about 256 kB at a time, from line `number` on."""
    pending = b""
    while block := file.read(_BYTES_PER_BLOCK):
        lines, newline, rest = block.rpartition(b"\n")
        if newline:
            text = b"".join([pending, lines, newline])
            yield _LineBlock(text, number)
            number += text.count(b"\n")
            pending = rest
        else:
            pending += rest
        if len(pending) > LONGEST_LINE:
            raise FileFormatError(
                f"{str(path)!r} has a line of more than {LONGEST_LINE:,} bytes, {pending[:20]!r}..."
                ", expected a word and its vector; correct or remove the line"
            )
    if pending:
        yield _LineBlock(pending + b"\n", number)


def _parse_lines(
    lines: _LineBlock, size: int, path: Path
) -> tuple[list[bytes], NDArray[np.float32]]:
    """Words and `(n, D)` vectors of lines."""
    raw = b" " * WIDTH + lines.text
    text = np.frombuffer(raw, np.uint8)
    is_space = (text == ord(" ")) | (text - np.uint8(ord("\t")) <= ord("\r") - ord("\t"))
    edges = np.flatnonzero(is_space[1:] != is_space[:-1]) + 1
    starts = edges[0::2]
    ends = edges[1::2]
    newlines = np.flatnonzero(text == ord("\n"))
    last = np.searchsorted(starts, newlines)  # the fields up to the end of each line
    first = np.append(0, last[:-1])
    is_regular = last - first == size + 1
    for line in np.flatnonzero(~is_regular & (last > first)).tolist():
        bounds = (starts[first[line]], newlines[line])
        _check_fields(raw[bounds[0] : bounds[1]], size, lines.number + line, path)
    is_row = last > first
    first = first[is_row]
    numbers = last[is_row] - size  # the field of each row's first number
    words = zip(starts[first].tolist(), ends[numbers - 1].tolist(), strict=True)
    fields = (numbers[:, None] + np.arange(size)).reshape(-1)
    block = parse_decimals(text, starts[fields], ends[fields]).reshape(len(first), size)
    if not np.isfinite(block).all():
        row, column = np.argwhere(~np.isfinite(block))[0]
        field = numbers[row] + column
        value = raw[starts[field] : ends[field]].decode(errors="replace")
        raise FileFormatError(
            f"{str(path)!r}, line {lines.number + int(np.flatnonzero(is_row)[row]):,}: {value!r} "
            "is not a finite number; correct or remove the line"
        )
    return [raw[begin:end] for begin, end in words], block


def _check_fields(line: bytes, size: int, number: int, path: Path) -> None:
    """Refuse a line that does not end in as many numbers as the others, whatever its word is."""
    fields = line.split()
    found = _trailing_numbers(fields)
    if found != size:
        raise FileFormatError(
            f"{str(path)!r}, line {number:,}: {found:,} numbers after {fields[0]!r}, expected "
            f"{size:,}; correct or remove the line"
        )


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


FORMAT = Format(
    matches, read, lambda table, path, dtype: write(table, path), suffixes=(".txt", ".vec")
)
