"""Labeled texts: read from files, and their labels as targets to train on or truth to score by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError, ParameterError
from textdl.parameters import parameter
from textdl.text.files import TEXT_COLUMN, DecodeErrors, find_files
from textdl.text.records import LABEL_COLUMN, ColumnNames, read_records

SHOWN = 10  # classes that a message names
MAX_LABEL_LENGTH = 1_000  # characters; an array of labels makes room for the longest in every row


@dataclass(frozen=True)
class ExampleFormat:
    """How labeled texts stand in a file."""

    label: str = parameter(LABEL_COLUMN, "column of the label")
    text: str = parameter(TEXT_COLUMN, "column of the text")
    columns: tuple[str, ...] | None = parameter(
        None, "names of all columns, for a file without a header"
    )
    where: tuple[str, str] | None = parameter(
        None, "take only the rows with this value in that column, such as split=train"
    )
    separator: str | None = parameter(
        None, "what stands between several labels in one cell (default: a cell is one label)"
    )
    errors: DecodeErrors = parameter("strict", "what to do with bytes that are not UTF-8")


class Examples(NamedTuple):
    """Texts and the labels of each, mostly one."""

    texts: list[str]
    labels: list[tuple[str, ...]]


class Targets(NamedTuple):
    """What a network is trained to say."""

    values: NDArray[Any]  # (N,) labels, or (N, K) 0 and 1 where a text may have several
    classes: NDArray[Any]  # (K,) sorted
    multilabel: bool


def read_examples(
    paths: str | Path | Sequence[str | Path], format: ExampleFormat | None = None
) -> Examples:
    r"""Read labeled texts from files, compressed or not.

    Args:
        paths: files, folders or globs.
        format: where label and text are.

    Returns:
        The texts of all files, and the labels of each.

    Raises:
        DataError: a line lacks a column, is not valid JSON, or no row is left; the error names file
            and line.
        CorpusReadError: a file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mail.tsv")
        ...     _ = path.write_text("spam\tbuy now\nham\tsee you\n")
        ...     read_examples(path)
        Examples(texts=['buy now', 'see you'], labels=[('spam',), ('ham',)])
    """
    format = format or ExampleFormat()
    sources = [paths] if isinstance(paths, str | Path) else list(paths)
    names = ColumnNames((format.label, format.text), format.columns)
    examples = Examples([], [])
    for path in (file for source in sources for file in find_files(source)):
        for line, record in read_records(path, names, errors=format.errors):
            cells = _Cells(record, path, line)
            if format.where is None or cells.text_of(format.where[0]) == format.where[1]:
                examples.texts.append(cells.text_of(format.text))
                examples.labels.append(cells.labels_of(format.label, format.separator))
    if not examples.texts:
        raise DataError(
            f"no example in {', '.join(map(str, sources))}"
            + (f" where {format.where[0]}={format.where[1]}" if format.where else "")
            + "; expected at least one row of label and text"
        )
    return examples


class _Cells(NamedTuple):
    """The cells of one row."""

    record: Mapping[str, Any]
    path: Path
    line: int

    def text_of(self, column: str) -> str:
        """The text of a cell that holds one value."""
        return self._as_text(self._value_of(column), column)

    def labels_of(self, column: str, separator: str | None) -> tuple[str, ...]:
        """The labels of a cell: one, a list of them, or what stands between separators."""
        value = self._value_of(column)
        if isinstance(value, list | tuple):
            return tuple(self._as_text(item, column) for item in value)
        text = self._as_text(value, column)
        if separator is None:
            return (text,)
        return tuple(part.strip() for part in text.split(separator) if part.strip())

    def _value_of(self, column: str) -> Any:
        value = self.record.get(column)
        if value is None:
            raise DataError(
                f"{self._place} has no {column!r}, only {sorted(self.record)}; name the columns "
                "(--columns, --label, --text) or mend the line"
            )
        return value

    def _as_text(self, value: Any, column: str) -> str:
        if isinstance(value, dict | list | tuple):
            raise DataError(f"{self._place} has {short(value)} in {column!r}; expected text")
        text = str(value)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"{self._place} has {text[error.start]!r} in {column!r}, which is a lone "
                "surrogate; mend the line"
            ) from None
        return text

    @property
    def _place(self) -> str:
        return f"line {self.line:,} of {str(self.path)!r}"


def make_targets(labels: Any) -> Targets:
    """Learn the classes.

    Args:
        labels: N of them, or N lists (tuples, sets) of several, which may be empty.

    Returns:
        Labels or indicators to train on, the classes, and whether a text may have several.

    Raises:
        ParameterError: they are not a sequence, but a string, say.
        DataError: a label is None or NaN, too long, or ends in NUL; some are lists and some are
            not; or there is one class only.

    Example:
        >>> make_targets(["spam", "ham"]).classes.tolist()
        ['ham', 'spam']
        >>> make_targets([["cat", "dog"], [], ["dog"]]).values.tolist()
        [[1, 1], [0, 0], [0, 1]]
    """
    items = _as_list(labels)
    multilabel = _is_multilabel(items)
    _check_labels(items, multilabel=multilabel)
    flat = list(chain.from_iterable(items)) if multilabel else items
    try:
        classes = np.unique(np.array(flat))
    except TypeError as error:
        raise DataError(f"the labels cannot be sorted ({error}); pass strings") from None
    if len(classes) < 2:
        raise DataError(
            f"the labels have one class only, {classes.tolist()}; expected two classes or more"
            if len(classes)
            else "no text has a label; expected two classes or more"
        )
    values = _indicators(items, classes).astype(np.uint8) if multilabel else np.array(items)
    return Targets(values, classes, multilabel)


def make_truth(labels: Any, classes: NDArray[Any], *, multilabel: bool) -> NDArray[np.bool_]:
    """Whether each text has each class.

    Args:
        labels: N, or N lists of them.
        classes: `(K,)` that a model has learned.
        multilabel: whether a text may have several.

    Returns:
        Indicators, `(N, K)`.

    Raises:
        DataError: a label is not among the classes, or a text has several labels or none where the
            model has learned one label per text.
    """
    items = _as_list(labels)
    if not multilabel and _is_multilabel(items):
        if any(len(item) != 1 for item in items):
            raise DataError(
                "some texts have several labels or none; this model has learned one label per "
                "text: leave such texts out, or train with them"
            )
        items = [item[0] for item in map(list, items)]
    items = items if multilabel else [[item] for item in items]
    known = set(classes.tolist())
    for row, label in ((row, label) for row, item in enumerate(items) for label in item):
        if label not in known:
            shown = ", ".join(map(str, classes[:SHOWN])) + (", ..." if len(classes) > SHOWN else "")
            raise DataError(
                f"label {label!r} of text {row + 1:,} is not among the {len(classes)} classes that "
                f"were learned: {shown}; leave such texts out, or train with them"
            )
    return _indicators(items, classes)


def _as_list(labels: Any) -> list[Any]:
    if isinstance(labels, str | bytes) or not isinstance(labels, Iterable):
        raise ParameterError(f"labels are {short(labels)}; pass a list with the label of each text")
    return labels.tolist() if isinstance(labels, np.ndarray) else list(labels)


def _is_multilabel(items: Sequence[Any]) -> bool:
    lists = [isinstance(item, list | tuple | set | frozenset) for item in items]
    if any(lists) and not all(lists):
        row = lists.index(False)
        raise DataError(
            f"label {row + 1:,} is {short(items[row])}, others are lists; pass a list of labels "
            "for every text"
        )
    return any(lists)


def _check_labels(items: Sequence[Any], *, multilabel: bool) -> None:
    # scikit-learn, which the command line shows the options of a format without
    from textdl.nn.estimators.base import check_labels

    for row, item in enumerate(items):
        for label in item if multilabel else [item]:
            is_missing = label is None or label != label  # NaN, which pandas has for no value
            if is_missing or isinstance(label, list | tuple | dict | set | bytes):
                raise DataError(
                    f"label {row + 1:,} is {short(label)}; expected a string: fill it in, or leave "
                    "the text out"
                )
            if isinstance(label, str) and len(label) > MAX_LABEL_LENGTH:
                raise DataError(
                    f"label {row + 1:,} has {len(label):,} characters, expected at most "
                    f"{MAX_LABEL_LENGTH:,}: {short(label)}; are labels and texts swapped?"
                )
        check_labels(item if multilabel else [item])


def _indicators(items: Sequence[Any], classes: NDArray[Any]) -> NDArray[np.bool_]:
    column = {label: number for number, label in enumerate(classes.tolist())}
    found = np.zeros((len(items), len(classes)), bool)
    for row, item in enumerate(items):
        found[row, [column[label] for label in item]] = True
    return found
