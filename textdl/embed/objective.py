"""Skip-gram with negative sampling on blocks: runs of consecutive tokens instead of single pairs.

A block has `L` centres and `K` noise words that its centres share. With C the centre vectors, O the
context vectors of the tokens around them and V those of the noise words,

    S = C Oᵀ, T = C Vᵀ
    loss = -Σ_ij M_ij log σ(S_ij) - (negative / K) Σ_i n_i Σ_k log σ(-T_ik),  n_i = Σ_j M_ij

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

import jax.numpy as jnp
from jax import Array

from textdl.nn.activations import softplus


def positive_mask(sentences: Array, windows: Array) -> Array:
    """M_ij = 1[0 < |i - j| <= b_i and s_i = s_j], centre `i` against the tokens `j` around it.

    Args:
        sentences: `(..., R + 2w)` the sentence of every token of a strip.
        windows: `(..., R)` the reduced window b of its centres; centre `i` is token `i + w`.

    Returns:
        `(..., R, R + 2w)` bool.
    """
    width, centres = sentences.shape[-1], windows.shape[-1]
    halo = (width - centres) // 2
    distance = jnp.abs(jnp.arange(width) - halo - jnp.arange(centres)[:, None])
    same = sentences[..., None, :] == sentences[..., halo : halo + centres, None]
    return (distance > 0) & (distance <= windows[..., None]) & same


def block_loss(centre: Array, around: Array, noise: Array, mask: Array, negative: float) -> Array:
    """The loss of every block, summed over its pairs.

    Args:
        centre: `(B, L, D)` C.
        around: `(B, L / R, R + 2w, D)` O, strip by strip.
        noise: `(B, K, D)` V.
        mask: `(B, L / R, R, R + 2w)` M.
        negative: noise words a pair.

    Returns:
        `(B,)` float32.
    """
    strips = centre.reshape(*mask.shape[:3], -1)  # (B, L / R, R, D)
    positive = jnp.einsum("bsrd,bsmd->bsrm", strips, around)  # S
    against = jnp.einsum("bld,bkd->blk", centre, noise)  # T
    pairs = mask.sum(-1, dtype=jnp.float32).reshape(centre.shape[:2])  # n
    attraction = (mask * softplus(-positive)).sum((1, 2, 3))
    repulsion = (pairs[:, :, None] * softplus(against)).sum((1, 2))
    return attraction + negative / noise.shape[1] * repulsion
