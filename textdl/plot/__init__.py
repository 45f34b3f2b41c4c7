"""Figures of trainings, networks, classifiers and words.

    curves.py       loss curves; the histories of trainings, read from files
    classifiers.py  decision boundaries, confusion matrices; labeled points, read from files
    network.py      a network: its units and weights
    words.py        a map of chosen words, in groups
    map.py          a map of many words, whose labels do not overlap
    projection.py   vectors as points of the plane
    atlas.py        a file for Apple's Embedding Atlas
    canvas.py       a figure in memory and on disk

They need matplotlib, which ``pip install 'textdl[plot]'`` installs. Nothing here touches a display
or matplotlib's global state: a function returns a `Figure`, to be saved, drawn on, or shown
in a notebook after ``%matplotlib inline``.

Example:
    >>> from textdl import plot
    >>> figure = plot.loss_curves({"adam": {"loss": [0.7, 0.4, 0.3]}})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['mean loss']
"""

from textdl.plot.atlas import write_atlas
from textdl.plot.canvas import COLORS, MARKERS, check_picture, new_figure, save
from textdl.plot.classifiers import confusion_matrix, decision_boundary
from textdl.plot.curves import loss_by_rate, loss_curves
from textdl.plot.map import vector_map
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
    "vector_map",
    "word_map",
    "write_atlas",
]
