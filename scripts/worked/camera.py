"""A camera of four pixels: is the picture solid, vertical, diagonal or horizontal?"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from textdl import MLPClassifier, nn, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = ("solid", "vertical", "diagonal", "horizontal")
# A brightness in [-1, 1] for each pixel: top left, top right, bottom left, bottom right.
PATTERNS = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, -1, -1, 1], [1, 1, -1, -1]], float)
BRIGHTNESS = (0.25, 0.5, 0.75, 1.0)

# The textbook's table: what a bad network answers for a horizontal picture.
TRUTH = np.array([0.0, 0.0, 0.0, 1.0])
ANSWERS = np.array([0.5, 0.75, -0.25, -0.75])


def cases() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Every pattern and its negative at every brightness, `(32, 4)`, with its number, `(32,)`."""
    signs = [sign * brightness for brightness in BRIGHTNESS for sign in (1, -1)]
    pixels = np.concatenate([sign * PATTERNS for sign in signs])
    return pixels, np.tile(np.arange(len(NAMES)), len(signs))


def errors() -> NDArray[np.floating]:
    """|p - t| for every entry of the table, `(4,)`."""
    return np.asarray(nn.absolute_error(ANSWERS, TRUTH))


def by_hand(pixels: ArrayLike) -> tuple[Array, Array, Array]:
    """A network with weights of 0, 1 and -1: its layers `(N, 4)`, `(N, 8)` and `(N, 4)`.

    The patterns are orthogonal, so x · pattern is 0 for all patterns but the picture's own. A ReLU
    each for the pattern and its negative, added up, is the absolute value: how strongly it is seen.
    """
    eye = jnp.eye(4)
    patterns = nn.DenseParams(jnp.array(PATTERNS.T), jnp.zeros(4))
    signs = nn.DenseParams(jnp.hstack([eye, -eye]), jnp.zeros(8))
    sums = nn.DenseParams(jnp.vstack([eye, eye]), jnp.zeros(4))
    seen = nn.tanh(nn.affine(patterns, jnp.asarray(pixels)))
    either = nn.relu(nn.affine(signs, seen))
    return seen, either, nn.affine(sums, either)


@cache
def trained() -> dict[str, MLPClassifier]:
    """A network of eight hidden units that learned the same from the cases, by its activation."""
    networks = {
        name: MLPClassifier(
            (8,),
            activation=name,
            learning_rate_init=0.05,
            max_iter=200,
            n_iter_no_change=200,
            initializer="glorot_uniform",
        )
        for name in ("tanh", "relu")
    }
    return {name: network.fit(*cases()) for name, network in networks.items()}


def right() -> dict[str, int]:
    """How many of the 32 cases each network gets right."""
    pixels, truth = cases()
    found = {"by hand": np.asarray(by_hand(pixels)[2].argmax(-1))}
    found |= {name: network.predict(pixels) for name, network in trained().items()}
    return {name: int((answers == truth).sum()) for name, answers in found.items()}


def draw_pixels(axes: Axes, pixels: ArrayLike, title: str) -> None:
    """A picture of four pixels, from black (-1) to white (1)."""
    axes.imshow(np.reshape(pixels, (2, 2)), cmap="gray", vmin=-1, vmax=1)
    axes.set_title(title, fontsize=10)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#0072B2")  # white pixels need an edge


def picture() -> Figure:
    """The patterns at full and their negatives at low brightness, with the answer by hand."""
    figure, axes = plot.new_figure(4, 2, width=1.8, height=1.9)
    pixels = np.concatenate([PATTERNS, -0.25 * PATTERNS])
    for place, seen, answers in zip(axes, pixels, by_hand(pixels)[2], strict=True):
        best = int(answers.argmax())
        draw_pixels(place, seen, f"{NAMES[best]}\nanswer {answers[best]:.3f}")
    axes[0].set_ylabel("full\nbrightness")
    axes[4].set_ylabel("negative,\n1/4 brightness")
    return figure


def show(folder: Path) -> None:
    """Print the error table and how many cases the networks get right, and draw the cases."""
    heading("A camera of four pixels")
    rows = [(n, *map(float, row)) for n, *row in zip(NAMES, TRUTH, ANSWERS, errors(), strict=True)]
    table(["picture", "truth t", "answer p", "|p - t|"], [*rows, ("total", "", "", errors().sum())])
    print("By hand: tanh(x · pattern), then ReLU of it and of its negative, summed: |tanh|.")
    print(
        "It is 1 for the pattern of the picture and 0 for the others, since they are orthogonal.\n"
    )
    total = len(cases()[0])
    table(["network", "right"], [(name, f"{n} of {total}") for name, n in right().items()])
    keep(picture(), folder, "camera")
