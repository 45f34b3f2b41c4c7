"""A diagram of a network of dense layers: units as circles, weights as lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError
from textdl.plot.canvas import COLORS, figure_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_UNITS = 12  # of a layer that are drawn; of more, the first and the last
POSITIVE = COLORS[0]
NEGATIVE = COLORS[3]
WIDEST_LINE = 3.0  # points


def network_diagram(
    weights: Sequence[ArrayLike],
    *,
    names: Sequence[str] | None = None,
    axes: Axes | None = None,
) -> Figure:
    r"""Draw the layers of a network from left to right.

    A line is as wide as its weight is large in its layer, blue where it is positive and red where
    it is negative. Of a layer of many units only some are drawn; their number is written below.

    Args:
        weights: a matrix `(I, O)` per layer, such as `coefs_` of an `MLPClassifier`.
        names: of the layers, the inputs among them; None: inputs, hidden, outputs.
        axes: where to draw; None: on a new figure.

    Returns:
        The figure, to be saved or drawn on.

    Raises:
        DataError: there is no layer, the shapes of two layers do not fit, or there is not one name
            per layer.

    Example:
        >>> figure = network_diagram([np.ones((4, 3)), np.ones((3, 1))])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['inputs\n4 units', 'hidden\n3 units', 'outputs\n1 unit']
    """
    matrices = [np.asarray(matrix, float) for matrix in weights]
    sizes = _checked_sizes(matrices)
    known = names if names is not None else ["inputs", *["hidden"] * (len(sizes) - 2), "outputs"]
    if len(known) != len(sizes):
        raise DataError(f"{len(known)} names for {len(sizes)} layers; expected one per layer")
    if axes is None:
        _, (axes,) = new_figure(width=1.6 + 1.6 * len(sizes))
    drawn = [_drawn_units(size) for size in sizes]
    heights = [_heights(len(units)) for units in drawn]
    for layer, matrix in enumerate(matrices):
        shown = matrix[np.ix_(drawn[layer], drawn[layer + 1])]
        _draw_weights(axes, layer, shown, heights[layer], heights[layer + 1])
    lowest = min(float(height.min()) for height in heights)
    for layer, (name, size) in enumerate(zip(known, sizes, strict=True)):
        x = np.full(len(heights[layer]), float(layer))
        axes.scatter(x, heights[layer], s=160, c="white", edgecolors="black", zorder=2)
        units = "unit" if size == 1 else "units"
        axes.text(layer, lowest - 0.9, f"{name}\n{size:,} {units}", ha="center", va="top")
    axes.set(xlim=(-0.5, len(sizes) - 0.5), ylim=(lowest - 2.6, -lowest + 0.8))
    axes.set_axis_off()
    return figure_of(axes)


def _checked_sizes(matrices: Sequence[NDArray[np.float64]]) -> list[int]:
    if not matrices:
        raise DataError("a network without layers cannot be drawn; give at least one matrix")
    for number, matrix in enumerate(matrices):
        if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all():
            raise DataError(
                f"weights {number} have the shape {matrix.shape}; expected finite numbers (I, O)"
            )
        if number and len(matrix) != matrices[number - 1].shape[1]:
            raise DataError(
                f"weights {number} take {len(matrix)} units, the layer before them has "
                f"{matrices[number - 1].shape[1]}"
            )
    return [len(matrices[0]), *(matrix.shape[1] for matrix in matrices)]


def _drawn_units(size: int) -> NDArray[np.int64]:
    """The numbers of the units that are drawn."""
    if size <= MOST_UNITS:
        return np.arange(size)
    half = MOST_UNITS // 2
    return np.concatenate([np.arange(half), np.arange(size - half, size)])


def _heights(units: int) -> NDArray[np.float64]:
    """From the top down, around 0."""
    return (units - 1) / 2 - np.arange(units, dtype=np.float64)


def _draw_weights(
    axes: Axes,
    layer: int,
    weights: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> None:
    from matplotlib.collections import LineCollection  # an extra: few programs draw

    share = (np.abs(weights) / max(float(np.abs(weights).max()), 1e-30)).ravel()
    ends: Any = [[(layer, a), (layer + 1, b)] for a in left for b in right]
    colors = np.where(weights.ravel() >= 0, POSITIVE, NEGATIVE).tolist()
    axes.add_collection(
        LineCollection(ends, linewidths=WIDEST_LINE * share, colors=colors, zorder=1)
    )
