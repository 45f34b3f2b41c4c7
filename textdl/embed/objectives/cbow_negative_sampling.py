"""CBOW with negative sampling: the mean of the words around a word predicts the word.

With I the input vectors of the tokens around the `L` centers of a block, O the output vectors of
the centers and V those of the `K` noise words that the block shares,

    H = (M / n)ᵀ I,  n_i = Σ_j M_ji,  p_i = 1[n_i > 0]
    loss = -Σ_i p_i log σ(O_i · H_i) - (negative / K) Σ_i p_i Σ_k log σ(-V_k · H_i)

A center without context predicts nothing. Each center is one pair: it is predicted once, where in
skip-gram it predicts n_i words.

**The gradient is that of this loss**: H is a mean, so each of its n_i vectors gets 1 / n_i of the
gradient by H. word2vec.c, and gensim with ``cbow_mean=1``, give each of them all of it, which is
the gradient of no loss (gensim issue 1873). İrsoy et al. 2021 find that with the right gradient
CBOW does as well as skip-gram. It wants a larger learning rate, about n times that of skip-gram: on
5M words of wiki17m, WS353 / MEN / analogies are .49 / .44 / .14 at 0.075, .51 / .47 / .16 at 0.1,
.56 / .52 / .17 at 0.2, .55 / .54 / .16 at 0.3, and those of skip-gram at 0.03 .56 / .52 / .18.

References:
    Mikolov et al. 2013, "Efficient estimation of word representations in vector space".
    İrsoy et al. 2021, "Corrected CBOW performs as well as skip-gram".
"""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
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
    by_strip = (*around.shape[:2], strip)
    halo = (around.shape[2] - strip) // 2
    context_size = batch.left + batch.right  # (B, L)
    is_pair = (context_size > 0).astype(jnp.float32)  # p
    mask = context_mask(batch.left.reshape(by_strip), batch.right.reshape(by_strip), halo)
    share = mask / jnp.maximum(context_size, 1).reshape(*by_strip[:2], 1, strip)  # M / n

    O = tables[OUTPUT][centers]  # noqa: E741  # (B, L, D)
    V = tables[OUTPUT][noise]  # (B, K, D)
    H = jnp.einsum("bsmr,bsmd->bsrd", share, tables[INPUT][around]).reshape(O.shape)
    scores = jnp.einsum("bld,bld->bl", O, H)
    noise_scores = jnp.einsum("bkd,bld->bkl", V, H)

    exp_neg_abs = jnp.exp(-jnp.abs(scores))
    noise_exp_neg_abs = jnp.exp(-jnp.abs(noise_scores))
    weight = batch.sampled[NOISE_WEIGHT] * is_pair  # (B, L)
    positive_loss = sum_softplus(-scores, exp_neg_abs, is_pair > 0)  # (B,)
    negative_loss = (weight * sum_softplus(noise_scores, noise_exp_neg_abs)).sum(1)  # (B,)

    positive = -sigmoid(-scores, exp_neg_abs, is_pair > 0)[..., None]  # (B, L, 1), by the scores
    negative = weight[:, None] * sigmoid(noise_scores, noise_exp_neg_abs)  # (B, K, L)
    hidden_gradient = positive * O + jnp.einsum("bkl,bkd->bld", negative, V)  # (B, L, D), by H
    return LossAndGradients(
        positive_loss + negative_loss,
        is_pair.sum(1),
        {
            INPUT: [ProductGradients(around, share, hidden_gradient.reshape(*by_strip, -1))],
            OUTPUT: [RowGradients(centers, positive * H), ProductGradients(noise, negative, H)],
        },
    )


def init(vocabulary: Vocabulary, config: EmbeddingConfig) -> Tables:
    """Two tables with a row per word."""
    return word_tables(len(vocabulary), config)


def expected_updates(
    vocabulary: Vocabulary, kept_share: NDArray[np.float64], config: EmbeddingConfig
) -> Mapping[str, NDArray[np.float64]]:
    """The pairs that move each row at one center, in expectation.

    A center is one pair, with `negative` noise words: so often are output rows moved. Each of its
    n input rows is moved by 1 / n of that, and each token is in the context of n centers.

    Args:
        vocabulary: V words and their counts.
        kept_share: `(V,)` the share of each word among the tokens that subsampling keeps.
        config: has `negative`.

    Returns:
        `(V,)` float64 by table.
    """
    return {
        INPUT: (1 + config.negative) * kept_share,
        OUTPUT: kept_share + config.negative * noise_probability(vocabulary.counts),
    }


OBJECTIVE = EmbeddingObjective(
    init=init,
    make_sampler=make_noise_sampler,
    loss_and_gradients=loss_and_gradients,
    expected_updates=expected_updates,
    initial_loss=initial_loss,
    export=input_vectors,
)
