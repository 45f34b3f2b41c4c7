"""Skip-gram with negative sampling: a word predicts the words around it.

A block has `L` centers and `K` noise words that its centers share. With C the input vectors of the
centers, O the output vectors of the tokens around them and V those of the noise words,

    S = O Cᵀ, T = V Cᵀ
    loss = -Σ_ji M_ji log σ(S_ji) - (negative / K) Σ_i n_i Σ_k log σ(-T_ki),  n_i = Σ_j M_ji

M is a band, `w` wide on each side, so S is computed in strips: `R` centers against the `R + 2w`
tokens around them. The noise is one dense product for the whole block.

References:
    Mikolov et al. 2013, "Distributed representations of words and phrases".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.config import STRIP, EmbeddingConfig
from textdl.embed.objectives.contexts import (
    INPUT,
    OUTPUT,
    centers_and_surroundings,
    context_mask,
    input_vectors,
    word_tables,
)
from textdl.embed.objectives.negative_sampling import (
    NOISE_IDS,
    NOISE_WEIGHT,
    initial_loss,
    make_noise_sampler,
    sigmoid,
    sum_softplus,
)
from textdl.embed.objectives.objective import (
    Batches,
    EmbeddingObjective,
    LossAndGradients,
    ProductGradients,
    RowGradients,
    Tables,
)
from textdl.embed.sampling import noise_probability
from textdl.text.vocabulary import Vocabulary


class ScoreGradients(NamedTuple):
    """The loss of a block, and its derivatives by the scores."""

    loss: Array  # (B,) float32, summed over its pairs and their noise
    positive: Array  # (B, L / R, R + 2w, R) float32, by S: -M σ(-S)
    negative: Array  # (B, K, L) float32, by T: (negative / K) n σ(T)


def loss_and_gradients(tables: Tables, batch: Batches, *, strip: int = STRIP) -> LossAndGradients:
    """The loss of a batch, and its gradient by the rows of both tables.

    Args:
        tables: `input` and `output`, `(V, D)` float32 each.
        batch: without its axis `S`.
        strip: R, centers that are multiplied at once; divides L.

    Returns:
        The loss and the pairs of each block, and the gradients of the rows that the batch uses.
    """
    centers, around = centers_and_surroundings(batch, strip)  # (B, L), (B, L / R, R + 2w)
    noise = batch.sampled[NOISE_IDS]  # (B, K)
    C = tables[INPUT][centers]  # (B, L, D)
    O = tables[OUTPUT][around]  # noqa: E741  # (B, L / R, R + 2w, D)
    V = tables[OUTPUT][noise]  # (B, K, D)
    weight = batch.sampled[NOISE_WEIGHT]
    loss, positive, negative = block_loss_and_gradients(C, O, V, batch.left, batch.right, weight)

    strips = C.reshape(*around.shape[:2], strip, C.shape[2])
    output_gradients = [
        ProductGradients(around, positive, strips),
        ProductGradients(noise, negative, C),
    ]
    # Transposed here, and not within the product, whose kernels for that are half as fast.
    transposed = jnp.swapaxes(positive, 2, 3), jnp.swapaxes(negative, 1, 2)
    positive, negative = lax.optimization_barrier(transposed)  # type: ignore[no-untyped-call]
    from_around = jnp.einsum("bsrm,bsmd->bsrd", positive, O).reshape(C.shape)
    from_noise = jnp.einsum("blk,bkd->bld", negative, V)
    return LossAndGradients(
        loss,
        (batch.left + batch.right).sum(1, dtype=jnp.float32),
        {INPUT: [RowGradients(centers, from_around + from_noise)], OUTPUT: output_gradients},
    )


def block_loss_and_gradients(
    center: Array, around: Array, noise: Array, left: Array, right: Array, noise_weight: Array
) -> ScoreGradients:
    """Differentiate the loss of every block by its scores.

    Args:
        center: `(B, L, D)` C.
        around: `(B, L / R, R + 2w, D)` O, strip by strip.
        noise: `(B, K, D)` V.
        left: `(B, L)` int32, how many tokens before each center are its context.
        right: `(B, L)` int32, how many after it.
        noise_weight: `()` float32, negative / K.

    Returns:
        The loss of each block, and its derivatives by all scores.
    """
    (blocks, strips, width, size), length = around.shape, center.shape[1]
    by_strip = (blocks, strips, length // strips)
    mask = context_mask(
        left.reshape(by_strip), right.reshape(by_strip), (width - length // strips) // 2
    )
    scores = jnp.einsum("bsmd,bsrd->bsmr", around, center.reshape(*by_strip, size))  # S
    noise_scores = jnp.einsum("bkd,bld->bkl", noise, center)  # T
    weight = noise_weight * (left + right)  # (B, L)

    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    noise_exp_neg_abs = jnp.exp(-jnp.abs(noise_scores))
    positive_loss = sum_softplus(-scores, exp_neg_abs, mask)  # (B, R + 2w, R)
    negative_loss = weight * sum_softplus(noise_scores, noise_exp_neg_abs)  # (B, L)
    return ScoreGradients(
        positive_loss.sum((1, 2)) + negative_loss.sum(1),
        -sigmoid(-scores, exp_neg_abs, mask),
        weight[:, None] * sigmoid(noise_scores, noise_exp_neg_abs),
    )


def init(vocabulary: Vocabulary, config: EmbeddingConfig) -> Tables:
    """Two tables with a row per word."""
    return word_tables(len(vocabulary), config)


def expected_updates(
    vocabulary: Vocabulary, kept_share: NDArray[np.float64], config: EmbeddingConfig
) -> Mapping[str, NDArray[np.float64]]:
    """The pairs that move each row at one center, in expectation.

    A center has w + 1 pairs: reduced windows are w + 1 tokens wide on average, both sides counted.
    A word is in a pair's context as often as it is kept, and `negative` times as often as it is
    drawn as noise; the input rows are moved by the same pairs.

    Args:
        vocabulary: V words and their counts.
        kept_share: `(V,)` the share of each word among the tokens that subsampling keeps.
        config: has w and `negative`.

    Returns:
        `(V,)` float64 by table.
    """
    noise_share = noise_probability(vocabulary.counts)
    updates = (config.window + 1) * (kept_share + config.negative * noise_share)
    return {INPUT: updates, OUTPUT: updates}


OBJECTIVE = EmbeddingObjective(
    init=init,
    make_sampler=make_noise_sampler,
    loss_and_gradients=loss_and_gradients,
    expected_updates=expected_updates,
    initial_loss=initial_loss,
    export=input_vectors,
)
