"""Labelled texts and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

from textdl.errors import DataError
from textdl.text.files import TEXT_COLUMN, DecodeErrors, find_files
from textdl.text.records import LABEL_COLUMN, ColumnNames, read_records


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

    label: str = LABEL_COLUMN
    text: str = TEXT_COLUMN
    columns: tuple[str, ...] | None = None
    where: tuple[str, str] | None = None
    separator: str | None = None


class Examples(NamedTuple):
    """Texts and the labels of each, mostly one."""

    texts: list[str]
    labels: list[tuple[str, ...]]


def read_examples(
    paths: str | Path | Sequence[str | Path],
    layout: Layout | None = None,
    *,
    errors: DecodeErrors = "strict",
) -> Examples:
    r"""Read labeled texts from files, compressed or not.

    Args:
        paths: files, folders or globs.
        layout: where label and text are.
        errors: what to do with bytes that are not UTF-8.

    Raises:
        DataError: a line lacks a column, is not JSON, or no row is left; it names file and line.
        CorpusReadError: a file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mail.tsv")
        ...     _ = path.write_text("spam\tbuy now\nham\tsee you\n")
        ...     read_examples(path)
        Examples(texts=['buy now', 'see you'], labels=[('spam',), ('ham',)])
    """
    layout = layout or Layout()
    several = [paths] if isinstance(paths, str | Path) else list(paths)
    names = ColumnNames((layout.label, layout.text), layout.columns)
    examples = Examples([], [])
    for path in (file for name in several for file in find_files(name)):
        for line, record in read_records(path, names, errors=errors):
            if (
                layout.where is None
                or _scalar(record, layout.where[0], path, line) == layout.where[1]
            ):
                examples.texts.append(_scalar(record, layout.text, path, line))
                examples.labels.append(_labels(record, layout, path, line))
    if not examples.texts:
        raise DataError(
            f"no example in {', '.join(map(str, several))}"
            + (f" where {layout.where[0]}={layout.where[1]}" if layout.where else "")
            + "; expected at least one row of label and text"
        )
    return examples


def _cell(record: Mapping[str, Any], column: str, path: Path, line: int) -> Any:
    value = record.get(column)
    if value is None:
        raise DataError(
            f"line {line:,} of {str(path)!r} has no {column!r}, only {sorted(record)}; name the "
            "columns (--columns, --label, --text) or mend the line"
        )
    return value


def _scalar(record: Mapping[str, Any], column: str, path: Path, line: int) -> str:
    """The text of a cell that holds one thing."""
    return _text(_cell(record, column, path, line), column, path, line)


def _text(value: Any, column: str, path: Path, line: int) -> str:
    if isinstance(value, dict | list | tuple):
        raise DataError(
            f"line {line:,} of {str(path)!r} has {short(value)} in {column!r}; expected text"
        )
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"line {line:,} of {str(path)!r} has {text[error.start]!r} in {column!r}, which is "
            "a lone surrogate; mend the line"
        ) from None
    return text


def _labels(record: Mapping[str, Any], layout: Layout, path: Path, line: int) -> tuple[str, ...]:
    value = _cell(record, layout.label, path, line)
    if isinstance(value, list | tuple):
        return tuple(_text(item, layout.label, path, line) for item in value)
    text = _text(value, layout.label, path, line)
    if layout.separator is None:
        return (text,)
    return tuple(part.strip() for part in text.split(layout.separator) if part.strip())
