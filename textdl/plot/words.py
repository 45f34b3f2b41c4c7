"""A map of words: their vectors, projected onto two principal components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textdl.plot.canvas import COLORS, MARKERS, figure_of, new_figure
from textdl.plot.projection import project
from textdl.vectors.vectors import Vectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Shares of the extent of the map: the height and width of a word, and its distance to its point.
LINE_HEIGHT = 0.042
WORD_WIDTH = 0.22
LABEL_DISTANCE = 0.02


def word_map(
    vectors: Vectors, groups: Mapping[str, Sequence[str]], *, axes: Axes | None = None
) -> Figure:
    """Draw words as points of the plane, similar ones close together.

    The normalized vectors are projected onto their first two principal components, the directions
    of the largest variance.

    Args:
        vectors: of the words.
        groups: the words to draw, by the name of their group, which has one color; one group
            without a name needs no legend.
        axes: where to draw; None: on a new figure.

    Returns:
        The figure, to be saved or drawn on.

    Raises:
        UnknownWordError: a word has no vector.
        DataError: there are fewer than three words.

    Example:
        >>> vectors = Vectors(["up", "down", "left"], [[0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]])
        >>> figure = word_map(vectors, {"": ["up", "down", "left"]})
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['up', 'down', 'left']

    Reference:
        Pearson 1901, "On lines and planes of closest fit to systems of points in space".
    """
    words = [word for group in groups.values() for word in group]
    points = project(vectors[words])
    if axes is None:
        _, (axes,) = new_figure(width=7.0, height=5.6)
    labels = _label_places(points)
    first = 0
    for number, (name, group) in enumerate(groups.items()):
        x, y = points[first : first + len(group)].T
        color = COLORS[number % len(COLORS)]
        marker = MARKERS[number % len(MARKERS)]
        axes.scatter(x, y, s=26, color=color, marker=marker, label=name)
        for word, point, label in zip(group, points[first:], labels[first:], strict=False):
            line: Any = {"arrowstyle": "-", "color": color, "linewidth": 0.5, "relpos": (0, 0.5)}
            axes.annotate(word, point, xytext=label, va="center", color="0.2", arrowprops=line)
        first += len(group)
    axes.set(xlabel="first principal component", ylabel="second principal component")
    axes.grid(alpha=0.3)
    axes.set_xlim(points[:, 0].min() - 0.1, max(labels[:, 0].max(), points[:, 0].max()) + 0.4)
    axes.set_ylim(points[:, 1].min() - 0.1, max(labels[:, 1].max(), points[:, 1].max()) + 0.1)
    if any(groups):
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure_of(axes)


def _label_places(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions of the words, `(N, 2)`: right of their points, each above those it would cover."""
    width, height = np.maximum(np.ptp(points, axis=0), 1e-9)
    labels = points.copy()
    labels[:, 0] += LABEL_DISTANCE * width
    placed: list[int] = []
    for number in np.argsort(points[:, 1], kind="stable").tolist():
        for other in sorted(placed, key=lambda it: labels[it, 1]):
            is_beside = abs(labels[other, 0] - labels[number, 0]) > WORD_WIDTH * width
            is_below = labels[number, 1] - labels[other, 1] >= LINE_HEIGHT * height
            is_above = labels[other, 1] - labels[number, 1] >= LINE_HEIGHT * height
            if not (is_beside or is_below or is_above):
                labels[number, 1] = labels[other, 1] + LINE_HEIGHT * height
        placed.append(number)
    return labels
