"""Negative sampling: the predicted words against noise words that a block shares.

With C the vectors that predict, of the centers of a block, O the output vectors of the words that
are predicted, and V those of K noise words,

    S = O Cᵀ, T = V Cᵀ
    loss = -Σ_ji M_ji log σ(S_ji) - (negative / K) Σ_i n_i Σ_k log σ(-T_ki),  n_i = Σ_j M_ji

where M says what is predicted: a band, the tokens around each center, or the center alone. A block
draws K noise words once, and each of its vectors meets them all, weighted so that in expectation
every prediction meets `negative` of them, as if it had drawn its own. With a band, S is computed in
strips, `R` centers against the `R + 2w` tokens around them; the noise is one dense product. Where
all centers of a segment have one vector, the noise meets it once for all of them. Where documents
have rows, blocks share their noise, as many as a step on a CPU has: the gradient of a document is
the sum over few blocks, and what few noise words add to it by chance would be more than what its
words do.

Noise words are never left out. word2vec drops one that equals the predicted word; to drop one
that equals the center instead, which would be cheap here, leaves the score of a word with itself
free to grow, and costs word similarity (SimLex) what it gains in relatedness (MEN).

References:
    Mikolov et al. 2013, "Distributed representations of words and phrases" (negative sampling).
    Ji et al. 2016, "Parallelizing Word2Vec in shared and distributed memory" (shared noise words).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from textdl.embed.config import CPU_STEP_TOKENS, EmbeddingConfig
from textdl.embed.objectives.bands import strips_of
from textdl.embed.objectives.objective import (
    AffineHidden,
    Blocks,
    Draws,
    Hidden,
    InputSide,
    OutputLoss,
    OutputSide,
    TrainingText,
)
from textdl.embed.objectives.output_words import OutputWords
from textdl.embed.objectives.word_tables import CENTERS, OUTPUT, TOKENS
from textdl.embed.tables import Batches, OuterGradients, ProductGradients, RowsGradient, Tables
from textdl.keyed_random import NOISE

NOISE_WORDS = "noise"  # rows, (S, B, K), or (S, P, K) where the blocks of each of P groups share it
NOISE_WEIGHT = "noise_weight"  # (S,) float32, how many noise words of a prediction each stands for

FACTORS = 64  # from 1 to 2 each, so that their product is finite in float32


def output_side(text: TrainingText, config: EmbeddingConfig, inputs: InputSide) -> OutputSide:
    """One row per word, or for words that share one, which is predicted, and drawn as noise.

    Args:
        text: words are drawn in proportion to their counts to the power `ns_exponent`.
        config: has the seed, `negative`, and K.
        inputs: what predicts.

    Returns:
        The side; its rows start at 0.
    """
    words = OutputWords(text.vocabulary, config)
    negative = config.noise_per_prediction
    weight = np.float32(negative / config.noise_words)

    def draw(blocks: Blocks) -> Draws:
        steps, of_step = blocks.left.shape[:2]
        groups = _groups(*blocks.left.shape[1:]) if inputs.shares_noise else of_step
        shape = (steps, groups, config.noise_words)
        key = (config.seed, NOISE, blocks.epoch, blocks.number)
        noise = words.draw_noise(math.prod(shape), *key).reshape(shape)
        is_context = inputs.predicts == "context"
        predicted = {TOKENS: blocks.tokens} if is_context else {CENTERS: blocks.centers}
        of_words = {name: words.rows(ids) for name, ids in predicted.items()}
        rows = {OUTPUT: {**of_words, NOISE_WORDS: noise}}
        return Draws(rows, {NOISE_WEIGHT: np.full(len(noise), weight)})

    return OutputSide(
        init=lambda: {OUTPUT: jnp.zeros((len(text.vocabulary), inputs.hidden_size), jnp.float32)},
        draw=draw,
        loss=_LOSSES[inputs.predicts],
        scores=1.0 + negative,
        updates={OUTPUT: words.sum_by_row(text.kept_share) + negative * words.noise_probability},
        # With output vectors at 0 a prediction and each of its noise words cost log 2.
        initial_loss=(1 + negative) * math.log(2),
    )


def _groups(blocks: int, length: int) -> int:
    """Groups of blocks that share noise: as many tokens each as a step on a CPU has.

    A large step with the noise words of a small one would move these few too far.
    """
    groups = max(1, blocks * length // CPU_STEP_TOKENS)
    return math.gcd(blocks, groups)


def _context_loss(tables: Tables, hidden: Hidden, batch: Batches) -> OutputLoss:
    """The loss where the words around each center are predicted.

    Args:
        tables: has `output`.
        hidden: has a band, M.
        batch: without its axis `S`.

    Returns:
        The loss of each block, and its derivatives.
    """
    C, counts, mask = hidden  # (B, L, D), (B, L), (B, L / R, R + 2w, R)
    assert mask is not None
    halo = (mask.shape[2] - mask.shape[3]) // 2
    around = strips_of(batch.rows[OUTPUT][TOKENS], halo, mask.shape[3])  # (B, L / R, R + 2w)
    noise = batch.rows[OUTPUT][NOISE_WORDS]  # (B, K)
    O = tables[OUTPUT][around]  # noqa: E741  # (B, L / R, R + 2w, D)
    V = tables[OUTPUT][noise]  # (B, K, D)
    strips = C.reshape(*mask.shape[:2], mask.shape[3], C.shape[2])
    scores = jnp.einsum("bsmd,bsrd->bsmr", O, strips)  # S
    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    positive_loss = sum_softplus(-scores, exp_neg_abs, mask)  # (B, R + 2w, R)
    positive = -sigmoid(-scores, exp_neg_abs, mask)  # by S
    negative_loss, negative = _against_noise(V, C, batch.values[NOISE_WEIGHT] * counts)

    output_gradients: list[RowsGradient] = [
        ProductGradients(around, positive, strips),
        ProductGradients(noise, negative, C),
    ]
    # Transposed here, and not within the product, whose kernels for that are half as fast.
    transposed = jnp.swapaxes(positive, 2, 3), jnp.swapaxes(negative, 1, 2)
    positive, negative = lax.optimization_barrier(transposed)  # type: ignore[no-untyped-call]
    from_around = jnp.einsum("bsrm,bsmd->bsrd", positive, O).reshape(C.shape)
    from_noise = jnp.einsum("blk,bkd->bld", negative, V)
    return OutputLoss(
        positive_loss.sum((1, 2)) + negative_loss.sum(1),
        from_around + from_noise,
        {OUTPUT: output_gradients},
    )


def _center_loss(tables: Tables, hidden: Hidden, batch: Batches) -> OutputLoss:
    """The loss where each center is predicted.

    Args:
        tables: has `output`.
        hidden: has the centers that are predicted.
        batch: without its axis `S`.

    Returns:
        The loss of each block, and its derivatives.
    """
    H, counts, _ = hidden  # (B, L, D), (B, L)
    mask = counts > 0
    centers = batch.rows[OUTPUT][CENTERS]  # (B, L)
    noise = batch.rows[OUTPUT][NOISE_WORDS]  # (B, K), or (P, K) where blocks share it
    O = tables[OUTPUT][centers]  # noqa: E741  # (B, L, D)
    V = tables[OUTPUT][noise]  # (B, K, D)
    opposed = H.reshape(noise.shape[0], -1, H.shape[2])  # (B, L, D), or (P, B L / P, D)
    # As a product: XLA adds up a row on a CPU one number after the other, and a product in lanes.
    scores = (O * H) @ jnp.ones(H.shape[2], H.dtype)
    weight = batch.values[NOISE_WEIGHT] * counts.reshape(noise.shape[0], -1)  # (B, L)

    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    positive_loss = sum_softplus(-scores, exp_neg_abs, mask)  # (B,)
    positive = -sigmoid(-scores, exp_neg_abs, mask)  # (B, L), by the scores
    negative_loss, negative = _against_noise(V, opposed, weight)
    output_gradients: list[RowsGradient] = [
        OuterGradients(centers[..., None], positive[..., None], H),
        ProductGradients(noise, negative, opposed),
    ]
    by_center = lax.optimization_barrier(jnp.swapaxes(negative, 1, 2))  # type: ignore[no-untyped-call]
    from_noise = jnp.einsum("blk,bkd->bld", by_center, V).reshape(H.shape)
    return OutputLoss(
        positive_loss + negative_loss.reshape(counts.shape).sum(1),
        positive[..., None] * O + from_noise,
        {OUTPUT: output_gradients},
    )


def _segment_loss(tables: Tables, hidden: Hidden, batch: Batches) -> OutputLoss:
    """The loss where the centers of each segment are predicted.

    Args:
        tables: has `output`.
        hidden: has which centers each segment predicts.
        batch: without its axis `S`.

    Returns:
        The loss of each block, and its derivatives.
    """
    H, counts, mask = hidden  # (B, G, D), (B, G), (B, L, G)
    assert mask is not None
    centers = batch.rows[OUTPUT][CENTERS]  # (B, L)
    noise = batch.rows[OUTPUT][NOISE_WORDS]  # (B, K), or (P, K) where blocks share it
    O = tables[OUTPUT][centers]  # noqa: E741  # (B, L, D)
    V = tables[OUTPUT][noise]  # (B, K, D)
    opposed = H.reshape(noise.shape[0], -1, H.shape[2])  # (B, G, D), or (P, B G / P, D)
    scores = jnp.einsum("bld,bgd->blg", O, H)
    weight = batch.values[NOISE_WEIGHT] * counts.reshape(noise.shape[0], -1)  # (B, G)

    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    positive_loss = sum_softplus(-scores, exp_neg_abs, mask)  # (B, G)
    positive = -sigmoid(-scores, exp_neg_abs, mask)  # (B, L, G), by the scores
    negative_loss, negative = _against_noise(V, opposed, weight)
    output_gradients = [
        ProductGradients(centers, positive, H),
        ProductGradients(noise, negative, opposed),
    ]
    transposed = jnp.swapaxes(positive, 1, 2), jnp.swapaxes(negative, 1, 2)
    positive, negative = lax.optimization_barrier(transposed)  # type: ignore[no-untyped-call]
    from_centers = jnp.einsum("bgl,bld->bgd", positive, O)
    from_noise = jnp.einsum("bgk,bkd->bgd", negative, V).reshape(H.shape)
    return OutputLoss(
        (positive_loss + negative_loss.reshape(counts.shape)).sum(1),
        from_centers + from_noise,
        {OUTPUT: output_gradients},
    )


class AffineScores(NamedTuple):
    """The scores of the centers of blocks as functions of their documents' vectors d.

    Those of center i are S_i = b_i + s_i (O_i · d) and T_ki = B_ki + s_i (V_k · d).
    """

    rows: Array  # (B, L, D), O, as far as it meets the document
    scale: Array  # (B, L), s
    gradient_scale: Array  # (B, L), as in `AffineHidden`
    bias: Array | None  # (B, L), b; None: 0
    noise_bias: Array | None  # (P, B, L, K), B of P noises; None: 0, and s is 1 for text


def affine_scores(
    tables: Mapping[str, Array],
    hidden: AffineHidden,
    batch: Batches,
    noise: Array,
    size: int,
) -> AffineScores:
    """What of the scores stays while documents learn.

    Args:
        tables: has `output`.
        hidden: what predicts.
        batch: without its axis `S`.
        noise: `(P, K, H)`, V of P passes, which all blocks share.
        size: D, the numbers of a document's vector.

    Returns:
        The scores.
    """
    O = tables[OUTPUT][batch.rows[OUTPUT][CENTERS]]  # noqa: E741  # (B, L, H)
    scale, gradient_scale, constant = hidden
    if constant is None:
        return AffineScores(O, scale, gradient_scale, None, None)
    bias = (O * constant) @ jnp.ones(O.shape[2], O.dtype)
    noise_bias = jnp.einsum("blh,pkh->pblk", constant, noise)
    return AffineScores(O[..., :size], scale, gradient_scale, bias, noise_bias)


def affine_gradient(
    scores: AffineScores, number: Array, vectors: Array, noise: Array, weight: float
) -> Array:
    """The gradient of the loss by the vectors of documents.

    Args:
        scores: of B blocks.
        number: `()`, which noise is met.
        vectors: `(B, D)`, of the document of each.
        noise: `(K, D)`, V, as far as it meets the document.
        weight: noise words of a prediction that each stands for.

    Returns:
        `(B, D)`.
    """
    # As a product: XLA adds up a row on a CPU one number after the other, and a product in lanes.
    own = scores.scale * ((scores.rows * vectors[:, None]) @ jnp.ones_like(vectors[0]))
    if scores.bias is not None:
        own += scores.bias
    positive = -lax.logistic(-own) * scores.gradient_scale  # (B, L)
    met = vectors @ noise.T  # (B, K)
    if scores.noise_bias is None:
        negative = scores.gradient_scale.sum(1)[:, None] * lax.logistic(met)
    else:
        all_met = scores.noise_bias[number] + scores.scale[..., None] * met[:, None]  # (B, L, K)
        of_centers = lax.logistic(all_met)
        negative = (of_centers * scores.gradient_scale[..., None]).sum(1)
    from_rows = (positive[..., None] * scores.rows).sum(1)
    return from_rows + (weight * negative) @ noise


def _against_noise(V: Array, C: Array, weight: Array) -> tuple[Array, Array]:
    """The loss of vectors against the noise words they all meet, and its derivatives by T.

    Args:
        V: `(B, K, D)` of the noise words.
        C: `(B, L, D)` of the vectors that predict.
        weight: `(B, L)` how many noise words each stands for.

    Returns:
        `(B, L)` and `(B, K, L)`.
    """
    scores = jnp.einsum("bkd,bld->bkl", V, C)  # T
    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    loss = weight * sum_softplus(scores, exp_neg_abs)
    return loss, weight[:, None] * sigmoid(scores, exp_neg_abs)


_LOSSES = {"center": _center_loss, "context": _context_loss, "segment": _segment_loss}


def sigmoid(x: Array, exp_neg_abs: Array, mask: Array | bool = True) -> Array:
    """σ(x) where the mask is set and 0 elsewhere.

    The numerator is masked, and not the quotient: XLA would mask that again for each of its uses.

    Args:
        x: of any shape.
        exp_neg_abs: exp(-|x|).
        mask: of the shape of x.

    Returns:
        Of the shape of x.

    Example:
        >>> x = jnp.array([0.0, 0.0])
        >>> sigmoid(x, jnp.exp(-jnp.abs(x)), jnp.array([True, False])).tolist()
        [0.5, 0.0]
    """
    return jnp.where(mask, jnp.where(x > 0, 1, exp_neg_abs), 0) / (1 + exp_neg_abs)


def sum_softplus(x: Array, exp_neg_abs: Array, mask: Array | bool = True) -> Array:
    """Σ log(1 + exp x) along axis 1, over what the mask has set.

    It is Σ max(x, 0) + log Π (1 + exp(-|x|)): one logarithm does for many terms.

    Args:
        x: of any shape with an axis 1.
        exp_neg_abs: exp(-|x|).
        mask: of the shape of x.

    Returns:
        Of the shape of x without its axis 1.

    Example:
        >>> x = jnp.zeros((1, 3))
        >>> round(float(sum_softplus(x, jnp.exp(-jnp.abs(x)))[0]), 4)  # 3 log 2
        2.0794
    """
    above = jnp.where(mask & (x > 0), x, 0).sum(1)
    factors = jnp.where(mask, 1 + exp_neg_abs, 1)
    if (terms := x.shape[1]) <= FACTORS:
        return above + jnp.log(factors.prod(1))
    padding = [(0, -terms % FACTORS if axis == 1 else 0) for axis in range(x.ndim)]
    groups = jnp.pad(factors, padding, constant_values=1)
    groups = groups.reshape(x.shape[0], -1, FACTORS, *x.shape[2:])
    return above + jnp.log(groups.prod(2)).sum(1)
