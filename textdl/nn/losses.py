"""Losses of a prediction, unreduced: one number an entry, so that weights can come after them.

Shapes must agree exactly: a `(N, 1)` prediction against `(N,)` targets would silently broadcast to
`(N, N)`, the classic way for a loss to lie. The cross-entropies are in `cross_entropy`.

Reference:
    Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 10.6.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from numpy.typing import ArrayLike

from textdl.errors import DataError


def squared_error(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """(p - t)², entry by entry.

    Args:
        predictions: `(...,)` float p.
        targets: `(...,)` t, in the unit of p.

    Returns:
        `(...,)`, in the unit of p squared.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> squared_error([1.0, 2.0], [1.5, 0.0]).tolist()
        [0.25, 4.0]
    """
    p, t = same_shape(predictions, targets)
    return (p - t) ** 2


def absolute_error(predictions: ArrayLike, targets: ArrayLike) -> Array:
    """|p - t|, entry by entry; shapes and errors as in `squared_error`.

    Example:
        >>> absolute_error([1.0, 2.0], [1.5, 0.0]).tolist()
        [0.5, 2.0]
    """
    p, t = same_shape(predictions, targets)
    return magnitude(p - t)


@jax.custom_jvp
def magnitude(x: Array) -> Array:
    """|x|, with the sign of x as its slope: 0 at 0, where JAX's has slope 1."""
    return jnp.abs(x)


magnitude.defjvps(lambda dx, _, x: jnp.sign(x) * dx)


def huber(predictions: ArrayLike, targets: ArrayLike, delta: float = 1.0) -> Array:
    """e²/2 where |e| <= δ, else δ (|e| - δ/2), with e = p - t (Huber 1964).

    Shapes and errors as in `squared_error`; `delta` is in the unit of p.

    Example:
        >>> huber([0.5, 3.0], [0.0, 0.0]).tolist()
        [0.125, 2.5]
    """
    e = absolute_error(predictions, targets)
    inside = jnp.minimum(e, delta)  # both cases in one: δ (e - δ) is 0 inside
    return inside**2 / 2 + delta * (e - inside)


def weighted_mean(losses: Array, weights: ArrayLike | None = None) -> Array:
    """Σ_i w_i l_i / Σ_i w_i; without weights the mean, and 0 where all weights are 0.

    Args:
        losses: `(N,)` float.
        weights: `(N,)` float, not negative.

    Raises:
        DataError: the shapes differ.

    Example:
        >>> float(weighted_mean(jnp.array([1.0, 4.0]), [2.0, 1.0]))
        2.0
    """
    if weights is None:
        return losses.mean()
    losses, weights = same_shape(losses, weights)
    total = weights.sum()
    return (weights * losses).sum() / jnp.where(total > 0, total, 1)


def class_weights(labels: ArrayLike, weights: ArrayLike) -> Array:
    """The weight of every example, by its class.

    Args:
        labels: `(N,)` int, classes from 0 to K - 1.
        weights: `(K,)` float.

    Returns:
        `(N,)` float.

    Example:
        >>> class_weights([0, 1, 1], [0.5, 2.0]).tolist()
        [0.5, 2.0, 2.0]
    """
    return jnp.asarray(weights)[jnp.asarray(labels)]


def same_shape(predictions: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """Both as float arrays of one type; they must not broadcast."""
    p, t = jnp.asarray(predictions), jnp.asarray(targets)
    if p.shape != t.shape:
        raise DataError(
            f"predictions of shape {p.shape} do not fit targets of shape {t.shape}; expected one "
            "shape: reshape one of them, for nothing is broadcast"
        )
    dtype = jnp.result_type(p, t, float)
    return p.astype(dtype), t.astype(dtype)
