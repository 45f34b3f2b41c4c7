"""The chain rule by hand, against automatic differentiation."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from textdl import nn

from .page import heading, table


class Weights(NamedTuple):
    """Of two units in a row."""

    w1: Array  # ()
    w2: Array  # ()


X = 1.5
WEIGHTS = Weights(jnp.array(0.8), jnp.array(-2.0))


def error(weights: Weights, x: float) -> Array:
    """Y = x w1, e = y w2."""
    y = nn.affine(nn.DenseParams(weights.w1[None, None], jnp.zeros(1)), jnp.array([x]))
    return nn.affine(nn.DenseParams(weights.w2[None, None], jnp.zeros(1)), y)[0]


def by_hand(weights: Weights, x: float) -> Weights:
    """de/dw1 = de/dy · dy/dw1 = w2 · x, and de/dw2 = y = x w1."""
    return Weights(w1=x * weights.w2, w2=x * weights.w1)


def by_autodiff(weights: Weights, x: float) -> Weights:
    """The same from the program of e alone."""
    gradient: Weights = jax.grad(error)(weights, x)
    return gradient


def cross_entropy(weights: Weights, x: float, t: float) -> Array:
    """Y = g(x w1), p = g(y w2), J = -t log p - (1 - t) log(1 - p)."""
    z = nn.sigmoid(x * weights.w1) * weights.w2
    return nn.binary_cross_entropy(z, jnp.array(t), from_logits=True)


def cross_entropy_by_hand(weights: Weights, x: float, t: float) -> Weights:
    """dJ/dz = p - t for both non-linearities at once; then g'(z) = g(z) (1 - g(z)) once more."""
    y = nn.sigmoid(x * weights.w1)
    p = nn.sigmoid(y * weights.w2)
    return Weights(w1=(p - t) * weights.w2 * y * (1 - y) * x, w2=(p - t) * y)


def cross_entropy_by_autodiff(weights: Weights, x: float, t: float) -> Weights:
    """The same from the program of J alone."""
    gradient: Weights = jax.grad(cross_entropy)(weights, x, t)
    return gradient


def show(folder: Path) -> None:
    """Print both gradients of both networks."""
    del folder  # no picture: see `hidden_units`
    heading("The chain rule by hand")
    w1, w2 = map(float, WEIGHTS)
    print(f"x = {X}, w1 = {w1:.1f}, w2 = {w2:.1f}\n")
    print("y = x w1, e = y w2:")
    print("  de/dw1 = de/dy · dy/dw1 = w2 x, de/dw2 = y")
    print("y = g(x w1), p = g(y w2), t = 1, J = -t log p - (1 - t) log(1 - p):")
    print("  dJ/dw1 = (p - t) w2 g'(x w1) x, dJ/dw2 = (p - t) y, with g'(z) = g(z) (1 - g(z))\n")
    pairs = {
        "e": (by_hand(WEIGHTS, X), by_autodiff(WEIGHTS, X)),
        "J": (cross_entropy_by_hand(WEIGHTS, X, 1.0), cross_entropy_by_autodiff(WEIGHTS, X, 1.0)),
    }
    rows = [
        (f"d{name}/d{weight}", f"{float(hand):.6f}", f"{float(auto):.6f}")
        for name, both in pairs.items()
        for weight, hand, auto in zip(Weights._fields, *both, strict=True)
    ]
    table(["", "by hand", "autodiff"], rows)
