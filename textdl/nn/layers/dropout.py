"""Dropout: each unit is dropped with some probability, so that none can rely on another.

Reference:
    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from textdl.errors import ParameterError
from textdl.jax_settings import check_key
from textdl.nn.data.sequences import SequenceBatch
from textdl.nn.layers.sequential import Layer


@dataclass(frozen=True)
class Dropout(Layer):
    """x_i m_i / (1 - rate), m_i ~ Bernoulli(1 - rate): the expectation is x ("inverted" dropout).

    Args:
        rate: share of units that become 0; at least 0, below 1.

    Raises:
        ParameterError: the rate is out of range.

    Example:
        >>> Dropout(0.5).apply((), jnp.ones(6), key=jax.random.key(1)).tolist()
        [2.0, 0.0, 2.0, 2.0, 0.0, 0.0]
        >>> Dropout(0.5).apply((), jnp.ones(2)).tolist()
        [1.0, 1.0]
    """

    rate: float

    has_parameters = False
    is_random = True

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ParameterError(f"dropout={self.rate} is out of range; expected 0 <= dropout < 1")

    @property
    def draws(self) -> bool:
        """Whether any unit is dropped."""
        return self.rate > 0

    def apply(self, params: tuple[()], x: Any, *, key: Array | None = None) -> Any:
        """`x` with some units 0, in the shape of `x`.

        Args:
            params: none.
            x: `(...,)` float, or a `SequenceBatch` of vectors.
            key: of the draw; None, as in prediction, gives `x` itself.

        Returns:
            What `x` is: an array, or a `SequenceBatch`.
        """
        if key is None or self.rate == 0:
            return x
        check_key(key)
        if isinstance(x, SequenceBatch):
            return x._replace(values=self._dropped(x.values, key))
        return self._dropped(x, key)

    def details(self) -> str | None:
        """The rate."""
        return f"{self.rate:g}" if self.rate else None

    def _dropped(self, x: Array, key: Array) -> Array:
        kept = jax.random.bernoulli(key, 1 - self.rate, x.shape)
        return jnp.where(kept, x / (1 - self.rate), 0)
