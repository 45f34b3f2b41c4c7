"""Parquet: a column of labels, one of vectors (lists of numbers), and one of counts if known.

Written are `word`, `vector` (a list of fixed size) and `count`; read are the first column of text
and the first of lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, OutputError, TextdlError
from textdl.io.atomic import atomic_write
from textdl.text.parquet import read_batches, read_schema
from textdl.vectors.formats.precision import FLOAT32, compact
from textdl.vectors.formats.rows import (
    Format,
    ReadOptions,
    Shape,
    VectorData,
    build_vectors,
)

_ROWS_PER_GROUP = 1 << 16


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read the labels and the vectors, a batch of rows at a time.

    Raises:
        FileFormatError: the file is damaged, or lacks such columns, or pyarrow is not installed.
    """
    try:
        return _read(path, options)
    except FileFormatError:
        raise
    except TextdlError as error:  # of the reader of corpora
        raise FileFormatError(str(error)) from None


def _read(path: Path, options: ReadOptions) -> VectorData:
    schema = read_schema(path)
    from pyarrow import types  # an extra, and slow to load

    texts = [it.name for it in schema if types.is_string(it.type) or types.is_large_string(it.type)]
    lists = [
        it.name
        for it in schema
        if (types.is_fixed_size_list(it.type) or types.is_list(it.type))
        and types.is_floating(it.type.value_type)
    ]
    if not texts or not lists:
        raise FileFormatError(
            f"{str(path)!r} has the columns {', '.join(schema.names)}; expected one of text, and "
            "one of lists of numbers"
        )
    batches = read_batches(path, [texts[0], lists[0]])
    first = next(batches, None)
    if first is None or not len(first):
        raise FileFormatError(f"{str(path)!r} has no rows; make it again")
    size = len(first.column(lists[0])[0] or ())

    def rows() -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
        yield _parse_batch(first, texts[0], lists[0], size, path)
        for batch in batches:
            yield _parse_batch(batch, texts[0], lists[0], size, path)

    return build_vectors(rows(), Shape(None, size), path, options)


def _parse_batch(
    batch: Any, text: str, vectors: str, size: int, path: Path
) -> tuple[list[bytes], NDArray[np.float32]]:
    """Labels and vectors of a record batch."""
    words = batch.column(text)
    lists = batch.column(vectors)
    values = lists.flatten()
    lengths = np.asarray(lists.value_lengths())
    if words.null_count or lists.null_count or values.null_count or (lengths != size).any():
        raise FileFormatError(
            f"{str(path)!r} has nulls or vectors of several lengths; expected a label and "
            f"{size:,} numbers in every row"
        )
    with np.errstate(over="ignore"):
        matrix = np.asarray(values.to_numpy(zero_copy_only=False), np.float32).reshape(-1, size)
    if not np.isfinite(matrix).all():
        row = int(np.argmin(np.isfinite(matrix).all(axis=1)))
        raise FileFormatError(
            f"{str(path)!r}: vector {row:,} of a batch is not finite; make it again"
        )
    # pyarrow does not check that text is UTF-8.
    return words.cast("large_binary").to_pylist(), matrix


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
    try:
        import pyarrow as pa  # an extra, and slow to load
        from pyarrow import parquet
    except ImportError:
        raise OutputError(
            f"writing {str(path)!r} needs pyarrow; pip install 'textdl[parquet]'"
        ) from None
    size = table.matrix.shape[1]
    numbers = pa.array(compact(table.matrix, dtype).values.reshape(-1))
    columns = {
        "word": pa.array(list(table.labels), pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(numbers, size),
    }
    if table.counts is not None:
        columns["count"] = pa.array(table.counts)
    with atomic_write(path) as temporary:
        # Numbers that hardly repeat gain nothing from a dictionary.
        parquet.write_table(
            pa.table(columns), temporary, row_group_size=_ROWS_PER_GROUP, use_dictionary=False
        )


FORMAT = Format(
    lambda head: head.startswith(b"PAR1"),
    read,
    write,
    suffixes=(".parquet",),
    dtypes=(FLOAT32, "float16"),
    is_compressible=False,  # its pages are compressed by themselves
)
