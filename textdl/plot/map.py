"""A map of many words: points of the plane, with labels that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textdl.plot.canvas import COLORS, new_figure
from textdl.plot.projection import project
from textdl.vectors.vectors import Vectors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FONT_SIZE = 7.0
_GAP = 3.0  # points between a label and its point
# Where a label may stand, in widths and heights of it and in gaps, from its point.
_PLACES = np.array(
    [
        (0.0, -0.5, 1, 0), (-1.0, -0.5, -1, 0), (-0.5, 0.0, 0, 1), (-0.5, -1.0, 0, -1),
        (0.0, 0.0, 1, 1), (-1.0, 0.0, -1, 1), (0.0, -1.0, 1, -1), (-1.0, -1.0, -1, -1),
    ]
)  # fmt: skip


def vector_map(
    vectors: Vectors, words: Sequence[str], *, method: str = "pca", seed: int = 0
) -> Figure:
    """Draw words as points of the plane, similar ones close together.

    Labels are placed one after the other, the first words first, each where it covers no other
    label; one that finds no place is left out, its point is not.

    Args:
        vectors: of the words.
        words: to draw, the most important ones first.
        method: "pca" (principal components), "umap" or "tsne".
        seed: of what the method draws at random.

    Returns:
        The figure, to be saved or drawn on.

    Raises:
        UnknownWordError: a word has no vector.
        DataError: there are fewer than three words.
        ParameterError: the method is unknown.
        OutputError: a package is not installed.

    Example:
        >>> vectors = Vectors(["up", "down", "left"], [[0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]])
        >>> figure = vector_map(vectors, ["up", "down", "left"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['up', 'down', 'left']

    References:
        Pearson 1901 (principal components); McInnes, Healy and Melville 2018, "UMAP: Uniform
        Manifold Approximation and Projection for Dimension Reduction"; van der Maaten and Hinton
        2008, "Visualizing Data using t-SNE".
    """
    points = project(vectors[list(words)], method, seed=seed)
    figure, (axes,) = new_figure(width=9.0, height=7.2)
    x, y = points.T
    axes.scatter(x, y, s=8, color=COLORS[0], linewidths=0)
    axes.set(xticks=[], yticks=[])
    axes.margins(0.08)
    figure.draw_without_rendering()  # the layout is settled, and stays
    figure.set_layout_engine("none")
    _add_labels(figure, axes, points, words)
    return figure


def _add_labels(figure: Any, axes: Any, points: NDArray[np.float64], words: Sequence[str]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # an extra: few programs draw

    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    pixels = axes.transData.transform(points)
    per_point = figure.dpi / 72
    frame = axes.get_window_extent(renderer).extents
    texts = [
        axes.annotate(
            word, point, xytext=(0, 0), textcoords="offset points", fontsize=_FONT_SIZE,
            parse_math=False,
        )
        for word, point in zip(words, points, strict=True)
    ]  # fmt: skip
    boxes = [text.get_window_extent(renderer) for text in texts]
    sizes = np.array([(box.width, box.height) for box in boxes])
    for text, place in zip(
        texts, place_labels(pixels, sizes, frame, _GAP * per_point), strict=True
    ):
        if place is None:
            text.remove()
        else:
            text.xyann = tuple(place / per_point)


def place_labels(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    frame: NDArray[np.float64],
    gap: float,
) -> list[NDArray[np.float64] | None]:
    """Where labels stand without covering one another, greedily in their order.

    Args:
        points: `(N, 2)` what they belong to.
        sizes: `(N, 2)` widths and heights of labels.
        frame: `(4,)` left, bottom, right and top, which they do not leave.
        gap: between a label and its point.

    Returns:
        For each the offset `(2,)` of its lower left corner from its point; None: it has no place.

    Example:
        >>> two = np.array([[5.0, 5.0], [5.0, 5.0]])
        >>> place_labels(two, np.array([[4.0, 2.0]] * 2), np.array([0.0, 0.0, 12.0, 12.0]), 1.0)
        [array([ 1., -1.]), array([-5., -1.])]
    """
    placed = np.empty((0, 4))
    found: list[NDArray[np.float64] | None] = []
    for point, size in zip(points, sizes, strict=True):
        offsets = _PLACES[:, :2] * size + _PLACES[:, 2:] * gap
        low = point + offsets
        boxes = np.hstack([low, low + size])  # (8, 4)
        is_inside = (boxes[:, :2] >= frame[:2]).all(1) & (boxes[:, 2:] <= frame[2:]).all(1)
        starts = np.maximum(boxes[:, None, :2], placed[None, :, :2])
        ends = np.minimum(boxes[:, None, 2:], placed[None, :, 2:])
        is_free = is_inside & ~(starts < ends).all(2).any(1)
        if not is_free.any():
            found.append(None)
            continue
        chosen = int(is_free.argmax())
        placed = np.vstack([placed, boxes[chosen]])
        found.append(offsets[chosen])
    return found
