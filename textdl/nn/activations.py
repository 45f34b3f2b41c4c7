"""Activations g(z): the non-linear part of a layer.

All take and return float arrays of one shape, `(...,)`; softmax and log_softmax run over the last
axis. They and their gradients stay finite over the whole float32 range. Where the derivative of the
textbook is simpler or numerically safer than autodiff of the formula, it is given explicitly.

References:
    Goodfellow, Bengio and Courville 2016, "Deep Learning", sections 6.2.2 and 6.3;
    Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines";
    Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models";
    Clevert, Unterthiner and Hochreiter 2016, "Fast and accurate deep network learning by
    exponential linear units"; Hendrycks and Gimpel 2016, "Gaussian error linear units".

Example:
    >>> ACTIVATIONS["relu"](jnp.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array


def linear(z: Array) -> Array:
    """g(z) = z.

    Example:
        >>> float(linear(jnp.array(3.0)))
        3.0
    """
    return z


@jax.custom_jvp
def sigmoid(z: Array) -> Array:
    """g(z) = 1 / (1 + e^-z), with g'(z) = g(z) (1 - g(z)).

    Example:
        >>> round(float(sigmoid(jnp.array(3.2))), 2)
        0.96
    """
    return 1 / (1 + jnp.exp(-z))  # e^-z may overflow: 1 / inf is 0, the limit


sigmoid.defjvps(lambda dz, g, z: g * (1 - g) * dz)


@jax.custom_jvp
def tanh(z: Array) -> Array:
    """g(z) = (e^z - e^-z) / (e^z + e^-z), with g'(z) = 1 - g(z)².

    Example:
        >>> float(tanh(jnp.array(0.0)))
        0.0
    """
    return jnp.tanh(z)


tanh.defjvps(lambda dz, g, z: (1 - g**2) * dz)


@jax.custom_jvp
def relu(z: Array) -> Array:
    """g(z) = max(0, z), with the step function as g'(z), 0 at 0 (Nair and Hinton 2010).

    Example:
        >>> relu(jnp.array([-2.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 2.0]
    """
    return jnp.maximum(z, 0)


relu.defjvps(lambda dz, g, z: jnp.where(z > 0, dz, 0))


def leaky_relu(z: Array, slope: float = 0.01) -> Array:
    """g(z) = z where z > 0, else slope · z (Maas et al. 2013).

    Example:
        >>> leaky_relu(jnp.array([-2.0, 2.0]), slope=0.5).tolist()
        [-1.0, 2.0]
    """
    return jnp.where(z > 0, z, slope * z)


def elu(z: Array, alpha: float = 1.0) -> Array:
    """g(z) = z where z > 0, else α (e^z - 1) (Clevert et al. 2016).

    Example:
        >>> elu(jnp.array([-1e4, 2.0])).tolist()
        [-1.0, 2.0]
    """
    # The unused branch must not overflow: its infinite gradient times 0 would be NaN.
    return jnp.where(z > 0, z, alpha * jnp.expm1(jnp.where(z > 0, 0, z)))


def gelu(z: Array) -> Array:
    """g(z) = z Φ(z), with Φ the normal distribution function (Hendrycks and Gimpel 2016).

    Example:
        >>> round(float(gelu(jnp.array(1.0))), 4)
        0.8413
    """
    # erfc keeps its digits where 1 + erf would cancel, at z << 0. Halved first: 2 z can overflow.
    return z * (jax.lax.erfc(-z / math.sqrt(2)) / 2)


@jax.custom_jvp
def softplus(z: Array) -> Array:
    """g(z) = log(1 + e^z) = -log sigmoid(-z), with g'(z) = sigmoid(z).

    Example:
        >>> softplus(jnp.array([-1e4, 1e4])).tolist()
        [0.0, 10000.0]
    """
    return jnp.maximum(z, 0) + jnp.log1p(jnp.exp(-jnp.abs(z)))


@softplus.defjvp
def _softplus_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (z,), (dz,) = primals, tangents
    e = jnp.exp(-jnp.abs(z))  # one exponential for both
    slope = jnp.where(z > 0, 1, e) / (1 + e)  # sigmoid(z)
    return jnp.maximum(z, 0) + jnp.log1p(e), slope * dz


def softmax(z: Array) -> Array:
    """g(z)_k = e^z_k / Σ_j e^z_j: probabilities, which sum to 1 over the last axis.

    Example:
        >>> softmax(jnp.array([1e4, 1e4, -1e4])).tolist()
        [0.5, 0.5, 0.0]
    """
    e = jnp.exp(z - _largest(z))
    return e / e.sum(-1, keepdims=True)


def log_softmax(z: Array) -> Array:
    """g(z)_k = z_k - log Σ_j e^z_j, the logarithm of softmax, over the last axis.

    Example:
        >>> log_softmax(jnp.array([0.0, -1e4])).tolist()
        [0.0, -10000.0]
    """
    shifted = z - _largest(z)
    return shifted - jnp.log(jnp.exp(shifted).sum(-1, keepdims=True))


def _largest(z: Array) -> Array:
    """max_k z_k: subtracting it from every z_k changes no result, and prevents overflow of e^z."""
    return jax.lax.stop_gradient(z.max(-1, keepdims=True))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": linear,
    "identity": linear,  # scikit-learn's name
    "sigmoid": sigmoid,
    "logistic": sigmoid,  # scikit-learn's name
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "softplus": softplus,
    "softmax": softmax,
    "log_softmax": log_softmax,
}
