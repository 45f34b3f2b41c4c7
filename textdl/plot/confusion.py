"""A confusion matrix: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from textdl.errors import DataError
from textdl.plot.canvas import figure_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DARK = 0.6  # share above which a number is written in white


def confusion_matrix(
    counts: ArrayLike, names: Sequence[Any], *, axes: Axes | None = None
) -> Figure:
    """Draw how many examples of each class were taken for each class.

    A field is as dark as its share of the examples of the true class, its row.

    Args:
        counts: `(K, K)` examples, a row per true class and a column per predicted one, as
            scikit-learn's `confusion_matrix` gives them.
        names: of the K classes.
        axes: where to draw; None: in a picture of its own.

    Raises:
        DataError: the counts are not square, negative or no numbers, or there is not a name per
            class.

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
