"""word2vec text: a line `V D`, then a word and its D numbers per line; so is fastText's `.vec`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.compression import open_decompressed
from textdl.parallel import count_jobs, ordered_map
from textdl.vectors.formats.rows import (
    Format,
    ReadOptions,
    Shape,
    VectorData,
    build_vectors,
    parse_header,
    write_rows,
)
from textdl.vectors.formats.text_rows import (
    LONGEST_LINE,
    line_blocks,
    parse_lines,
    trailing_numbers,
)


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` has the header line, and a first row of text."""
    shape, start = parse_header(head) or (None, 0)
    if shape is None:
        return False
    line = head[start:].lstrip(b"\n").partition(b"\n")[0]
    numbers = trailing_numbers(line.split())
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

    Without the line `V D`, the first row says how many numbers there are.

    Raises:
        FileFormatError: a line is ragged, not numeric or not finite, or lines are missing.
    """
    with open_decompressed(path, FileFormatError, "vectors") as file:
        first = file.readline(LONGEST_LINE)
        claimed = parse_header(first)
        if claimed:
            shape = claimed[0]
        else:
            shape = Shape(rows=None, size=trailing_numbers(first.split()))
            file.seek(0)
        blocks = line_blocks(file, 2 if claimed else 1, path)
        parse = partial(parse_lines, size=shape.size, path=path)
        rows = ordered_map(parse, blocks, count_jobs(None))
        return build_vectors(rows, shape, path, options)


def write(table: VectorData, path: Path, *, with_header: bool = True) -> None:
    """Write `table` to `path` with nine significant digits, which give the same float32 back.

    Args:
        table: to be written.
        path: of the file.
        with_header: begin with the line `V D`.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds whitespace.
    """
    write_rows(table, path, encode_row, with_header=with_header)


def encode_row(label: str, row: NDArray[np.float32]) -> bytes:
    r"""A line: a word and its vector `(D,)`.

    Example:
        >>> encode_row("up", np.float32([0.1, -2]))
        b'up 0.100000001 -2\n'
    """
    numbers = " %.9g" * len(row) % tuple(row.tolist())
    return f"{label}{numbers}\n".encode()


FORMAT = Format(
    matches, read, lambda table, path, dtype: write(table, path), suffixes=(".txt", ".vec")
)
