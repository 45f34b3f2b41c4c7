"""A perceptron: a weighted sum of the inputs, a bias, and a non-linearity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from textdl import nn, plot

from .page import heading, keep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLANE = nn.DenseParams(jnp.array([[3.0], [-2.0]]), jnp.array([1.0]))  # z = 1 + 3 x1 - 2 x2
POINT = (-1.0, 2.0)

FIVE = nn.DenseParams(jnp.array([[0.1], [0.5], [2.5], [0.2], [3.0]]), jnp.zeros(1))
INPUTS = (2.0, 3.0, -1.0, 5.0, 1.0)


def perceptron(params: nn.DenseParams, x: ArrayLike) -> tuple[Array, Array]:
    """The weighted sum z = x w + b and the answer g(z), `(...,)`, for inputs `(..., I)`."""
    z = nn.affine(params, jnp.asarray(x))[..., 0]
    return z, nn.sigmoid(z)


def boundary(x1: ArrayLike) -> Array:
    """The x2 where 1 + 3 x1 - 2 x2 = 0: there z = 0, so g(z) = 1/2."""
    w0 = PLANE.bias[0]
    w1, w2 = PLANE.weights[:, 0]
    return -(w0 + w1 * jnp.asarray(x1)) / w2  # type: ignore[no-any-return]


def picture() -> Figure:
    """The answers of the whole plane with the line between them, and the sigmoid."""
    figure, (left, right) = plot.new_figure(2)
    _draw_plane(left)
    _draw_sigmoid(right)
    return figure


def _draw_plane(axes: Axes) -> None:
    x1 = np.linspace(-4, 4, 201)
    grid = np.stack(np.meshgrid(x1, x1), -1)
    answers = perceptron(PLANE, grid)[1]
    shades = axes.imshow(answers, origin="lower", extent=(-4, 4, -4, 4), cmap="cividis")
    axes.figure.colorbar(shades, ax=axes, label="g(1 + 3x₁ - 2x₂)")
    axes.plot(x1, boundary(x1), "w", label="1 + 3x₁ - 2x₂ = 0")
    answer = float(perceptron(PLANE, POINT)[1])
    axes.plot(*POINT, "o", color="#E69F00", label=f"(-1, 2): g = {answer:.3f}")
    axes.set(xlim=(-4, 4), ylim=(-4, 4), xlabel="x₁", ylabel="x₂", title="One line cuts the plane")
    axes.legend(loc="lower right", facecolor="0.3", labelcolor="white")


def _draw_sigmoid(axes: Axes) -> None:
    z = jnp.linspace(-8, 8, 201)
    axes.plot(z, nn.sigmoid(z), color="#0072B2", label="g(z) = 1 / (1 + e⁻ᶻ)")
    for params, x, style in ((PLANE, POINT, "o"), (FIVE, INPUTS, "s")):
        z_x, answer = map(float, perceptron(params, x))
        label = f"g({z_x:.3g}) = {answer:.2g}"
        axes.plot(z_x, answer, style, color="#E69F00", markersize=8, label=label)
    axes.set(xlabel="z, the weighted sum", ylabel="g(z)", title="The sigmoid")
    axes.grid(alpha=0.3)
    axes.legend()


def show(folder: Path) -> None:
    """Print both perceptrons, and draw them."""
    heading("A perceptron")
    z, answer = map(float, perceptron(PLANE, POINT))
    print("ŷ = g(w0 + Σ x_i w_i), with the sigmoid g(z) = 1 / (1 + e^-z)\n")
    print(f"Two inputs:   g(1 + 3·(-1) - 2·2) = g({z:g}) = {answer:.3f}")
    print("              z = 0 on the line 1 + 3 x1 - 2 x2 = 0, that is x2 = (1 + 3 x1) / 2:")
    print("              above it ŷ < 1/2, below it ŷ > 1/2.")
    terms = " + ".join(f"({x:g})·{w:.1f}" for x, (w,) in zip(INPUTS, FIVE.weights, strict=True))
    z, answer = map(float, perceptron(FIVE, INPUTS))
    print(f"Five inputs:  z = {terms} = {z:.1f}; g(z) = {answer:.2f}\n")
    keep(picture(), folder, "perceptron")
