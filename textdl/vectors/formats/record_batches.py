"""What Parquet and Arrow share: tables with a column of labels, one of vectors, one of counts.

Written are `word`, `vector` (a list of fixed size) and `count`, if counts are known; read are the
first column of text, the first of lists of numbers, and `count`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, OutputError, TextdlError
from textdl.vectors.formats.precision import compact
from textdl.vectors.formats.rows import ReadOptions, Shape, VectorData, build_vectors

ROWS_PER_BATCH = 1 << 16
_WORD = "word"
_VECTOR = "vector"
_COUNT = "count"


class VectorColumns(NamedTuple):
    """Which columns of a table are read."""

    words: str
    vectors: str
    counts: str | None

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [name for name in self if name is not None]


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Say in one line what pyarrow has found.

    Raises:
        FileFormatError: in place of any error that a damaged file leads to.
    """
    from pyarrow import ArrowException  # an extra, and slow to load

    try:
        yield
    except TextdlError:
        raise
    except (OSError, ArrowException, UnicodeDecodeError, struct.error) as error:
        line = (str(error).splitlines() or ["it is damaged"])[0]
        raise FileFormatError(f"{str(path)!r} is damaged ({line}); copy or make it again") from None


def find_columns(schema: Any, path: Path) -> VectorColumns:
    """The columns that are read of a table.

    Args:
        schema: of pyarrow.
        path: of the file, for messages.

    Returns:
        Their names.

    Raises:
        FileFormatError: none is of text, or none of lists of numbers.
    """
    from pyarrow import types  # an extra, and slow to load

    words = [it.name for it in schema if _is_text(types, it.type)]
    vectors = [
        it.name
        for it in schema
        if _is_list(types, it.type) and types.is_floating(it.type.value_type)
    ]
    if not words or not vectors:
        raise FileFormatError(
            f"{str(path)!r} has the columns {', '.join(schema.names)}; expected one of text, and "
            "one of lists of numbers"
        )
    for name in (words[0], vectors[0]):
        if schema.names.count(name) > 1:
            raise FileFormatError(f"{str(path)!r} has two columns {name!r}; rename one of them")
    counts = [it.name for it in schema if it.name == _COUNT and types.is_integer(it.type)]
    return VectorColumns(words[0], vectors[0], counts[0] if len(counts) == 1 else None)


def _is_text(types: Any, kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_list(types: Any, kind: Any) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def build_from_batches(
    batches: Iterable[Any], columns: VectorColumns, path: Path, options: ReadOptions
) -> VectorData:
    """The vectors of record batches.

    Args:
        batches: of pyarrow, with the columns at least.
        columns: that are read.
        path: of the file, for messages.
        options: how many rows to take, and what becomes of words that are not UTF-8.

    Returns:
        The rows, in their order.

    Raises:
        FileFormatError: there are no rows, a value is missing or not finite, vectors have several
            lengths, or a word occurs twice.
    """
    source = iter(batches)
    first = next((batch for batch in source if len(batch)), None)
    if first is None:
        raise FileFormatError(f"{str(path)!r} has no rows; make it again")
    size = _parse_vectors(first.column(columns.vectors), None, path).shape[1]
    counts: list[NDArray[np.int64]] = []

    def rows() -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
        for batch in chain([first], source):
            if columns.counts is not None:
                counts.append(_parse_counts(batch.column(columns.counts), path))
            yield (
                _parse_words(batch.column(columns.words), path),
                _parse_vectors(batch.column(columns.vectors), size, path),
            )

    table = build_vectors(rows(), Shape(None, size), path, options)
    if columns.counts is None:
        return table
    return table._replace(counts=np.concatenate(counts)[: len(table.labels)])


def _parse_words(column: Any, path: Path) -> list[bytes]:
    """Words as they are stored: pyarrow does not check that text is UTF-8."""
    import pyarrow as pa  # an extra, and slow to load

    kinds = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    raw = column.view(kinds.get(column.type, pa.binary_view()))
    raw.validate(full=True)
    _require_no_nulls(column, path)
    words: list[bytes] = raw.to_pylist()
    return words


def _parse_vectors(lists: Any, size: int | None, path: Path) -> NDArray[np.float32]:
    """The vectors `(n, D)` of a column, `size` being D where it is known."""
    lists.validate(full=True)
    _require_no_nulls(lists, path)
    values = lists.flatten()
    _require_no_nulls(values, path)
    lengths = np.asarray(lists.value_lengths())
    if size is None:
        size = int(lengths[0])
    if (lengths != size).any():
        raise FileFormatError(
            f"{str(path)!r} has vectors of several lengths; expected {size:,} numbers in every row"
        )
    with np.errstate(over="ignore"):
        matrix = np.asarray(values.to_numpy(zero_copy_only=False), np.float32)
    matrix = matrix.reshape(len(lists), size)
    if not np.isfinite(matrix).all():
        row = int(np.argmin(np.isfinite(matrix).all(axis=1)))
        raise FileFormatError(
            f"{str(path)!r}: vector {row:,} of a batch is not finite; make it again"
        )
    return matrix


def _parse_counts(column: Any, path: Path) -> NDArray[np.int64]:
    column.validate(full=True)
    _require_no_nulls(column, path)
    counts = np.asarray(column)
    if len(counts) and not 0 <= int(counts.min()) <= int(counts.max()) < 1 << 63:
        raise FileFormatError(
            f"{str(path)!r} has counts from {counts.min()} to {counts.max()}; expected 0 or more"
        )
    return counts.astype(np.int64)


def _require_no_nulls(column: Any, path: Path) -> None:
    if column.null_count:
        raise FileFormatError(
            f"{str(path)!r} has nulls; expected a label and a vector in every row"
        )


def make_table(table: VectorData, path: Path, dtype: str) -> Any:
    """A table of pyarrow.

    Args:
        table: to be written.
        path: where, for messages.
        dtype: of the numbers, float32 or float16.

    Returns:
        Its columns `word`, `vector`, and `count` if counts are known.

    Raises:
        OutputError: pyarrow is not installed.
        ParameterError: a number is too large for `dtype`.
    """
    try:
        import pyarrow as pa  # an extra, and slow to load
    except ImportError:
        raise OutputError(
            f"writing {str(path)!r} needs pyarrow; pip install 'textdl[parquet]'"
        ) from None
    numbers = pa.array(compact(table.matrix, dtype).values.reshape(-1))
    columns = {
        _WORD: pa.array(list(table.labels), pa.string()),
        _VECTOR: pa.FixedSizeListArray.from_arrays(numbers, table.matrix.shape[1]),
    }
    if table.counts is not None:
        columns[_COUNT] = pa.array(table.counts)
    return pa.table(columns)
