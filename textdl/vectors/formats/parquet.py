"""Parquet: a column of labels, one of vectors (lists of numbers), and one of counts if known."""

from __future__ import annotations

from pathlib import Path

from textdl.errors import FileFormatError, TextdlError
from textdl.io.atomic import atomic_write
from textdl.text.parquet import read_batches, read_schema
from textdl.vectors.formats.precision import FLOAT32
from textdl.vectors.formats.record_batches import (
    ROWS_PER_BATCH,
    build_from_batches,
    decoding,
    find_columns,
    make_table,
)
from textdl.vectors.formats.rows import Format, ReadOptions, VectorData


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read the labels and the vectors, a batch of rows at a time.

    Raises:
        FileFormatError: the file is damaged, or lacks such columns, or pyarrow is not installed.
    """
    try:
        schema = read_schema(path)  # says so if pyarrow is missing
        with decoding(path):
            columns = find_columns(schema, path)
            return build_from_batches(read_batches(path, columns.names), columns, path, options)
    except FileFormatError:
        raise
    except TextdlError as error:  # of the reader of corpora
        raise FileFormatError(str(error)) from None


def write(table: VectorData, path: Path, dtype: str) -> None:
    """Write `table` to `path`.

    Args:
        table: to be written.
        path: of the file.
        dtype: of the numbers, float32 or float16.

    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or pyarrow missing.
        ParameterError: a number is too large for `dtype`.
    """
    rows = make_table(table, path, dtype)
    from pyarrow import parquet  # an extra, and slow to load

    with atomic_write(path) as temporary:
        # Numbers that hardly repeat gain nothing from a dictionary.
        parquet.write_table(rows, temporary, row_group_size=ROWS_PER_BATCH, use_dictionary=False)


FORMAT = Format(
    lambda head: head.startswith(b"PAR1"),
    read,
    write,
    suffixes=(".parquet",),
    dtypes=(FLOAT32, "float16"),
    is_compressible=False,  # its pages are compressed by themselves
)
