"""Penalties on weights, which keep them small (L2) or few (L1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from textdl.nn.losses import magnitude


@dataclass(frozen=True)
class Penalty:
    """R(θ) = l1 Σ|w| + l2/2 Σw², over the weights, that is arrays of two axes; biases go free.

    Args:
        l1: strength of the first.
        l2: strength of the second; scikit-learn's `alpha`.

    Example:
        >>> from textdl.nn.dense import Dense
        >>> float(Penalty(l1=1.0, l2=2.0)(Dense(jnp.array([[-3.0]]), jnp.array([5.0]))))
        12.0
    """

    l1: float = 0.0
    l2: float = 0.0

    def __call__(self, params: Any) -> Array:
        """R(θ), a scalar."""
        weights = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim == 2]
        return sum((self._of(w) for w in weights), jnp.zeros(()))

    def _of(self, w: Array) -> Array:
        return self.l1 * magnitude(w).sum() + self.l2 / 2 * (w**2).sum()
