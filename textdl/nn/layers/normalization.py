"""Layer normalization: every vector is shifted and scaled to mean 0 and variance 1.

Reference:
    Ba, Kiros and Hinton 2016, "Layer normalization".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from textdl.errors import DataError, ParameterError
from textdl.nn.data.sequences import SequenceBatch, masked_vectors
from textdl.nn.layers.sequential import Layer


class LayerNormParams(NamedTuple):
    """The parameters of layer normalization.

    Example:
        >>> LayerNormParams(jnp.ones(4), jnp.zeros(4)).scale.shape
        (4,)
    """

    scale: Array  # (D,) float, γ
    bias: Array  # (D,) float, β


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = γ (x - μ) / √(σ² + ε) + β, with the mean μ and the variance σ² of the numbers of x.

    Args:
        size: D, numbers per vector.
        epsilon: ε, which keeps a constant vector finite; above 0.

    Raises:
        ParameterError: the size is below 1, or ε is not above 0.

    Example:
        >>> layer = LayerNorm(2)
        >>> import jax
        >>> layer.apply(layer.init(jax.random.key(0)), jnp.array([[1.0, 3.0]])).round(2).tolist()
        [[-1.0, 1.0]]
    """

    size: int
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if not (self.size >= 1 and self.epsilon > 0):
            raise ParameterError(
                f"layer normalization of size {self.size} with epsilon={self.epsilon}; expected "
                "a size of 1 or more, and epsilon above 0"
            )

    def init(self, key: Array) -> LayerNormParams:
        """γ = 1 and β = 0."""
        del key
        return LayerNormParams(jnp.ones(self.size), jnp.zeros(self.size))

    def apply(
        self, params: LayerNormParams, x: Array | SequenceBatch, *, key: Array | None = None
    ) -> Array | SequenceBatch:
        """Every vector normalized.

        Args:
            params: of the layer.
            x: `(..., D)` float, or a `SequenceBatch` of vectors.
            key: not used, since this layer draws nothing.

        Returns:
            What `x` is: an array, or a `SequenceBatch`.

        Raises:
            DataError: the vectors are not of D numbers.
        """
        del key
        if isinstance(x, SequenceBatch):
            values = masked_vectors(x, "layer normalization", self.size)
            return x._replace(values=self._normalized(params, values))
        if x.shape[-1] != self.size:
            raise DataError(
                f"rows of {x.shape[-1]:,} numbers do not fit layer normalization of {self.size:,} "
                f"inputs; make it for {x.shape[-1]:,} inputs"
            )
        return self._normalized(params, x)

    def _normalized(self, params: LayerNormParams, x: Array) -> Array:
        centered = x - x.mean(-1, keepdims=True)
        variance = jnp.square(centered).mean(-1, keepdims=True)
        return centered * lax.rsqrt(variance + self.epsilon) * params.scale + params.bias
