"""What each hidden unit of the four-pixel camera responds to."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textdl import plot

from .camera import by_hand, draw_pixels, trained
from .page import heading, keep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Every picture of black and white pixels: a unit of a dense layer responds most to one of them.
PICTURES = np.array(list(product((-1.0, 1.0), repeat=4)))  # (16, 4)


def responses(layer: str) -> NDArray[np.floating]:
    """The activation of each unit for each of the 16 pictures, `(16, units)`.

    Args:
        layer: ``tanh by hand``, ``relu by hand``, or ``trained``.
    """
    if layer == "trained":
        weights, bias = trained()["tanh"].params_[0]
        # In float64: float32 rounds several of a unit's activations to 1.
        return np.asarray(np.tanh(PICTURES @ np.asarray(weights, float) + np.asarray(bias, float)))
    seen, either, _ = by_hand(PICTURES)
    return np.asarray(seen if layer == "tanh by hand" else either)


def favorites(layer: str) -> NDArray[np.float64]:
    """The picture that maximizes the activation of each unit, `(units, 4)`.

    z = x · w + b is largest over all |x_i| <= 1 where x_i = sign(w_i).
    """
    best: NDArray[np.float64] = PICTURES[responses(layer).argmax(0)]
    return best


def picture() -> Figure:
    """A favorite of every unit, a row for each layer; and the weights of the trained one."""
    figure, axes = plot.new_figure(8, 4, width=1.25, height=1.65)
    rows = [axes[start : start + 8] for start in range(0, 32, 8)]
    for row, layer in zip(rows, ("tanh by hand", "relu by hand", "trained"), strict=False):
        for number, (place, pixels) in enumerate(zip(row, favorites(layer), strict=False)):
            draw_pixels(place, pixels, f"{layer}\nunit {number + 1}")
    for place in rows[0][4:]:
        place.set_axis_off()
    weights = trained()["tanh"].coefs_[0]
    for number, (place, w) in enumerate(zip(rows[3], weights.T, strict=True)):
        draw_pixels(place, w / np.abs(w).max(), f"its weights\nunit {number + 1}")
    return figure


def show(folder: Path) -> None:
    """Print what to look for, and draw it."""
    heading("What a hidden unit responds to")
    print("tanh(x · w + b) is largest, among pixels of -1 to 1, where x_i = sign(w_i): the weights")
    print("of a unit of the first layer are a picture of what it looks for. By hand the tanh units")
    print("look for one pattern each, and the ReLU units for a pattern or its negative. Trained")
    print("units represent the patterns jointly.\n")
    keep(picture(), folder, "hidden_units")
