"""Points that no line can separate: two spirals."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from textdl import MLPClassifier, plot

from .page import heading, keep, table
from .points import spirals

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@cache
def trained() -> dict[str, MLPClassifier]:
    """A network without hidden layers, whose boundary is a line, and one with two."""
    hidden = {"linear": (), "non-linear": (32, 32)}
    networks = {
        name: MLPClassifier(
            sizes,
            learning_rate_init=0.01,
            batch_size=50,
            max_iter=250,
            n_iter_no_change=250,
            initializer="glorot_uniform",
        )
        for name, sizes in hidden.items()
    }
    return {name: network.fit(*spirals(600, seed=0)) for name, network in networks.items()}


def accuracies() -> dict[str, float]:
    """The share of new points that each network gets right."""
    return {name: float(n.score(*spirals(1000, seed=1))) for name, n in trained().items()}


def picture() -> Figure:
    """The decision boundaries of both networks, with new points."""
    figure, axes = plot.new_figure(2)
    found = accuracies()
    points = spirals(400, seed=1)
    for place, (name, network) in zip(axes, trained().items(), strict=True):
        plot.decision_boundary(network, *points, names=("x₁", "x₂"), axes=place)
        place.set_title(f"{name}: {found[name]:.1%} of new points right")
        place.legend(title="arm", loc="lower right")
    return figure


def show(folder: Path) -> None:
    """Print the accuracies, and draw the boundaries."""
    heading("Points that no line can separate")
    print(
        "Without a hidden layer p = g(x w + b), and p = 1/2 is a line. With two layers of ReLU:\n"
    )
    table(["network", "accuracy on new points"], list(accuracies().items()))
    keep(picture(), folder, "spirals")
