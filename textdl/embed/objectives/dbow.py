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
    tag_shares,
    tags_of_blocks,
)
from textdl.embed.objectives.objective import (
    Blocks,
    DocumentRows,
    Draws,
    Hidden,
    InputSide,
    Pullback,
    TrainingText,
)
from textdl.embed.tables import Batches, RowGradients, TableGradients, Tables

TAG = "tag"  # rows, (S, B, L), of the tag of this number of every center
HAS_TAG = "has_tag"  # values, (S, B, L), 1 where there is one


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
            predicts_context=False,
            predictions=float(share.sum()),
            updates={DOCUMENTS: share},
            export=partial(document_vectors, documents=documents),
            hidden_size=config.vector_size,
            bursts={DOCUMENTS: bursts * (share > 0)},
        )
        for number, share in enumerate(shares)
    ]
    return [skipgram.input_side(text, config), *sides] if config.train_words else sides


def forward(tables: Tables, batch: Batches, *, number: int) -> tuple[Hidden, Pullback]:
    """The vector of a tag of the document of every center.

    Args:
        tables: has `documents`.
        batch: without its axis `S`.
        number: of the tag.

    Returns:
        `(B, L, D)` with the centers that have one, and how the gradient reaches the table.
    """
    tags = batch.rows[DOCUMENTS][f"{TAG}{number}"]  # (B, L)

    def pull(gradient: Array) -> Mapping[str, TableGradients]:
        return {DOCUMENTS: [RowGradients(tags, gradient)]}

    counts = batch.values[f"{HAS_TAG}{number}"].astype(jnp.float32)
    return Hidden(tables[DOCUMENTS][tags], counts, None), pull


def _draw(blocks: Blocks, documents: DocumentRows, number: int) -> Draws:
    rows, has_tag = tags_of_blocks(blocks, documents)
    return Draws(
        {DOCUMENTS: {f"{TAG}{number}": rows[..., number]}},
        {f"{HAS_TAG}{number}": has_tag[..., number]},
    )
