"""TensorBoard's projector: a table of numbers, and beside it a table of labels, tab-separated.

``NAME.tsv`` goes with ``NAME_metadata.tsv``, as gensim's `word2vec2tensor` names them but for
``NAME_tensor.tsv``; ``vectors.tsv`` goes with ``metadata.tsv``, as in the projector's tutorials. A
table of labels with one line more than there are vectors has a header; the first column counts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.atomic import atomic_write
from textdl.io.compression import open_decompressed
from textdl.parallel import count_jobs, ordered_map
from textdl.vectors.formats.rows import (
    Format,
    ReadOptions,
    VectorData,
    check_labels,
    decode_labels,
    labeled_matrix,
)
from textdl.vectors.formats.text_rows import (
    LONGEST_LINE,
    LineBlock,
    line_blocks,
    parse_lines,
    trailing_numbers,
)

_METADATA = "metadata.tsv"
_GENSIM_SUFFIX = "_tensor"
_WORD = b"x\t"  # before every line, where the other formats of text have a word


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` has tab-separated numbers and nothing else."""
    fields = head.partition(b"\n")[0].split(b"\t")
    return trailing_numbers([_WORD, *fields]) == len(fields)


def labels_path(path: Path) -> Path:
    """Where the labels of the table at `path` are."""
    name = path.stem.removesuffix(_GENSIM_SUFFIX)
    own = path.with_name(f"{name}_{_METADATA}")
    shared = path.with_name(_METADATA)
    return shared if shared.is_file() and not own.is_file() else own


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read both tables.

    Raises:
        FileFormatError: a line is ragged or not numeric, or there are other labels than vectors.
    """
    with open_decompressed(path, FileFormatError, "vectors") as file:
        size = len(file.readline(LONGEST_LINE).split(b"\t"))
        file.seek(0)
        parts = []
        rows = 0

        def parse(lines: LineBlock) -> NDArray[np.float32]:
            marked = _WORD + lines.text[:-1].replace(b"\n", b"\n" + _WORD) + b"\n"
            return parse_lines(LineBlock(marked, lines.number), size, path)[1]

        for part in ordered_map(parse, line_blocks(file, 1, path), count_jobs(None)):
            parts.append(part)
            rows += len(part)
            if options.limit is not None and rows >= options.limit:
                break
    matrix = np.concatenate(parts)[: options.limit]
    lines = labels_path(path).read_bytes().removesuffix(b"\n").split(b"\n")
    is_whole = options.limit is None or rows < options.limit
    if is_whole and len(lines) not in (rows, rows + 1):
        raise FileFormatError(
            f"{str(labels_path(path))!r} has {len(lines):,} lines for {rows:,} vectors; expected "
            "one per vector, or one more with a header"
        )
    has_header = len(lines) == rows + 1 if is_whole else b"\t" in lines[0]
    words = [line.rstrip(b"\r").partition(b"\t")[0] for line in lines[has_header:]]
    return labeled_matrix(decode_labels(words[: len(matrix)], options.errors, path), matrix, path)


def write(table: VectorData, path: Path) -> None:
    """Write both tables, that of the labels first.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty, or has a tab or the end of a line.
    """
    check_labels(table.labels, path, b"\t\n\r")
    line = "\t".join(["%.9g"] * table.matrix.shape[1]) + "\n"
    beside = path.with_name(f"{path.stem.removesuffix(_GENSIM_SUFFIX)}_{_METADATA}")
    with atomic_write(path) as numbers, atomic_write(beside) as labels:
        labels.write_bytes(b"\n".join([*table.labels.encoded(), b""]))
        with numbers.open("wb") as file:
            for row in table.matrix:
                file.write((line % tuple(row.tolist())).encode())


FORMAT = Format(
    matches,
    read,
    lambda table, path, dtype: write(table, path),
    suffixes=(".tsv",),
    accepts=lambda path: path.is_file() and labels_path(path).is_file(),
    is_compressible=False,  # the projector reads plain text
)
