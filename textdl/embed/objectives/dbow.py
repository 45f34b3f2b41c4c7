"""PV-DBOW: a document predicts each of its words.

A document of several tags makes as many predictions of every word, one from each. With
`train_words` each word predicts those around it, too, as in skip-gram, against the same output
vectors, so that words and documents come to lie in one space.

References:
    Le and Mikolov 2014, "Distributed representations of sentences and documents", section 2.3.
    Dai, Olah and Le 2015, "Document embedding with paragraph vectors" (words trained too).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import jax.numpy as jnp
from jax import Array

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import skipgram
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
from textdl.embed.tables import Batches, RowGradients, TableGradients, Tables

TAG = "tag"  # rows, (S, B, G), of the tag of this number of every segment
HAS_TAG = "has_tag"  # values, (S, B, G), 1 where there is one
SEGMENT = "segment"  # values, (S, B, L), of every center


def input_side(text: TrainingText, config: EmbeddingConfig) -> list[InputSide]:
    """One row per tag: a side for each tag that a document may have, and perhaps skip-gram."""
    documents = rows_of_documents(text)
    shares = tag_shares(documents)
    bursts = burst_lengths(documents)
    sides = [
        InputSide(
            init=lambda: {DOCUMENTS: initial_documents(documents.size, config)},
            draw=partial(_draw, documents=documents, number=number),
            forward=partial(forward, number=number),
            predicts="segment",
            predictions=float(share.sum()),
            updates={DOCUMENTS: share},
            export=partial(document_vectors, documents=documents),
            hidden_size=config.vector_size,
            bursts={DOCUMENTS: bursts * (share > 0)},
            shares_noise=not config.train_words,  # skip-gram meets the same
            affine=affine,
        )
        for number, share in enumerate(shares)
    ]
    return [skipgram.input_side(text, config), *sides] if config.train_words else sides


def forward(tables: Tables, batch: Batches, *, number: int) -> tuple[Hidden, Pullback]:
    """The vector of a tag of the document of every segment.

    Args:
        tables: has `documents`.
        batch: without its axis `S`.
        number: of the tag.

    Returns:
        `(B, G, D)` with the centers of each that has one, and how the gradient reaches the table.
    """
    tags = batch.rows[DOCUMENTS][f"{TAG}{number}"]  # (B, G)
    has_tag = batch.values[f"{HAS_TAG}{number}"] > 0  # (B, G)
    predicts = segment_mask(batch.values[SEGMENT], tags.shape[1]) & has_tag[:, None]  # (B, L, G)

    def pull(gradient: Array) -> Mapping[str, TableGradients]:
        return {DOCUMENTS: [RowGradients(tags, gradient)]}

    return Hidden(tables[DOCUMENTS][tags], predicts.sum(1, dtype=jnp.float32), predicts), pull


def affine(tables: Tables, batch: Batches) -> AffineHidden:
    """The document alone predicts."""
    is_text = (batch.values[SEGMENT] >= 0).astype(jnp.float32)
    return AffineHidden(is_text, is_text, None)


def _draw(blocks: Blocks, documents: DocumentRows, number: int) -> Draws:
    segments = segments_of_blocks(blocks, documents)
    has_tag = segments.has_tag[..., number]
    return Draws(
        {DOCUMENTS: {f"{TAG}{number}": segments.rows[..., number]}},
        {f"{HAS_TAG}{number}": has_tag, SEGMENT: segments.of_center},
    )
