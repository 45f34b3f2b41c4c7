"""Rows of a file as records: TSV, CSV, JSON lines, Parquet, or fastText's lines.

A file is known by its name, and what its name does not tell by its first line. A header is a first
line that has the names of the columns that are asked for.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

from textdl.errors import CorpusReadError, DataError
from textdl.text import parquet
from textdl.text.files import (
    LONGEST_DOCUMENT,
    MARK,
    PARQUET_SUFFIX,
    UTF_8,
    DecodeErrors,
    TextColumn,
    join_chunks,
    read_lines,
    suffix_of,
)

LABEL_COLUMN = "label"
FASTTEXT_PREFIX = "__label__"
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
LONGEST_FIELD = LONGEST_DOCUMENT
ROWS_AT_ONCE = 1 << 9

Record = tuple[int, Mapping[str, Any]]  # line or row number from 1, column -> value


class ColumnNames(NamedTuple):
    """Which columns a table has, as far as the reader says so."""

    required: tuple[str, ...]  # a header must name them
    given: tuple[str, ...] | None = None  # of all columns, for a file without a header


def read_column(
    path: Path, *, errors: DecodeErrors = "strict", encoding: str = UTF_8
) -> Iterator[list[str]]:
    """The texts of a column of a table, a run of rows at a time.

    Args:
        path: of the file, perhaps with ``::column``; without, the column is ``text``.
        errors: what to do with bytes that are not of the encoding, and with a missing value:
            ``strict`` refuses them; otherwise a missing value is an empty text.
        encoding: of the file; Parquet has its own.

    Yields:
        The texts of some rows, in order.

    Raises:
        CorpusReadError: the file cannot be read, has no such column, or one of something else.
        DataError: a line is malformed.
    """
    file, column = TextColumn.of(path)
    if suffix_of(Path(file)) == PARQUET_SUFFIX:
        yield from parquet.read_text(Path(file), column, errors=errors)
        return
    records = read_records(
        Path(file), ColumnNames((column,)), errors=errors, encoding=encoding, needs_header=True
    )
    texts = (_text_of(record, line, column, file, errors) for line, record in records)
    while some := list(islice(texts, ROWS_AT_ONCE)):
        yield some


def read_records(
    path: Path,
    columns: ColumnNames,
    *,
    errors: DecodeErrors = "strict",
    encoding: str = UTF_8,
    needs_header: bool = False,
) -> Iterator[Record]:
    """The rows of one file, compressed or not.

    A line, and a field of CSV that goes over several, has at most `LONGEST_DOCUMENT` characters.

    Args:
        path: of the file.
        columns: that are wanted. Without a header they are those of the file, in their order.
        errors: what to do with bytes that are not of the encoding.
        encoding: of the file; Parquet has its own.
        needs_header: a file of TSV or CSV whose first line does not name the columns is refused.

    Returns:
        The number of each line or row, from 1, and its values by column.

    Raises:
        DataError: a line has too many or too few columns, or is not JSON.
        CorpusReadError: the file cannot be read, or lacks its header.
    """
    if suffix_of(path) == PARQUET_SUFFIX:
        return _from_parquet(path, errors)
    lines = join_chunks(read_lines(path, errors=errors, encoding=encoding))
    first = next(lines, "")
    if needs_header and first:
        _check_header(first, path, columns)
    return _reader(suffix_of(path), first)(chain([first], lines), path, columns)


def _check_header(first: str, path: Path, columns: ColumnNames) -> None:
    if suffix_of(path) in JSON_SUFFIXES:
        return
    names = next(csv.reader([first], delimiter="\t" if suffix_of(path) == ".tsv" else ","))
    missing = [name for name in columns.required if name not in names]
    if missing:
        raise CorpusReadError(
            f"the first line of {str(path)!r} names no column {missing[0]!r}, only "
            f"{short(', '.join(names))}; name one as {path.name}{MARK}{names[0]}, or give the file "
            "another suffix to read its lines as text"
        )


def _text_of(
    record: Mapping[str, Any], line: int, column: str, file: str, errors: DecodeErrors
) -> str:
    """The text of a record.

    Raises:
        CorpusReadError: it has none, or something else.
    """
    value = record.get(column)
    if value is None and errors != "strict":
        return ""
    if not isinstance(value, str):
        found = f"has {short(value)} in" if column in record else f"has only {sorted(record)}, not"
        raise CorpusReadError(
            f"line {line:,} of {file!r} {found} {column!r}; expected text: mend or remove the "
            f"line, name another column as {Path(file).name}{MARK}column, or pass errors='ignore' "
            "(--errors ignore) to take what is missing as empty"
        )
    return value


def _reader(
    suffix: str, first: str
) -> Callable[[Iterator[str], Path, ColumnNames], Iterator[Record]]:
    """What reads lines of this kind."""
    if first.startswith(FASTTEXT_PREFIX):
        return _from_fasttext
    if suffix in JSON_SUFFIXES or (not suffix and first.startswith("{")):
        return _from_json
    if suffix == ".csv" or (suffix != ".tsv" and "\t" not in first):
        return _from_csv
    return _from_tsv


def _from_fasttext(lines: Iterator[str], path: Path, columns: ColumnNames) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            labels, text = _without_labels(line)
            yield number, dict(zip(columns.required, (labels, text), strict=False))


def _without_labels(line: str) -> tuple[list[str], str]:
    """The labels of a line, which mostly begin it, and the rest."""
    labels = []
    text = line
    while text.startswith(FASTTEXT_PREFIX):
        label, _, text = text.partition(" ")
        labels.append(label.removeprefix(FASTTEXT_PREFIX))
    if f" {FASTTEXT_PREFIX}" in text:
        words = text.split(" ")
        labels += [
            word.removeprefix(FASTTEXT_PREFIX) for word in words if word.startswith(FASTTEXT_PREFIX)
        ]
        text = " ".join(word for word in words if not word.startswith(FASTTEXT_PREFIX))
    return labels, text


def _from_json(lines: Iterator[str], path: Path, columns: ColumnNames) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"line {number:,} of {str(path)!r} is not valid JSON ({error})"
            ) from error
        if not isinstance(record, dict):
            raise DataError(
                f"line {number:,} of {str(path)!r} is a JSON {type(record).__name__}; expected an "
                f"object with {' and '.join(map(repr, columns.required))}"
            )
        yield number, record


def _from_tsv(lines: Iterator[str], path: Path, columns: ColumnNames) -> Iterator[Record]:
    rows = ((number, line.split("\t")) for number, line in enumerate(lines, start=1) if line)
    return _named(rows, path, columns)


def _from_csv(lines: Iterator[str], path: Path, columns: ColumnNames) -> Iterator[Record]:
    reader = csv.reader((line + "\n" for line in lines), strict=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            yield from ((reader.line_num, row) for row in reader if row)
        except csv.Error as error:
            raise DataError(f"line {reader.line_num:,} of {str(path)!r}: {error}") from error

    with _long_fields():
        yield from _named(rows(), path, columns)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Python's reader refuses fields of 128 kB otherwise; the limit is global."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _named(
    rows: Iterable[tuple[int, list[str]]], path: Path, columns: ColumnNames
) -> Iterator[Record]:
    """Rows as records: by the columns given, by a header, or as those that are required."""
    names = columns.given
    for number, row in rows:
        if names is None:
            is_header = set(columns.required) <= set(row)
            names = tuple(row) if is_header else columns.required
            if is_header:
                continue
        if len(row) != len(names):
            raise DataError(
                f"line {number:,} of {str(path)!r} has {len(row)} columns; expected {len(names)}: "
                f"{', '.join(names)} (name them with --columns)"
            )
        yield number, dict(zip(names, row, strict=True))


def _from_parquet(path: Path, errors: DecodeErrors) -> Iterator[Record]:
    row = 0
    for batch in parquet.read_batches(path):
        names = batch.schema.names
        values_of = [
            parquet.read_values(column, path, name, row, errors=errors)
            for name, column in zip(names, batch.columns, strict=True)
        ]
        for values in zip(*values_of, strict=True):
            row += 1
            yield row, dict(zip(names, values, strict=True))
