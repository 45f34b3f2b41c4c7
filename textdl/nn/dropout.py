"""Dropout: each unit is left out with some probability, so that none can rely on another.

Reference:
    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from textdl.errors import ParameterError


def apply(x: Array, rate: float, key: Array | None) -> Array:
    """x_i m_i / (1 - rate), m_i ~ Bernoulli(1 - rate): the expectation is x ("inverted" dropout).

    Args:
        x: `(...,)` float.
        rate: share of units that become 0; from 0 up to, not including, 1.
        key: of the draw; None switches dropout off, as is right when predicting.

    Returns:
        `(...,)` float.

    Raises:
        ParameterError: the rate is out of range.

    Example:
        >>> apply(jnp.ones(6), 0.5, jax.random.key(1)).tolist()
        [2.0, 0.0, 2.0, 2.0, 0.0, 0.0]
        >>> apply(jnp.ones(2), 0.5, None).tolist()
        [1.0, 1.0]
    """
    if not 0 <= rate < 1:
        raise ParameterError(f"dropout={rate} is out of range; expected 0 <= dropout < 1")
    if key is None or rate == 0:
        return x
    kept = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(kept, x / (1 - rate), 0)
