"""A network as a drawing: the one that learned to see with four pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textdl import plot

from .camera import trained
from .page import heading, keep

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture() -> Figure:
    """Four pixels, eight hidden units and four answers, with the weights between them."""
    names = ("pixels", "tanh", "logits")
    figure = plot.network_diagram(trained()["tanh"].coefs_, names=names)
    figure.axes[0].set_title("Blue weights are positive, red ones negative")
    return figure


def show(folder: Path) -> None:
    """Print the layers, and draw them."""
    heading("A network as a drawing")
    print("The camera of four pixels, trained: a line is as wide as its weight is large.\n")
    print(f"{trained()['tanh'].summary()}\n")
    keep(picture(), folder, "network")
