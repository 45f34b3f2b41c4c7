"""Regularization: what is added to the loss for large weights.

Reference:
    Bishop 2006, "Pattern Recognition and Machine Learning", section 5.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from textdl.nn.losses import absolute_value


@dataclass(frozen=True)
class Regularizer:
    """R(θ) = l1 Σ|w| + l2/2 Σw², over the weights: arrays of two axes or more; biases are exempt.

    Args:
        l1: strength of the first term.
        l2: strength of the second; scikit-learn's `alpha`.

    Example:
        >>> from textdl.nn.layers.dense import DenseParams
        >>> float(Regularizer(l1=1.0, l2=2.0)(DenseParams(jnp.array([[-3.0]]), jnp.array([5.0]))))
        12.0
    """

    l1: float = 0.0
    l2: float = 0.0

    def __call__(self, params: Any) -> Array:
        """R(θ), a scalar."""
        weights = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim >= 2]
        return sum((self._of(w) for w in weights), jnp.zeros(()))

    def gradient(self, params: Any) -> Any:
        """dR/dθ: l1 sign(w) + l2 w, and 0 for biases; traced sooner than by `jax.grad`."""
        return jax.tree.map(self._slope, params)

    def _slope(self, w: Array) -> Array:
        slope = self.l2 * w if w.ndim >= 2 else jnp.zeros_like(w)
        return slope + self.l1 * jnp.sign(w) if self.l1 and w.ndim >= 2 else slope

    def _of(self, w: Array) -> Array:
        return self.l1 * absolute_value(w).sum() + self.l2 / 2 * (w**2).sum()
