"""Bands: which tokens of a block are the context of which of its centers.

A block has `L` centers with a halo of `w` tokens on each side. The context of a center is a window
around it, so which tokens belong to which centers is a band of a matrix `(L + 2w, L)`. It is cut
into strips: `R` centers against the `R + 2w` tokens around them, so that a product over a strip is
small and dense.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from textdl.embed.config import STRIP


def context_mask(left: Array, right: Array, halo: int, strip: int = STRIP) -> Array:
    """M_ji = 1[-left_i <= j - i <= right_i, j != i], center `i` against the tokens `j` around it.

    Args:
        left: `(B, L)` how many tokens before each center are its context.
        right: `(B, L)` how many after it.
        halo: w, the tokens of a strip before its first center, and after its last.
        strip: R, which divides L.

    Returns:
        `(B, L / R, R + 2w, R)` bool.

    Example:
        >>> context_mask(jnp.array([[0, 1]]), jnp.array([[1, 0]]), 1, strip=2).astype(int).tolist()
        [[[[0, 0], [0, 1], [1, 0], [0, 0]]]]
    """
    left, right = (side.reshape(side.shape[0], -1, 1, strip) for side in (left, right))
    distance = jnp.arange(strip + 2 * halo)[:, None] - halo - jnp.arange(strip)  # (R + 2w, R)
    return (distance != 0) & (distance >= -left) & (distance <= right)


def strips_of(tokens: Array, halo: int, strip: int = STRIP) -> Array:
    """The tokens around every `R` centers: strips that overlap by `2w`.

    Args:
        tokens: `(B, L + 2w)`.
        halo: w.
        strip: R, which divides L.

    Returns:
        `(B, L / R, R + 2w)`.

    Example:
        >>> strips_of(jnp.arange(6)[None], 1, strip=2).tolist()
        [[[0, 1, 2, 3], [2, 3, 4, 5]]]
    """
    length = tokens.shape[1] - 2 * halo
    span = jnp.arange(0, length, strip)[:, None] + jnp.arange(strip + 2 * halo)
    return tokens[:, span]
