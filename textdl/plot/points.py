"""Labeled points of the plane, from a CSV file: a header, then two numbers and a label per line."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError
from textdl.plot.runs import read_bytes


class Points(NamedTuple):
    """`N` points."""

    names: tuple[str, str]  # of the two numbers, from the header
    xy: NDArray[np.float64]  # (N, 2)
    labels: NDArray[np.str_]  # (N,)

    def labels_as(self, classes: NDArray[Any]) -> NDArray[Any]:
        """The labels as a model names its classes, for a file holds text alone.

        Raises:
            DataError: a label is none of the classes.

        Example:
            >>> points = Points(("x", "y"), np.zeros((2, 2)), np.array(["1", "0"]))
            >>> points.labels_as(np.array([0, 1])).tolist()
            [1, 0]
        """
        names: dict[str | float, Any] = {str(name): name for name in classes.tolist()}
        if classes.dtype.kind in "iuf":
            names |= {float(name): name for name in classes.tolist()}
        found = [names.get(label, names.get(_key(label))) for label in self.labels.tolist()]
        if None in found:
            label = self.labels.tolist()[found.index(None)]
            raise DataError(
                f"label {label!r} is not among the classes {classes.tolist()[:10]} of the network; "
                "draw points of its classes"
            )
        return np.array(found)


def read_points(path: str | os.PathLike[str]) -> Points:
    r"""Read points and their labels.

    Raises:
        DataError: the file cannot be read, or a line, which is named, is not as expected.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "points.csv")
        ...     _ = file.write_text("hours,wind,late\n1.5,20,yes\n3,5,no\n")
        ...     points = read_points(file)
        >>> points.xy.tolist(), points.labels.tolist()
        ([[1.5, 20.0], [3.0, 5.0]], ['yes', 'no'])
    """
    path = Path(path)
    rows = _rows(path)
    _, header = next(rows, (0, []))
    if len(header) != 3:
        raise _wrong(path, 1, header, "a header of three columns: two numbers and a label")
    if _number(header[0]) is not None:
        raise _wrong(path, 1, header, "a header, which names the columns, before the points")
    points = [_point(path, line, row) for line, row in rows]
    if not points:
        raise DataError(f"{str(path)!r} has no points below its header; add some")
    xy = np.array([(x, y) for x, y, _ in points])
    return Points((header[0], header[1]), xy, np.array([label for _, _, label in points]))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines as fields, without blank ones."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{str(path)!r} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset "
            f"{error.start:,}; convert it"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"{str(path)!r}, line {reader.line_num:,}: {error}; correct it") from error


def _point(path: Path, line: int, row: list[str]) -> tuple[float, float, str]:
    if len(row) != 3 or not row[2]:
        raise _wrong(path, line, row, "two numbers and a label, separated by commas")
    x = _number(row[0])
    y = _number(row[1])
    if x is None or y is None:
        raise _wrong(path, line, row, "finite numbers in the first two columns")
    return x, y, row[2]


def _number(field: str) -> float | None:
    try:
        value = float(field)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _key(label: str) -> str | float:
    """A label as a number, if it is one: 1, 1.0 and 1e0 are one class."""
    number = _number(label)
    return label if number is None else number


def _wrong(path: Path, line: int, row: list[str], expected: str) -> DataError:
    found = ",".join(row)[:60]
    return DataError(
        f"{str(path)!r}, line {line:,}: {found!r}, expected {expected}; correct or remove the line"
    )
