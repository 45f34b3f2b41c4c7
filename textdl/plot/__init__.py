"""Pictures of a training: loss curves, decision boundaries, a loss curve per learning rate.

They need matplotlib, which ``pip install 'textdl[plot]'`` brings. Nothing here touches a display or
matplotlib's global state: a picture is a `Figure`, to be saved, shown in a notebook or drawn on.

Example:
    >>> from textdl import plot
    >>> figure = plot.loss_curves({"adam": {"loss": [0.7, 0.4, 0.3]}})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['mean loss']
"""

from textdl.plot.boundary import decision_boundary
from textdl.plot.canvas import COLOURS, MARKERS, check_picture, new_figure, save
from textdl.plot.curves import loss_by_rate, loss_curves

__all__ = [
    "COLOURS",
    "MARKERS",
    "check_picture",
    "decision_boundary",
    "loss_by_rate",
    "loss_curves",
    "new_figure",
    "save",
]
