"""Rows of a file as records: TSV, CSV, JSON lines, Parquet, or fastText's lines.

A file is known by its name, and what its name does not tell by its first line. A header is a first
line that has the names of both columns; without one, two columns are label and text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from textdl.errors import DataError
from textdl.text.corpus import DecodeErrors
from textdl.text.lines import LONGEST_DOCUMENT, read_documents
from textdl.text.parquet import read_batches, read_values

PREFIX = "__label__"  # fastText's mark
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
LONGEST_FIELD = LONGEST_DOCUMENT

Record = tuple[int, Mapping[str, Any]]  # line number from 1, column -> value


@dataclass(frozen=True)
class Layout:
    """Where label and text are.

    Args:
        label: the column of the label.
        text: the column of the text.
        columns: the names of all columns, for a file without a header.
        where: take only rows with this value in that column, such as ``("split", "train")``.
        separator: between several labels of a text in one cell; None: a cell is one label.
    """

    label: str = "label"
    text: str = "text"
    columns: tuple[str, ...] | None = None
    where: tuple[str, str] | None = None
    separator: str | None = None


def read_records(path: Path, layout: Layout, errors: DecodeErrors) -> Iterator[Record]:
    """The rows of one file, compressed or not.

    A line, and a field of CSV that goes over several, has at most `LONGEST_DOCUMENT` characters.

    Raises:
        DataError: a line has too many or too few columns, or is no JSON.
        CorpusReadError: the file cannot be read.
    """
    suffix = next((s for s in reversed(path.suffixes) if s not in COMPRESSED), "").lower()
    if suffix == ".parquet":
        return _from_parquet(path, errors)
    lines = read_documents(path, errors=errors)
    first = next(lines, "")
    return _reader(suffix, first)(chain([first], lines), path, layout)


def _reader(suffix: str, first: str) -> Callable[[Iterator[str], Path, Layout], Iterator[Record]]:
    """What reads lines of this kind."""
    if first.startswith(PREFIX):
        return _from_fasttext
    if suffix in (".jsonl", ".ndjson", ".json") or (not suffix and first.startswith("{")):
        return _from_json
    if suffix == ".csv" or (suffix != ".tsv" and "\t" not in first):
        return _from_csv
    return _from_tsv


def _from_fasttext(lines: Iterator[str], path: Path, layout: Layout) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            labels, text = _without_labels(line)
            yield number, {layout.label: labels, layout.text: text}


def _without_labels(line: str) -> tuple[list[str], str]:
    """The labels of a line, which mostly begin it, and the rest."""
    labels, text = [], line
    while text.startswith(PREFIX):
        label, _, text = text.partition(" ")
        labels.append(label.removeprefix(PREFIX))
    if f" {PREFIX}" in text:
        words = text.split(" ")
        labels += [word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)]
        text = " ".join(word for word in words if not word.startswith(PREFIX))
    return labels, text


def _from_json(lines: Iterator[str], path: Path, layout: Layout) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"line {number:,} of {str(path)!r} is no JSON ({error})") from error
        if not isinstance(record, dict):
            raise DataError(
                f"line {number:,} of {str(path)!r} is a JSON {type(record).__name__}; expected an "
                f"object with {layout.label!r} and {layout.text!r}"
            )
        yield number, record


def _from_tsv(lines: Iterator[str], path: Path, layout: Layout) -> Iterator[Record]:
    rows = ((number, line.split("\t")) for number, line in enumerate(lines, start=1) if line)
    return _named(rows, path, layout)


def _from_csv(lines: Iterator[str], path: Path, layout: Layout) -> Iterator[Record]:
    reader = csv.reader((line + "\n" for line in lines), strict=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            yield from ((reader.line_num, row) for row in reader if row)
        except csv.Error as error:
            raise DataError(f"line {reader.line_num:,} of {str(path)!r}: {error}") from error

    with _long_fields():
        yield from _named(rows(), path, layout)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Python's reader refuses fields of 128 kB otherwise; the limit is global."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _named(rows: Iterator[tuple[int, list[str]]], path: Path, layout: Layout) -> Iterator[Record]:
    """Rows as records: by the columns given, by a header, or as label and text."""
    names = layout.columns
    for number, row in rows:
        if names is None:
            header = {layout.label, layout.text} <= set(row)
            names = tuple(row) if header else (layout.label, layout.text)
            if header:
                continue
        if len(row) != len(names):
            raise DataError(
                f"line {number:,} of {str(path)!r} has {len(row)} columns; expected {len(names)}: "
                f"{', '.join(names)} (name them with --columns)"
            )
        yield number, dict(zip(names, row, strict=True))


def _from_parquet(path: Path, errors: DecodeErrors) -> Iterator[Record]:
    row = 0
    for batch in read_batches(path):
        names = batch.schema.names
        columns = [
            read_values(column, path, name, row, errors=errors)
            for name, column in zip(names, batch.columns, strict=True)
        ]
        for values in zip(*columns, strict=True):
            row += 1
            yield row, dict(zip(names, values, strict=True))
