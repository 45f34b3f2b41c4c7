"""Initializers: the initial weights of a layer.

An initializer takes a key and a shape `(inputs, outputs)` and returns floats of that shape. The
scales of Glorot and He preserve the variance of the signal from layer to layer.

References:
    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks" (for sigmoid and tanh); He et al. 2015, "Delving deep into rectifiers" (for ReLU);
    Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks" (orthogonal).

Example:
    >>> INITIALIZERS["he_normal"](jax.random.key(0), (4, 2)).shape
    (4, 2)
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
    """W = 0: right for biases; as weights, all hidden units would learn the same.

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

    Returns:
        Float array of that shape.

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

    Returns:
        Float array of that shape.

    Example:
        >>> bool(jnp.all(jnp.abs(uniform(jax.random.key(0), (2, 3))) <= 0.05))
        True
    """
    return jax.random.uniform(key, shape, minval=-scale, maxval=scale)


def glorot_uniform(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ U(-a, a), a = √(6 / (inputs + outputs)), so Var w = 2 / (inputs + outputs).

    Glorot and Bengio 2010, equation 16.

    Example:
        >>> bool(jnp.all(jnp.abs(glorot_uniform(jax.random.key(0), (4, 2))) <= 1))
        True
    """
    return uniform(key, shape, math.sqrt(6 / sum(_fans(shape))))


def glorot_normal(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ N(0, 2 / (inputs + outputs)), the variance of Glorot and Bengio 2010, equation 12.

    Example:
        >>> glorot_normal(jax.random.key(0), (4, 2)).shape
        (4, 2)
    """
    return normal(key, shape, math.sqrt(2 / sum(_fans(shape))))


def he_uniform(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ U(-a, a), a = √(6 / inputs), so Var w = 2 / inputs (He et al. 2015, equation 10).

    Example:
        >>> bool(jnp.all(jnp.abs(he_uniform(jax.random.key(0), (6, 2))) <= 1))
        True
    """
    return uniform(key, shape, math.sqrt(6 / _fans(shape)[0]))


def he_normal(key: Array, shape: tuple[int, ...]) -> Array:
    """W ~ N(0, 2 / inputs) (He et al. 2015, equation 10).

    Example:
        >>> he_normal(jax.random.key(0), (4, 2)).shape
        (4, 2)
    """
    return normal(key, shape, math.sqrt(2 / _fans(shape)[0]))


def orthogonal(key: Array, shape: tuple[int, ...]) -> Array:
    """W Wᵀ = I or Wᵀ W = I: orthonormal rows or columns, whichever are fewer.

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
