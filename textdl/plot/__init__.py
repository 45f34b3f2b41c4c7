"""Pictures of trainings, networks, classifiers and words.

    curves.py     the loss, epoch by epoch; a curve per learning rate
    boundary.py   what a classifier of two features says of the plane
    confusion.py  which classes are taken for which
    network.py    a network, its units and weights
    words.py      a map of words
    canvas.py     a picture in memory and on disk
    runs.py, points.py  what the command line reads: histories, labeled points

They need matplotlib, which ``pip install 'textdl[plot]'`` brings. Nothing here touches a display or
matplotlib's global state: a picture is a `Figure`, to be saved, shown in a notebook or drawn on.

Example:
    >>> from textdl import plot
    >>> figure = plot.loss_curves({"adam": {"loss": [0.7, 0.4, 0.3]}})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['mean loss']
"""

from textdl.plot.boundary import decision_boundary
from textdl.plot.canvas import COLORS, MARKERS, check_picture, new_figure, save
from textdl.plot.confusion import confusion_matrix
from textdl.plot.curves import loss_by_rate, loss_curves
from textdl.plot.network import network_diagram
from textdl.plot.words import word_map

__all__ = [
    "COLORS",
    "MARKERS",
    "check_picture",
    "confusion_matrix",
    "decision_boundary",
    "loss_by_rate",
    "loss_curves",
    "network_diagram",
    "new_figure",
    "save",
    "word_map",
]
