"""PV-DM: a document, together with the words around it, predicts a word.

With I the input vectors of the n_i words around center i, P those of the T_i tags of its document,

    H_i = (Σ I + Σ P) / (n_i + T_i)    (the mean)    or    H_i = Σ I + Σ P    (the sum)

or the concatenation: the mean of P, and after it the vectors of the 2w places around the center, in
order; where the document ends, the vector of a null word, which is learned. Then an output vector
has D (2w + 1) numbers. Every token is predicted, from its document alone where it has no context.

The gradient is that of the loss, or as programs of old have it: see `context_gradient` in
`textdl.embed.objectives.cbow`.

References:
    Le and Mikolov 2014, "Distributed representations of sentences and documents", section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.config import STRIP, EmbeddingConfig
from textdl.embed.objectives.bands import context_mask, strips_of
from textdl.embed.objectives.document_rows import (
    DOCUMENTS,
    burst_lengths,
    document_vectors,
    initial_documents,
    rows_of_documents,
    segment_mask,
    segments_of_blocks,
    tag_shares,
)
from textdl.embed.objectives.objective import (
    AffineHidden,
    Blocks,
    DocumentRows,
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
    mean_context,
)
from textdl.embed.tables import Batches, ProductGradients, RowGradients, TableGradients, Tables

TAGS = "tags"  # rows, (S, B, G, T)
HAS_TAGS = "has_tags"  # values, (S, B, G, T), 1 where there is one
SEGMENT = "segment"  # values, (S, B, L), of every center
PLACES = "places"  # rows, (S, B, L, 2w): the words around every center, in order


def input_side(text: TrainingText, config: EmbeddingConfig) -> InputSide:
    """One row per word and one per tag; the concatenation has one of the null word, too."""
    documents = rows_of_documents(text)
    is_concatenation = config.dm_context == "concat"
    # In expectation: of the tags of a document, of the parts of a vector, of each row's share.
    tags = float(tag_shares(documents).sum())
    parts = mean_context(config) + tags
    if is_concatenation:
        of_words = 2.0 * config.window
        of_tags = 1 / tags
        words = np.append(text.kept_share * of_words, _null_words(documents, config.window))
        size = config.vector_size * (2 * config.window + 1)
    else:
        share = 1 / parts if config.divides_gradient else 1.0
        of_tags = share
        words = text.kept_share * mean_context(config) * share
        size = config.vector_size

    def init() -> Tables:
        return {
            INPUT: initial_input(len(words), config),
            DOCUMENTS: initial_documents(documents.size, config),
        }

    draw = _draw_places if is_concatenation else _draw
    mean, divided = config.dm_context == "mean", config.divides_gradient
    joined = partial(forward, mean=mean, divided=divided)
    joined_affine = partial(affine, mean=mean, divided=divided)
    return InputSide(
        init=init,
        draw=partial(draw, documents=documents, null_word=len(text.vocabulary)),
        forward=forward_concatenation if is_concatenation else joined,
        predicts="center",
        predictions=1.0,
        updates={INPUT: words, DOCUMENTS: of_tags * tag_shares(documents).sum(0)},
        export=partial(document_vectors, documents=documents),
        hidden_size=size,
        bursts={DOCUMENTS: of_tags * burst_lengths(documents)},
        shares_noise=True,
        affine=affine_concatenation if is_concatenation else joined_affine,
    )


def forward(
    tables: Tables, batch: Batches, *, mean: bool, divided: bool, strip: int = STRIP
) -> tuple[Hidden, Pullback]:
    """The mean or the sum of the document and the context of every center.

    Args:
        tables: has `input` and `documents`.
        batch: without its axis `S`.
        mean: not the sum.
        divided: each vector gets its share of the gradient, not all of it.
        strip: R, centers that are multiplied at once; divides L.

    Returns:
        `(B, L, D)` with the centers that are text, and how the gradient reaches both tables.
    """
    left, right = batch.values[LEFT], batch.values[RIGHT]
    tokens = batch.rows[INPUT][TOKENS]
    halo = (tokens.shape[1] - left.shape[1]) // 2
    around = strips_of(tokens, halo, strip)  # (B, L / R, R + 2w)
    band = context_mask(left, right, halo, strip).astype(jnp.float32)  # (B, L / R, R + 2w, R)
    words = _sum_of_context(tables, around, band)
    has_tag = batch.values[HAS_TAGS].astype(jnp.float32)  # (B, G, T)
    of_segment = _segments_of_centers(batch)  # (B, L, G)
    tags = of_segment @ has_tag.sum(2)[..., None]  # (B, L, 1), how many
    share = 1 / jnp.maximum((left + right)[..., None] + tags, 1)
    total = words + of_segment @ _sum_of_tags(tables, batch, has_tag)  # (B, L, D)

    def pull(gradient: Array) -> Mapping[str, TableGradients]:
        of_part = gradient * share if divided else gradient  # (B, L, D)
        by_strip = of_part.reshape(*around.shape[:2], strip, -1)
        return {
            INPUT: [ProductGradients(around, band, by_strip)],
            DOCUMENTS: [_gradients_of_tags(of_part, of_segment, has_tag, batch)],
        }

    return Hidden(total * share if mean else total, of_segment.sum(2), None), pull


def affine(
    tables: Tables, batch: Batches, *, mean: bool, divided: bool, strip: int = STRIP
) -> AffineHidden:
    """`forward` as a function of the vector of the document.

    Args:
        tables: has `input`.
        batch: without its axis `S`, of documents with one tag each.
        mean: not the sum.
        divided: the document gets its share of the gradient, not all of it.
        strip: R, centers that are multiplied at once; divides L.

    Returns:
        What the words add is `(B, L, D)`.
    """
    left, right = batch.values[LEFT], batch.values[RIGHT]
    tokens = batch.rows[INPUT][TOKENS]
    halo = (tokens.shape[1] - left.shape[1]) // 2
    band = context_mask(left, right, halo, strip).astype(jnp.float32)
    words = _sum_of_context(tables, strips_of(tokens, halo, strip), band)
    is_text = (batch.values[SEGMENT] >= 0).astype(jnp.float32)
    share = is_text / (left + right + 1)
    return AffineHidden(
        share if mean else is_text,
        share if divided else is_text,
        words * share[..., None] if mean else words,
    )


def forward_concatenation(tables: Tables, batch: Batches) -> tuple[Hidden, Pullback]:
    """The mean of the tags, and the words in all places around every center, one after the other.

    Args:
        tables: has `input`, with the null word, and `documents`.
        batch: without its axis `S`.

    Returns:
        `(B, L, D (2w + 1))` with the centers that are text, and how the gradient reaches both
        tables.
    """
    places = batch.rows[INPUT][PLACES]  # (B, L, 2w)
    has_tag = batch.values[HAS_TAGS].astype(jnp.float32)
    share = has_tag / jnp.maximum(has_tag.sum(2, keepdims=True), 1)  # (B, G, T)
    of_segment = _segments_of_centers(batch)
    document = of_segment @ _sum_of_tags(tables, batch, share)  # (B, L, D)
    words = tables[INPUT][places]  # (B, L, 2w, D)
    shape = words.shape

    def pull(gradient: Array) -> Mapping[str, TableGradients]:
        of_document, of_words = jnp.split(gradient, [document.shape[2]], axis=2)
        return {
            INPUT: [RowGradients(places, of_words.reshape(shape))],
            DOCUMENTS: [_gradients_of_tags(of_document, of_segment, share, batch)],
        }

    hidden = jnp.concatenate([document, words.reshape(*shape[:2], -1)], axis=2)
    return Hidden(hidden, of_segment.sum(2), None), pull


def affine_concatenation(tables: Tables, batch: Batches) -> AffineHidden:
    """`forward_concatenation` as a function of the vector of the document."""
    words = tables[INPUT][batch.rows[INPUT][PLACES]]  # (B, L, 2w, D)
    is_text = (batch.values[SEGMENT] >= 0).astype(jnp.float32)
    others = words.reshape(*words.shape[:2], -1)
    return AffineHidden(is_text, is_text, jnp.pad(others, ((0, 0), (0, 0), (words.shape[3], 0))))


def _sum_of_context(tables: Tables, around: Array, band: Array) -> Array:
    """Σ I over the words around every center.

    Args:
        tables: has `input`.
        around: `(B, L / R, R + 2w)` tokens.
        band: `(B, L / R, R + 2w, R)`, 1 where a token is context of a center.

    Returns:
        `(B, L, D)`.
    """
    words = jnp.einsum("bsrm,bsmd->bsrd", jnp.swapaxes(band, 2, 3), tables[INPUT][around])
    return words.reshape(around.shape[0], -1, words.shape[3])


def _segments_of_centers(batch: Batches) -> Array:
    """Of which segment each center is: 1, elsewhere 0. `-> (B, L, G)`."""
    segments = batch.rows[DOCUMENTS][TAGS].shape[1]
    return segment_mask(batch.values[SEGMENT], segments).astype(jnp.float32)


def _sum_of_tags(tables: Tables, batch: Batches, weights: Array) -> Array:
    """Σ weight · P over the tags of every segment. `(B, G, T) -> (B, G, D)`."""
    tags = batch.rows[DOCUMENTS][TAGS]
    total: Array = (tables[DOCUMENTS][tags] * weights[..., None]).sum(2)
    return total


def _gradients_of_tags(
    gradient: Array, of_segment: Array, weights: Array, batch: Batches
) -> RowGradients:
    """Bring the gradients of what the tags add to every center to their rows.

    Args:
        gradient: `(B, L, D)`.
        of_segment: `(B, L, G)`, 1 where a center is of a segment.
        weights: `(B, G, T)` of each tag.
        batch: without its axis `S`.

    Returns:
        Of `(B, G, T)` rows.
    """
    # Transposed here, and not within the product, whose kernels for that are half as fast.
    centers = lax.optimization_barrier(jnp.swapaxes(of_segment, 1, 2))  # type: ignore[no-untyped-call]
    by_segment = jnp.einsum("bgl,bld->bgd", centers, gradient)
    values = weights[..., None] * by_segment[:, :, None]
    return RowGradients(batch.rows[DOCUMENTS][TAGS], values)


def _null_words(documents: DocumentRows, window: int) -> float:
    """How often the null word is in the context of a center, in expectation."""
    tokens = documents.tokens
    beyond = np.minimum(tokens, window)
    missing = beyond * (2 * window - beyond + 1)  # of both ends: Σ (w - i) for i below min(n, w)
    total: float = (missing.sum() / tokens.sum()).item()
    return total


def _draw(blocks: Blocks, documents: DocumentRows, null_word: int) -> Draws:
    of_documents = _draw_tags(blocks, documents)
    return Draws(
        {INPUT: {TOKENS: blocks.tokens}, **of_documents.rows},
        {LEFT: blocks.left, RIGHT: blocks.right, **of_documents.values},
    )


def _draw_places(blocks: Blocks, documents: DocumentRows, null_word: int) -> Draws:
    of_documents = _draw_tags(blocks, documents)
    places = context_places(blocks, null_word)
    return of_documents._replace(rows={INPUT: {PLACES: places}, **of_documents.rows})


def _draw_tags(blocks: Blocks, documents: DocumentRows) -> Draws:
    segments = segments_of_blocks(blocks, documents)
    values = {HAS_TAGS: segments.has_tag, SEGMENT: segments.of_center}
    return Draws({DOCUMENTS: {TAGS: segments.rows}}, values)


def context_places(blocks: Blocks, null_word: int) -> NDArray[np.int32]:
    """The words around every center, in order, and the null word where there is none.

    Args:
        blocks: of a chunk.
        null_word: its row.

    Returns:
        `(S, B, L, 2w)`.
    """
    length = blocks.left.shape[2]
    halo = (blocks.tokens.shape[2] - length) // 2
    places: list[NDArray[Any]] = []
    for offset in range(-halo, halo + 1):
        if offset:
            is_inside = (blocks.left >= -offset) & (blocks.right >= offset)
            words = blocks.tokens[..., halo + offset : halo + offset + length]
            places.append(np.where(is_inside, words, np.int32(null_word)))
    return np.stack(places, axis=3)
