"""Skip-gram: a word predicts each word around it.

References:
    Mikolov et al. 2013, "Efficient estimation of word representations in vector space".
"""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.bands import context_mask
from textdl.embed.objectives.objective import (
    Blocks,
    Draws,
    Hidden,
    InputSide,
    Pullback,
    TrainingText,
)
from textdl.embed.objectives.word_tables import (
    CENTERS,
    INPUT,
    LEFT,
    RIGHT,
    initial_input,
    input_vectors,
    mean_context,
)
from textdl.embed.tables import Batches, RowGradients, TableGradients, Tables


def input_side(text: TrainingText, config: EmbeddingConfig) -> InputSide:
    """One row per word."""
    predictions = mean_context(config)

    def forward(tables: Tables, batch: Batches) -> tuple[Hidden, Pullback]:
        centers = batch.rows[INPUT][CENTERS]  # (B, L)

        def pull(gradient: Array) -> Mapping[str, TableGradients]:
            return {INPUT: [RowGradients(centers, gradient)]}

        left, right = batch.values[LEFT], batch.values[RIGHT]
        counts = (left + right).astype(jnp.float32)
        return Hidden(
            tables[INPUT][centers], counts, context_mask(left, right, config.window)
        ), pull

    return InputSide(
        init=lambda: {INPUT: initial_input(len(text.vocabulary), config)},
        draw=_draw,
        forward=forward,
        predicts="context",
        predictions=predictions,
        updates={INPUT: predictions * text.kept_share},
        export=input_vectors,
        hidden_size=config.vector_size,
    )


def _draw(blocks: Blocks) -> Draws:
    return Draws({INPUT: {CENTERS: blocks.centers}}, {LEFT: blocks.left, RIGHT: blocks.right})
