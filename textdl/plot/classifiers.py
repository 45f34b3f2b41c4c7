"""Classifiers: their decision boundary in the plane, and their confusion matrix.

The points of the plane come from a CSV file: a header, then two numbers and a label per line.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError
from textdl.plot.canvas import COLORS, MARKERS, figure_of, new_figure, read_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RESOLUTION = 200  # points of the grid along an axis
MARGIN = 0.08  # of the plane around the points
DARK = 0.6  # share above which a count is written in white


class Points(NamedTuple):
    """`N` points."""

    names: tuple[str, str]  # of the two numbers, from the header
    xy: NDArray[np.float64]  # (N, 2)
    labels: NDArray[np.str_]  # (N,)

    def labels_as(self, classes: NDArray[Any]) -> NDArray[Any]:
        """The labels as a model names its classes, because a file holds text only.

        Raises:
            DataError: a label is not among the classes.

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
        DataError: the file cannot be read, or a line, whose number is named, is not as expected.

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


class _Plane(NamedTuple):
    """A grid over the points."""

    x: NDArray[np.float64]  # (R,)
    y: NDArray[np.float64]  # (R,)
    shares: NDArray[np.float64]  # (R, R, K), the probability of each class; y rises with the row


def decision_boundary(
    model: Any,
    points: ArrayLike,
    labels: ArrayLike,
    *,
    names: tuple[str, str] = ("feature 1", "feature 2"),
    axes: Axes | None = None,
) -> Figure:
    """Draw points, and behind them the predicted probability of every class.

    Args:
        model: a fitted classifier of two features with `classes_` and `predict_proba` or, for
            colors without shades, `predict` alone.
        points: `(N, 2)` finite features.
        labels: `(N,)` their true classes.
        names: of the features, with their units.
        axes: where to draw; None: on a new figure.

    Returns:
        The figure, to be saved or drawn on.

    Raises:
        DataError: the points are not two finite features each, or a label is not among the classes.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> X, y = [[0.0, 0.0], [1.0, 1.0]], ["low", "high"]
        >>> figure = decision_boundary(LogisticRegression().fit(X, y), X, y)
        >>> [text.get_text() for text in figure.axes[0].get_legend().texts]
        ['high', 'low']
    """
    classes = np.asarray(model.classes_)
    xy, truth = _checked(points, labels, classes)
    if axes is None:
        _, (axes,) = new_figure()
    plane = _plane(model, xy)
    _draw_plane(axes, plane)
    for number, name in enumerate(classes.tolist()):
        chosen = xy[truth == name]
        style: Any = {"marker": _of(MARKERS, number), "facecolor": _of(COLORS, number)}
        x, y = chosen.T
        axes.scatter(x, y, s=26, edgecolor="white", linewidth=0.7, label=str(name), **style)
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.legend()
    return figure_of(axes)


def confusion_matrix(
    counts: ArrayLike, names: Sequence[Any], *, axes: Axes | None = None
) -> Figure:
    """Draw how many examples of each class were predicted as each class.

    A cell is as dark as its share of the examples of the true class, its row.

    Args:
        counts: `(K, K)` examples, a row per true class and a column per predicted one, as
            scikit-learn's `confusion_matrix` gives them.
        names: of the K classes.
        axes: where to draw; None: on a new figure.

    Returns:
        The figure, to be saved or drawn on.

    Raises:
        DataError: the counts are not a square matrix of finite numbers from 0, or there is not one
            name per class.

    Example:
        >>> figure = confusion_matrix([[5, 1], [0, 4]], ["ham", "spam"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['5', '1', '0', '4']
    """
    table = np.asarray(counts)
    if table.dtype.kind not in "iuf" or table.ndim != 2 or len(set(table.shape)) != 1:
        raise DataError(
            f"counts of type {table.dtype} and shape {table.shape} cannot be drawn; expected (K, K)"
        )
    if len(names) != len(table):
        raise DataError(f"{len(names)} names for {len(table)} classes; expected one per class")
    if not (np.isfinite(table) & (table >= 0)).all():
        raise DataError("a count is negative or not finite; expected numbers of examples")
    if axes is None:
        size = max(4.2, 1.8 + 0.5 * len(table))
        _, (axes,) = new_figure(width=size, height=size)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        color = "white" if shares[row, column] > DARK else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=color)
    labels = [str(name) for name in names]
    axes.set_xticks(range(len(labels)), labels, rotation=45 if len("".join(labels)) > 40 else 0)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="predicted class", ylabel="true class")
    return figure_of(axes)


def _checked(
    points: ArrayLike, labels: ArrayLike, classes: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    xy = np.asarray(points, float)
    truth = np.asarray(labels)
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy) or not np.isfinite(xy).all():
        raise DataError(
            f"points of shape {xy.shape} cannot be drawn; expected finite numbers of shape (N, 2)"
        )
    if truth.shape != xy.shape[:1]:
        raise DataError(
            f"labels of shape {truth.shape} do not fit {len(xy)} points; expected one per point"
        )
    known = set(classes.tolist())
    unseen = [label for label in truth.tolist() if label not in known]
    if unseen:
        raise DataError(
            f"label {unseen[0]!r} is not among the classes {classes.tolist()[:10]} of the "
            "model; draw the points it was trained for"
        )
    return xy, truth


def _plane(model: Any, xy: NDArray[np.float64]) -> _Plane:
    low = xy.min(0)
    high = xy.max(0)
    extent = np.where(high > low, high - low, 1)
    x, y = np.linspace(low - MARGIN * extent, high + MARGIN * extent, RESOLUTION).T
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    if hasattr(model, "predict_proba"):
        shares = model.predict_proba(grid)
    else:
        shares = model.predict(grid)[:, None] == np.asarray(model.classes_)
    return _Plane(x, y, np.asarray(shares, float).reshape(RESOLUTION, RESOLUTION, -1))


def _draw_plane(axes: Axes, plane: _Plane) -> None:
    """Mix the colors of the classes by probability, and draw lines where the class changes."""
    from matplotlib.colors import to_rgb  # an extra: few programs draw

    x, y, shares = plane
    rgb = np.array([to_rgb(_of(COLORS, number)) for number in range(shares.shape[-1])])
    faded = 0.55 + 0.45 * np.clip(shares @ rgb, 0, 1)
    extent = (x[0], x[-1], y[0], y[-1])
    axes.imshow(faded, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    for number in range(shares.shape[-1] - (shares.shape[-1] == 2)):
        lead = shares[..., number] - np.delete(shares, number, -1).max(-1)
        if lead.min() < 0 < lead.max():
            axes.contour(x, y, lead, levels=[0], colors="black", linewidths=1.2)


def _of(choices: Any, number: int) -> Any:
    return choices[number % len(choices)]


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields, without blank lines."""
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
