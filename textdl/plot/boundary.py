"""What a classifier of two features says of every point of the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError
from textdl.plot.canvas import COLORS, MARKERS, figure_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RESOLUTION = 200  # points of the grid along an axis
MARGIN = 0.08  # of the plane around the points


class _Plane(NamedTuple):
    """A grid over the points."""

    x: NDArray[np.float64]  # (R,)
    y: NDArray[np.float64]  # (R,)
    shares: NDArray[np.float64]  # (R, R, K), how probable each class is; rows go up with y


def decision_boundary(
    model: Any,
    points: ArrayLike,
    labels: ArrayLike,
    *,
    names: tuple[str, str] = ("feature 1", "feature 2"),
    axes: Axes | None = None,
) -> Figure:
    """Draw points, and behind them how probable the model finds every class everywhere.

    Args:
        model: a fitted classifier of two features with `classes_` and `predict_proba` or, for
            colors without shades, `predict` alone.
        points: `(N, 2)` finite features.
        labels: `(N,)` their true classes.
        names: of the features, with their units.
        axes: where to draw; None: in a picture of its own.

    Raises:
        DataError: the points are not two finite features each, or a label is none of the classes.

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
        raise DataError(f"labels of shape {truth.shape} do not fit {len(xy)} points; one a point")
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
    """Mix the colors of the classes by their shares, and draw lines where another one wins."""
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
