"""CBOW: the mean or the sum of the words of the window predicts its center.

With I the input vectors of the tokens of a block, M its band and n_i = Σ_j M_ji,

    H = (M / n)ᵀ I  (the mean)    or    H = Mᵀ I  (the sum)

A center without context is not predicted. Each other center is one prediction, where in skip-gram
it is n_i of them.

**The gradient** is by default that of the loss: each of the n_i vectors of a mean gets 1 / n_i of
the gradient by H, each of a sum all of it. Programs of old do otherwise, and
``context_gradient="whole" | "divided"`` does as they do: word2vec.c, and gensim with
``cbow_mean=1``, give each vector of a mean the whole gradient, gensim with ``cbow_mean=0`` each
vector of a sum a share of it (gensim issues 1873 and 3266). İrsoy et al. 2021 find that with the
right gradient CBOW does as well as skip-gram. It wants a larger learning rate, about n times that
of skip-gram: on 5M words of wiki17m, WS353 / MEN / analogies are .49 / .44 / .14 at 0.075,
.51 / .47 / .16 at 0.1, .56 / .52 / .17 at 0.2, .55 / .54 / .16 at 0.3, and those of skip-gram at
0.03 .56 / .52 / .18.

**Position weights** (Mikolov et al. 2018) multiply each context vector, number by number, with a
learned vector of its place in the window before they are added up. They begin at 1.

References:
    Mikolov et al. 2013, "Efficient estimation of word representations in vector space".
    İrsoy et al. 2021, "Corrected CBOW performs as well as skip-gram".
    Mikolov et al. 2018, "Advances in pre-training distributed word representations", section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl.embed.config import STRIP, EmbeddingConfig
from textdl.embed.objectives.bands import context_mask, strips_of
from textdl.embed.objectives.objective import (
    Blocks,
    Draws,
    Hidden,
    InputSide,
    Pullback,
    TrainingText,
)
from textdl.embed.objectives.word_tables import (
    INPUT,
    LEFT,
    RIGHT,
    TOKENS,
    initial_input,
    input_vectors,
    mean_context,
)
from textdl.embed.tables import Batches, ProductGradients, RowGradients, TableGradients, Tables

POSITIONS = "positions"  # a table with a row per place in the window, from -w to w without 0
PLACES = "places"  # its rows, (S, 2w)


def input_side(text: TrainingText, config: EmbeddingConfig) -> InputSide:
    """One row per word, and with `position_weights` one per place of the window."""
    context = mean_context(config)
    mean = config.cbow == "mean"
    divided = config.divides_gradient
    side = InputSide(
        init=lambda: {INPUT: initial_input(len(text.vocabulary), config)},
        draw=_draw,
        forward=partial(forward, mean=mean, divided=divided),
        predicts="center",
        predictions=1.0,
        # A token is in the context of n centers, and gets 1 / n of the gradient, or all of it.
        updates={INPUT: text.kept_share * (1.0 if divided else context)},
        export=input_vectors,
        hidden_size=config.vector_size,
    )
    if not config.position_weights:
        return side
    places = 2 * config.window
    return side._replace(
        init=lambda: side.init() | {POSITIONS: jnp.ones((places, config.vector_size))},
        draw=partial(_draw_with_places, places=places),
        forward=partial(forward_by_position, mean=mean, divided=divided),
        updates={**side.updates, POSITIONS: np.full(places, (1.0 if mean else context) / places)},
    )


def forward(
    tables: Tables, batch: Batches, *, mean: bool, divided: bool, strip: int = STRIP
) -> tuple[Hidden, Pullback]:
    """The mean or the sum of the context of every center.

    Args:
        tables: has `input`.
        batch: without its axis `S`.
        mean: of the context, not the sum.
        divided: each context vector gets its share of the gradient, not all of it.
        strip: R, centers that are multiplied at once; divides L.

    Returns:
        `(B, L, D)` with the centers that have a context, and how the gradient reaches the table.
    """
    left, right = batch.values[LEFT], batch.values[RIGHT]
    tokens = batch.rows[INPUT][TOKENS]
    halo = (tokens.shape[1] - left.shape[1]) // 2
    around = strips_of(tokens, halo, strip)  # (B, L / R, R + 2w)
    band = context_mask(left, right, halo, strip)  # (B, L / R, R + 2w, R)
    by_strip = (*band.shape[:2], strip, -1)
    size = left + right  # (B, L)
    share = band / jnp.maximum(size, 1).reshape(*band.shape[:2], 1, strip)
    whole = band.astype(share.dtype)

    by_center = jnp.swapaxes(share if mean else whole, 2, 3)
    hidden = jnp.einsum("bsrm,bsmd->bsrd", by_center, tables[INPUT][around])

    def pull(gradient: Array) -> Mapping[str, TableGradients]:
        weights = share if divided else whole
        return {INPUT: [ProductGradients(around, weights, gradient.reshape(by_strip))]}

    return Hidden(hidden.reshape(*size.shape, -1), _has_context(size), None), pull


def forward_by_position(
    tables: Tables, batch: Batches, *, mean: bool, divided: bool
) -> tuple[Hidden, Pullback]:
    """The same, each context vector multiplied with the weights of its place in the window.

    Args:
        tables: has `input` and `positions`.
        batch: without its axis `S`.
        mean: of the context, not the sum.
        divided: each context vector gets its share of the gradient, not all of it.

    Returns:
        `(B, L, D)` with the centers that have a context, and how the gradient reaches both tables.
    """
    left, right = batch.values[LEFT], batch.values[RIGHT]
    tokens = batch.rows[INPUT][TOKENS]
    length = left.shape[1]
    halo = (tokens.shape[1] - length) // 2
    vectors = tables[INPUT][tokens]  # (B, L + 2w, D)
    weights = tables[POSITIONS]  # (2w, D)
    size = left + right  # (B, L)
    share = (1 / jnp.maximum(size, 1))[..., None]
    places = [offset for offset in range(-halo, halo + 1) if offset]
    inside = [((left >= -offset) & (right >= offset))[..., None] for offset in places]  # (B, L, 1)
    spans = [slice(halo + offset, halo + offset + length) for offset in places]
    context = [
        jnp.where(mask, vectors[:, span], 0) for mask, span in zip(inside, spans, strict=True)
    ]  # (B, L, D) each, 0 where the place is not context
    total = sum((weights[p] * context[p] for p in range(1, len(places))), weights[0] * context[0])

    def pull(gradient: Array) -> Mapping[str, TableGradients]:
        of_context = gradient * share if divided else gradient  # (B, L, D)
        of_sum = gradient * share if mean else gradient
        of_words = jnp.zeros_like(vectors)
        for place, span in enumerate(spans):
            own = jnp.where(inside[place], weights[place] * of_context, 0)
            of_words = of_words.at[:, span].add(own)
        of_places = jnp.stack([(of_sum * one).sum((0, 1)) for one in context])
        return {
            INPUT: [RowGradients(tokens, of_words)],
            POSITIONS: [RowGradients(batch.rows[POSITIONS][PLACES], of_places)],
        }

    return Hidden(total * share if mean else total, _has_context(size), None), pull


def _has_context(size: Array) -> Array:
    """Whether each center is predicted, as 0 or 1. `(B, L) -> (B, L)`."""
    return (size > 0).astype(jnp.float32)


def _draw(blocks: Blocks) -> Draws:
    return Draws({INPUT: {TOKENS: blocks.tokens}}, {LEFT: blocks.left, RIGHT: blocks.right})


def _draw_with_places(blocks: Blocks, places: int) -> Draws:
    words = _draw(blocks)
    every = np.broadcast_to(np.arange(places, dtype=np.int32), (len(blocks.tokens), places))
    return words._replace(rows={**words.rows, POSITIONS: {PLACES: every}})
