"""Parquet files: records of columns, and a column of text as a corpus.

pyarrow takes a quarter of a second to load and 100 MB to install, so it is an extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from textdl.errors import CorpusReadError

SUFFIX = ".parquet"
MARK = "::"  # between the file and its column
COLUMN = "text"
ROWS_AT_ONCE = 1 << 12


class TextColumn(NamedTuple):
    """A column of a file."""

    file: str  # or a folder, or a glob
    column: str = COLUMN

    @classmethod
    def parse(cls, name: str) -> TextColumn:
        """Read a name such as ``reviews.parquet::body``; without a column, it is ``text``.

        Example:
            >>> TextColumn.parse("reviews.parquet::body")
            TextColumn(file='reviews.parquet', column='body')
            >>> TextColumn.parse("notes.txt").column
            'text'
        """
        file, mark, column = name.rpartition(MARK)
        return cls(file, column) if mark and file and column else cls(name)


def is_parquet(path: Path) -> bool:
    """Whether a path, with or without a column, names a Parquet file."""
    name = str(path)
    return any(file.lower().endswith(SUFFIX) for file in (name, TextColumn.parse(name).file))


def read_text(path: Path, *, strict: bool = True) -> Iterator[list[str]]:
    """The texts of a column, a run of rows at a time.

    Args:
        path: of the file, perhaps with ``::column``.
        strict: refuse a null; otherwise it is an empty text.

    Raises:
        CorpusReadError: the file cannot be read, has no such column, or one of something else.
    """
    # A file may have such a name.
    name = TextColumn(str(path)) if path.is_file() else TextColumn.parse(str(path))
    row = 0
    for batch in read_batches(Path(name.file), [name.column]):
        column = batch.column(0)
        _check_text(column, name)
        with _reading(Path(name.file)):
            texts = column.to_pylist()
        if strict and column.null_count:
            raise CorpusReadError(
                f"row {row + texts.index(None) + 1:,} of column {name.column!r} of {name.file!r} "
                "is null; drop or fill it, or pass errors='ignore' (--errors ignore) to take it as "
                "empty"
            )
        row += len(texts)
        yield [text or "" for text in texts]


def read_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """The rows of a file as record batches of pyarrow.

    Args:
        path: of the file.
        columns: those to read; None: all.

    Raises:
        CorpusReadError: the file cannot be read or lacks a column, or pyarrow is missing.
    """
    try:
        from pyarrow import parquet  # an extra, and slow to load
    except ImportError as error:
        raise CorpusReadError(
            f"{str(path)!r} is Parquet, which needs pyarrow; pip install 'textdl[parquet]'"
        ) from error
    with _reading(path), parquet.ParquetFile(path) as file:
        held = file.schema_arrow.names
        for column in columns or ():
            if column not in held:
                raise CorpusReadError(
                    f"{str(path)!r} has no column {column!r}, only {', '.join(held) or 'none'}; "
                    f"name one as {path.name}{MARK}{held[0] if held else COLUMN}"
                )
        yield from file.iter_batches(ROWS_AT_ONCE, columns=columns)


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


def _check_text(column: Any, name: TextColumn) -> None:
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    if not text:
        raise CorpusReadError(
            f"column {name.column!r} of {name.file!r} holds {kind}, not text; name another as "
            f"{name.file}{MARK}column, or cast it to string"
        )
