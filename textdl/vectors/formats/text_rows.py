"""Rows of text: a word and its numbers per line, parsed in blocks of lines.

Blanks and numbers are found and read for a whole block by operations on arrays, which leave the
lock of the interpreter, so that blocks are parsed on all cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.vectors.formats.decimals import WIDTH, parse_decimals

_BYTES_PER_BLOCK = 1 << 18
LONGEST_LINE = 1 << 21  # bytes: of the largest vector, with 9 digits per number, and its word


class LineBlock(NamedTuple):
    """Whole lines of a text."""

    text: bytes  # ends in a newline
    number: int  # of the first line


def line_blocks(file: IO[bytes], number: int, path: Path) -> Iterator[LineBlock]:
    """The lines of a text, about 256 kB at a time.

    Args:
        file: to read from where it is.
        number: of the first line.
        path: of the file, for messages.

    Yields:
        Whole lines.

    Raises:
        FileFormatError: a line is too long.
    """
    pending = b""
    while block := file.read(_BYTES_PER_BLOCK):
        lines, newline, rest = block.rpartition(b"\n")
        if newline:
            text = b"".join([pending, lines, newline])
            yield LineBlock(text, number)
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
        yield LineBlock(pending + b"\n", number)


def parse_lines(lines: LineBlock, size: int, path: Path) -> tuple[list[bytes], NDArray[np.float32]]:
    """Words and vectors of lines. A word may hold spaces: the last D fields count.

    Args:
        lines: those that are blank are left out.
        size: D.
        path: of the file, for messages.

    Returns:
        The words, as bytes, and their vectors `(n, D)`.

    Raises:
        FileFormatError: a line is ragged, not numeric or not finite.
    """
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
    found = trailing_numbers(fields)
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


def trailing_numbers(fields: list[bytes]) -> int:
    """How many fields at the end are numbers, the first field (the word) not counted."""
    count = 0
    while count < len(fields) - 1 and _is_number(fields[-1 - count]):
        count += 1
    return count
