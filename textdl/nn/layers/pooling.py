"""Pooling: one vector for a whole sequence.

Reference:
    Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text
    classification".
"""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from textdl.errors import DataError
from textdl.nn.data.sequences import SequenceBatch
from textdl.nn.layers.sequential import Layer


@dataclass(frozen=True)
class MeanPooling(Layer):
    """y = Σ_{t < length} x_t / length: the mean over what is not padding.

    The mean of an empty sequence is 0.

    Example:
        >>> batch = SequenceBatch(jnp.array([[[1.0], [3.0], [99.0]]]), jnp.array([2]))
        >>> MeanPooling().apply((), batch).tolist()
        [[2.0]]
    """

    has_parameters = False

    def apply(self, params: tuple[()], x: SequenceBatch, *, key: Array | None = None) -> Array:
        """The means, `(B, D)`.

        Args:
            params: none.
            x: vectors `(B, T, D)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, D)` float.

        Raises:
            DataError: `x` is not sequences of vectors.
        """
        del key
        if not isinstance(x, SequenceBatch) or x.values.ndim != 3:
            raise DataError("pooling takes sequences of vectors; put nn.Embedding before it")
        kept = jnp.where(x.mask[:, :, None], x.values, 0)  # (B, T, D)
        return kept.sum(1) / jnp.maximum(x.lengths, 1)[:, None]
