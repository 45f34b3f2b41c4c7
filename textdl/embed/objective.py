"""Skip-gram with negative sampling on blocks: runs of consecutive tokens instead of single pairs.

A block has `L` centres and `K` noise words that its centres share. With C the centre vectors, O the
context vectors of the tokens around them and V those of the noise words,

    S = O Cᵀ, T = V Cᵀ
    loss = -Σ_ji M_ji log σ(S_ji) - (negative / K) Σ_i n_i Σ_k log σ(-T_ki),  n_i = Σ_j M_ji

In expectation every positive pair meets `negative` noise words, as if it had drawn its own. Noise
words are never left out. word2vec drops one that equals the pair's context; to drop one that equals
the centre instead, which would be cheap here, leaves the score of a word with itself free to grow,
and costs similarity judgements (SimLex) what it gains in relatedness (MEN).

M is a band, `w` wide on each side, so S is computed in strips: `R` centres against the `R + 2w`
tokens around them. The noise is one dense product for the whole block.

References:
    Mikolov et al. 2013, "Distributed representations of words and phrases" (negative sampling).
    Ji et al. 2016, "Parallelizing Word2Vec in shared and distributed memory" (shared noise words).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

FACTORS = 64  # from 1 to 2 each, so that their product is finite in float32


class Slopes(NamedTuple):
    """The loss of a block, and minus its derivatives by the scores."""

    loss: Array  # (B,) float32, summed over its pairs and their noise
    pull: Array  # (B, L / R, R + 2w, R) float32, M σ(-S)
    push: Array  # (B, K, L) float32, -(negative / K) n σ(T)


def positive_mask(left: Array, right: Array, halo: int) -> Array:
    """M_ji = 1[-left_i <= j - i <= right_i, j != i], centre `i` against the tokens `j` around it.

    Args:
        left: `(..., R)` how many tokens before each centre are its context.
        right: `(..., R)` how many after it.
        halo: w, the tokens of a strip before its first centre, and after its last.

    Returns:
        `(..., R + 2w, R)` bool.

    Example:
        >>> positive_mask(jnp.array([0, 1]), jnp.array([1, 0]), 1).astype(int).tolist()
        [[0, 0], [0, 1], [1, 0], [0, 0]]
    """
    size = left.shape[-1]
    distance = jnp.arange(size + 2 * halo)[:, None] - halo - jnp.arange(size)  # (R + 2w, R)
    after = distance <= right[..., None, :]
    return (distance != 0) & (distance >= -left[..., None, :]) & after


def block_slopes(
    centre: Array, around: Array, noise: Array, left: Array, right: Array, negative: float
) -> Slopes:
    """Differentiate the loss of every block by its scores.

    Args:
        centre: `(B, L, D)` C.
        around: `(B, L / R, R + 2w, D)` O, strip by strip.
        noise: `(B, K, D)` V.
        left: `(B, L)` int32, how many tokens before each centre are its context.
        right: `(B, L)` int32, how many after it.
        negative: noise words a pair.
    """
    (blocks, strips, width, size), length = around.shape, centre.shape[1]
    by_strip = (blocks, strips, length // strips)
    mask = positive_mask(
        left.reshape(by_strip), right.reshape(by_strip), (width - length // strips) // 2
    )
    scores = jnp.einsum("bsmd,bsrd->bsmr", around, centre.reshape(*by_strip, size))  # S
    against = jnp.einsum("bkd,bld->bkl", noise, centre)  # T
    weight = negative / noise.shape[1] * (left + right)  # (B, L)

    small, small_against = jnp.exp(-jnp.abs(scores)), jnp.exp(-jnp.abs(against))
    attraction = _sum_softplus(-scores, small, mask)  # (B, R + 2w, R)
    repulsion = weight * _sum_softplus(against, small_against)  # (B, L)
    return Slopes(
        attraction.sum((1, 2)) + repulsion.sum(1),
        _sigmoid(-scores, small, mask),
        -weight[:, None] * _sigmoid(against, small_against),
    )


def _sigmoid(x: Array, small: Array, mask: Array | bool = True) -> Array:
    """σ(x) where the mask is set and 0 elsewhere, given exp(-|x|).

    The numerator is masked, and not the quotient: XLA would mask that anew for each of its uses.
    """
    return jnp.where(mask, jnp.where(x > 0, 1, small), 0) / (1 + small)


def _sum_softplus(x: Array, small: Array, mask: Array | bool = True) -> Array:
    """Σ log(1 + exp x) along axis 1, given exp(-|x|).

    It is Σ max(x, 0) + log Π (1 + exp(-|x|)): one logarithm does for many terms.
    """
    above = jnp.where(mask & (x > 0), x, 0).sum(1)
    factors = jnp.where(mask, 1 + small, 1)
    if (terms := x.shape[1]) <= FACTORS:
        return above + jnp.log(factors.prod(1))
    padding = [(0, -terms % FACTORS if axis == 1 else 0) for axis in range(x.ndim)]
    groups = jnp.pad(factors, padding, constant_values=1)
    groups = groups.reshape(x.shape[0], -1, FACTORS, *x.shape[2:])
    return above + jnp.log(groups.prod(2)).sum(1)
