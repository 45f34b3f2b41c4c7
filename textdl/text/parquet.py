"""Parquet files: batches of rows, and a column of text.

pyarrow takes a quarter of a second to load and 100 MB to install, so it is an extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textdl.errors import CorpusReadError
from textdl.text.files import DecodeErrors

ROWS_AT_ONCE = 1 << 9
BYTES_AT_ONCE = 1 << 26
LONGEST_TEXT = 1 << 28  # bytes


def read_text(path: Path, name: str, *, errors: DecodeErrors = "strict") -> Iterator[list[str]]:
    """The texts of a column, a run of rows at a time.

    Args:
        path: of the file.
        name: of the column.
        errors: what to do with bytes that are not UTF-8, and with a null: ``strict`` refuses them;
            otherwise a null is an empty text.

    Yields:
        The texts of some rows, in order.

    Raises:
        CorpusReadError: the file cannot be read, has no such column, or one of something else.
    """
    row = 0
    for batch in read_batches(path, [name]):
        column = batch.column(0)
        _check_text(column, path, name)
        texts = read_values(column, path, name, row, errors=errors)
        if errors == "strict" and column.null_count:
            raise CorpusReadError(
                f"row {row + texts.index(None) + 1:,} of column {name!r} of {str(path)!r} "
                "is null; drop or fill it, or pass errors='ignore' (--errors ignore) to take it as "
                "empty"
            )
        row += len(texts)
        yield [text or "" for text in texts]


def read_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """The rows of a file as record batches of pyarrow, of about `BYTES_AT_ONCE` bytes at most.

    A few kilobytes of a file may stand for gigabytes: one long text, kept once in a dictionary, in
    each of many rows. So a batch has the fewer rows the larger the dictionary is. What a page of
    the file holds, which its writer chose (a megabyte, mostly), is in memory at once.

    Args:
        path: of the file.
        columns: those to read; None: all.

    Raises:
        CorpusReadError: the file cannot be read or lacks a column, or pyarrow is missing.
    """
    parquet = _parquet(path)
    with _reading(path), parquet.ParquetFile(path) as file:
        held = file.schema_arrow.names
        for column in columns or ():
            if column not in held:
                raise CorpusReadError(
                    f"{str(path)!r} has no column {column!r}, only {', '.join(held) or 'none'}; "
                    f"name one as {path.name}::{held[0] if held else 'text'}"
                )
        for group in range(file.num_row_groups):
            # What pyarrow finds wrong with a column ends the process when its metadata are asked
            # for by hand (26.0), and is an exception where a row is read.
            next(file.iter_batches(1, [group], columns=columns), None)
            size = _largest_row(path, file, group, columns)
            rows = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // size))
            yield from file.iter_batches(rows, [group], columns=columns)


def read_schema(path: Path) -> Any:
    """The names and types of the columns of a file, as pyarrow has them.

    Raises:
        CorpusReadError: the file cannot be read, or pyarrow is missing.
    """
    parquet = _parquet(path)
    with _reading(path):
        return parquet.read_schema(path)


def _parquet(path: Path) -> Any:  # the module
    try:
        from pyarrow import parquet  # an extra, and slow to load
    except ImportError as error:
        raise CorpusReadError(
            f"{str(path)!r} is Parquet, which needs pyarrow; pip install 'textdl[parquet]'"
        ) from error
    return parquet


def _largest_row(path: Path, file: Any, number: int, columns: Sequence[str] | None) -> int:
    """How many bytes each row of a group may expand to, or does on average, if that is more.

    Raises:
        CorpusReadError: it is more than can be read.
    """
    group = file.metadata.row_group(number)
    size = 1
    for place in range(group.num_columns):
        if columns is not None and file.schema.column(place).path.split(".")[0] not in columns:
            continue
        column = group.column(place)
        longest = _dictionary_bytes(path, column)
        if longest > LONGEST_TEXT:
            raise CorpusReadError(
                f"column {column.path_in_schema!r} of {str(path)!r} has a dictionary of "
                f"{longest:,} bytes; expected at most {LONGEST_TEXT:,}: write the file again "
                "without dictionaries"
            )
        per_row = -(-column.num_values // max(1, group.num_rows))  # more than 1 in lists
        size += max(longest * per_row, column.total_uncompressed_size // max(1, group.num_rows))
    return size


def _dictionary_bytes(path: Path, column: Any) -> int:
    """The size of the page of distinct values, which no value exceeds; 0 if there is none."""
    if not column.has_dictionary_page:
        return 0
    with path.open("rb") as stream:
        stream.seek(column.dictionary_page_offset)
        header = stream.read(16)
    # Thrift's compact protocol: fields 1 (kind of page) and 2 (uncompressed size) are i32, each
    # written as its type and a variable-length integer, with the sign in the lowest bit.
    number = shift = 0
    for byte in header[3:]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return number >> 1 if header[:1] == header[2:3] == b"\x15" else column.total_uncompressed_size


def read_values(
    column: Any, path: Path, name: str, row: int, *, errors: DecodeErrors = "strict"
) -> list[Any]:
    """A column of a batch as Python values.

    Args:
        column: of pyarrow, which does not check that text is UTF-8.
        path: of the file.
        name: of the column.
        row: how many rows of the file come before.
        errors: what to do with bytes that are not UTF-8.

    Returns:
        One value per row; None for a null.

    Raises:
        CorpusReadError: a text is not UTF-8.
    """
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        if not _is_text(column.type):
            raise CorpusReadError(
                f"column {name!r} of {str(path)!r} holds text that is not UTF-8, from row "
                f"{row + 1:,} on; convert it"
            ) from None
        values = _raw(column)
        for number, raw in enumerate(values, start=row + 1):
            if raw is None:
                continue
            try:
                values[number - row - 1] = raw.decode("utf-8", errors)
            except UnicodeDecodeError as error:
                raise CorpusReadError(
                    f"row {number:,} of column {name!r} of {str(path)!r} is not UTF-8: byte "
                    f"0x{raw[error.start]:02x} at position {error.start:,}; convert it, or pass "
                    "errors='replace' (--errors replace) to go on"
                ) from None
    return values


def _raw(column: Any) -> list[Any]:
    """The texts of a column as they are stored."""
    import pyarrow
    from pyarrow import types

    plain = column.dictionary_decode() if types.is_dictionary(column.type) else column
    binary = pyarrow.large_binary() if types.is_large_string(plain.type) else pyarrow.binary()
    raw: list[Any] = plain.cast(binary).to_pylist()
    return raw


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say in one line what pyarrow has found."""
    from pyarrow import ArrowException

    try:
        yield
    except CorpusReadError:
        raise
    except (OSError, ArrowException, UnicodeDecodeError) as error:
        line = (str(error).splitlines() or ["it is damaged"])[0]
        raise CorpusReadError(
            f"{str(path)!r} cannot be read as Parquet ({line}); copy or make it again"
        ) from error


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _check_text(column: Any, path: Path, name: str) -> None:
    if not _is_text(column.type):
        raise CorpusReadError(
            f"column {name!r} of {str(path)!r} holds {column.type}, not text; name another as "
            f"{path}::column, or cast it to string"
        )
