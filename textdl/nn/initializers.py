"""Initializers: where the weights of a layer start.

An initializer takes a key and a shape `(inputs, outputs)` and returns floats of that shape. The
scale of Glorot and He keeps the variance of the signal from layer to layer.

References:
    Glorot and Bengio 2010 (for sigmoid and tanh); He et al. 2015 (for ReLU);
    Saxe et al. 2014 (orthogonal).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from textdl.errors import ParameterError

Initializer = Callable[[Array, tuple[int, ...]], Array]


def zeros(key: Array, shape: tuple[int, ...]) -> Array:
    """0 everywhere: right for biases; hidden weights would all learn the same.

    Example:
        >>> zeros(jax.random.key(0), (2,)).tolist()
        [0.0, 0.0]
    """
    del key
    return jnp.zeros(shape)


def normal(key: Array, shape: tuple[int, ...], scale: float = 0.05) -> Array:
    """W ~ N(0, scale²).

    Args:
        key: of the draw.
        shape: of the result.
        scale: standard deviation.

    Example:
        >>> normal(jax.random.key(0), (2, 3)).shape
        (2, 3)
    """
    return scale * jax.random.normal(key, shape)


def uniform(key: Array, shape: tuple[int, ...], scale: float = 0.05) -> Array:
    """W ~ U(-scale, scale).

    Args:
        key: of the draw.
        shape: of the result.
        scale: half the width.

    Example:
        >>> bool(jnp.all(jnp.abs(uniform(jax.random.key(0), (2, 3))) <= 0.05))
        True
    """
    return jax.random.uniform(key, shape, minval=-scale, maxval=scale)


def glorot_uniform(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ U(-a, a), a = √(6 / (inputs + outputs)), so Var w = 2 / (inputs + outputs).

    Example:
        >>> bool(jnp.all(jnp.abs(glorot_uniform(jax.random.key(0), (4, 2))) <= 1))
        True
    """
    return uniform(key, shape, math.sqrt(6 / sum(_fans(shape))))


def glorot_normal(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ N(0, 2 / (inputs + outputs)).

    Example:
        >>> glorot_normal(jax.random.key(0), (4, 2)).shape
        (4, 2)
    """
    return normal(key, shape, math.sqrt(2 / sum(_fans(shape))))


def he_uniform(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ U(-a, a), a = √(6 / inputs), so Var w = 2 / inputs.

    Example:
        >>> bool(jnp.all(jnp.abs(he_uniform(jax.random.key(0), (6, 2))) <= 1))
        True
    """
    return uniform(key, shape, math.sqrt(6 / _fans(shape)[0]))


def he_normal(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ N(0, 2 / inputs).

    Example:
        >>> he_normal(jax.random.key(0), (4, 2)).shape
        (4, 2)
    """
    return normal(key, shape, math.sqrt(2 / _fans(shape)[0]))


def orthogonal(key: Array, shape: tuple[int, ...]) -> Array:
    """Rows or columns, whichever are fewer, that are orthonormal: W Wᵀ = I or Wᵀ W = I.

    Example:
        >>> w = orthogonal(jax.random.key(0), (2, 5))
        >>> bool(jnp.allclose(w @ w.T, jnp.eye(2), atol=1e-6))
        True
    """
    rows, columns = _fans(shape)
    gaussian = jax.random.normal(key, (max(rows, columns), min(rows, columns)))
    q, r = jnp.linalg.qr(gaussian)
    q = q * jnp.sign(jnp.diagonal(r))  # without the signs q would not be uniformly distributed
    return q if rows >= columns else q.T


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """The inputs and outputs of a layer with weights of this shape."""
    if len(shape) != 2:
        raise ParameterError(
            f"shape {shape} has {len(shape)} axes; expected (inputs, outputs) for an initializer "
            "that depends on them"
        )
    return shape[0], shape[1]


INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros,
    "normal": normal,
    "uniform": uniform,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "orthogonal": orthogonal,
}
