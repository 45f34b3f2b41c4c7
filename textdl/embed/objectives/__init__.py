"""What an embedding model is made of: one objective per file, and the table of their names.

An objective is a model's input side (what predicts: a word, the mean of its context), joined with
its output side (how a prediction is scored: negative sampling). It is a handful of pure functions
(`textdl.embed.objectives.objective.EmbeddingObjective`), which the one trainer calls.

    objective.py                   the protocol: tables, batches, gradients
    contexts.py                    input sides: a block's centers, and the tokens around them
    negative_sampling.py           the output side: noise words that a block shares
    skipgram_negative_sampling.py  a word predicts its context
    cbow_negative_sampling.py      the mean of the context predicts the word

To add an objective, write a module that ends in ``OBJECTIVE = EmbeddingObjective(...)``, and add a
line to `OBJECTIVES`.
"""

from __future__ import annotations

from typing import NamedTuple


class ObjectiveEntry(NamedTuple):
    """What is known of an objective without importing it, and so without JAX."""

    module: str  # in this folder; `objective.get_objective` imports it
    learning_rate: float  # at which it does well, as measured


OBJECTIVES: dict[str, ObjectiveEntry] = {
    "skipgram": ObjectiveEntry("skipgram_negative_sampling", learning_rate=0.03),
    "cbow": ObjectiveEntry("cbow_negative_sampling", learning_rate=0.2),
}
