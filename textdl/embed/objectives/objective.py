"""The protocol of objectives: pure functions on tables, which the trainer knows by name only.

An objective is an *input side*, what predicts (a word, the mean of its context, a document), joined
with an *output side*, how a prediction is scored (negative sampling, hierarchical softmax). Every
center of a block has one vector that predicts: either the words around the center, or the center
itself; or all centers of a segment have one, which predicts each of them. Either side says how its
tables begin, what a step needs to draw, and how often its rows are moved. Neither knows anything of
learning rates, update damping, workers or checkpoints; the trainer knows nothing of words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import ARCHITECTURES, DOCUMENT_ARCHITECTURES, LOSSES
from textdl.embed.objectives.word_tables import Export, with_context
from textdl.embed.tables import (
    Batches,
    LossAndGradients,
    LossFunction,
    RowIds,
    RowsGradient,
    TableGradients,
    Tables,
)
from textdl.embed.tied_rows import Tie
from textdl.parameters import lookup
from textdl.text.vocabulary import Vocabulary
from textdl.vectors.subwords import SubwordVectors

Updates: TypeAlias = Mapping[str, NDArray[np.float64]]  # of every row, `(rows,)` by table


class DocumentRows(NamedTuple):
    """Which rows of a table of `R` rows the documents of a text have."""

    rows: NDArray[np.int32]  # (documents, T), one per tag; -1 where a document has fewer
    tokens: NDArray[np.float64]  # (documents,) that are kept, in expectation
    size: int  # R
    block: int  # L, tokens of a block


class TrainingText(NamedTuple):
    """What an objective is made for."""

    vocabulary: Vocabulary  # V words
    kept_share: NDArray[np.float64]  # (V,) the share of each among the tokens that are kept
    documents: DocumentRows | None = None  # where they have rows


class Blocks(NamedTuple):
    """The text of `S` steps. A step takes `B` blocks of `L` consecutive centers."""

    tokens: NDArray[np.int32]  # (S, B, L + 2w), the centers and a halo of `w` tokens on each side
    left: NDArray[np.int32]  # (S, B, L), how many tokens before each center are its context
    right: NDArray[np.int32]  # (S, B, L), how many after it
    epoch: int  # from 0
    number: int  # of the chunk in its epoch, from 0
    documents: NDArray[np.int32] | None = None  # (S, B, L), of each center; -1 at padding

    @property
    def centers(self) -> NDArray[np.int32]:
        """`(S, B, L)` the words that are predicted."""
        length = self.left.shape[2]
        halo = (self.tokens.shape[2] - length) // 2
        return np.ascontiguousarray(self.tokens[..., halo : halo + length])


class Draws(NamedTuple):
    """What a side adds to the batches of a chunk."""

    rows: RowIds
    values: Mapping[str, NDArray[Any]]


#: What each vector predicts: its own center, the words around it, or the centers of its segment.
Predicted: TypeAlias = Literal["center", "context", "segment"]


class Hidden(NamedTuple):
    """What predicts, in `B` blocks of `L` centers."""

    vectors: Array  # (B, L, D), of each center; or (B, G, D), of each segment
    counts: Array  # (B, L) or (B, G) float32, how many words it predicts
    #: Which words, bool. `(B, L / R, R + 2w, R)` where those around a center are predicted: strip
    #: by strip the tokens around R centers against these; `(B, L, G)` where the centers of a
    #: segment are. None where its own center is.
    band: Array | None


class OutputLoss(NamedTuple):
    """The loss of `B` blocks, and its derivatives."""

    loss: Array  # (B,) summed over the predictions
    hidden_gradient: Array  # as `Hidden.vectors`, by which it is
    gradients: Mapping[str, TableGradients]  # by the rows of the output side's tables


class AffineHidden(NamedTuple):
    """What predicts where words stay: `constant + scale · d`, d the vector of the document."""

    scale: Array  # (B, L), 0 at padding
    gradient_scale: Array  # (B, L), the share of the gradient that d gets, 0 at padding
    constant: Array | None  # (B, L, H), what words add; None: nothing


#: From tables of words and a batch of one step, of a document with one tag per block.
Affine: TypeAlias = Callable[[Tables, Batches], AffineHidden]


#: From the gradient by the vectors that predict to that by rows of the input tables.
Pullback: TypeAlias = Callable[[Array], Mapping[str, TableGradients]]


class InputSide(NamedTuple):
    """What predicts. Every function is pure."""

    #: The tables at the start of training.
    init: Callable[[], Tables]
    #: What a chunk needs beyond its text.
    draw: Callable[[Blocks], Draws]
    #: Of one step, traced by JAX: what predicts, and how its gradient reaches the tables.
    forward: Callable[[Tables, Batches], tuple[Hidden, Pullback]]
    #: What `forward` predicts.
    predicts: Predicted
    #: Predictions of a center, in expectation.
    predictions: float
    #: How many of them each row makes at one center, in expectation.
    updates: Updates
    #: The matrix of the vectors that are kept, `(rows, D)` float32: of the words, in the order of
    #: the vocabulary, or of the documents.
    export: Callable[[Tables], Array]
    #: The length of a vector that predicts.
    hidden_size: int
    #: Of rows that come in bursts: how many predictions each makes in a block that it occurs in.
    bursts: Updates = MappingProxyType({})
    #: Of one step, traced by JAX: `forward` where only vectors of documents move, as in inference.
    affine: Affine | None = None
    #: Whether all blocks of a step meet the same noise words, if the loss has any.
    shares_noise: bool = False


class OutputSide(NamedTuple):
    """How predictions are scored. Every function is pure."""

    #: The tables at the start of training.
    init: Callable[[], Tables]
    #: What a chunk needs beyond its text.
    draw: Callable[[Blocks], Draws]
    #: Of one step, traced by JAX: the loss of what predicts, and its gradients.
    loss: Callable[[Tables, Hidden, Batches], OutputLoss]
    #: Scores of a prediction, in expectation: by so much more is a row moved that predicts.
    scores: float
    #: How often each row is scored at one prediction, in expectation.
    updates: Updates
    #: The mean loss of a prediction where nothing is learned yet.
    initial_loss: float


class EmbeddingObjective(NamedTuple):
    """An objective, as the trainer takes it. Every function is pure."""

    #: The tables at the start of training.
    init: Callable[[], Tables]
    #: The rows and values of a chunk.
    draw: Callable[[Blocks], Draws]
    #: Of one step.
    loss_and_gradients: LossFunction
    #: For update damping: how often each row is moved at one center, in expectation.
    expected_updates: Updates
    #: The mean loss of a prediction before training; above it, training has diverged.
    initial_loss: float
    #: The matrix of the vectors that are kept, as in `InputSide`.
    export: Export
    #: Tables that are not among those of `init`: their rows are means of rows of another.
    ties: Mapping[str, Tie] = {}
    #: Of tables whose rows are numbered anew when the vocabulary grows: what each row is. A row
    #: below V is that word's; whatever else a number stands for, it does so for every vocabulary.
    row_ids: Mapping[str, NDArray[np.int64]] = {}
    #: Of rows that come in bursts: how often each is moved in a block that it occurs in.
    bursts: Updates = MappingProxyType({})
    #: Of documents, as in `InputSide`.
    affine: Affine | None = None
    #: The vectors of n-grams, of which those of other words are made; None where there are none.
    export_subwords: Callable[[Tables], SubwordVectors | None] = lambda tables: None


def make_objective(text: TrainingText, config: EmbeddingConfig) -> EmbeddingObjective:
    """The objective of a run: the input side of its `arch` and the output side of its `loss`.

    Raises:
        ParameterError: a name is unknown.
    """
    architectures = {**ARCHITECTURES, **DOCUMENT_ARCHITECTURES}
    found: InputSide | list[InputSide]
    found = _module("arch", config.arch, architectures).input_side(text, config)
    output_side = _module("loss", config.loss, LOSSES).output_side
    sides = found if isinstance(found, list) else [found]
    objective = together([compose(inputs, output_side(text, config, inputs)) for inputs in sides])
    if config.max_n > 0:
        objective = _import("subwords").tie_to_subwords(objective, text.vocabulary, config)
    if config.context_share > 0:
        objective = objective._replace(export=with_context(objective.export, config.context_share))
    return objective


def compose(inputs: InputSide, outputs: OutputSide) -> EmbeddingObjective:
    """Join what predicts with how its predictions are scored."""

    def init() -> Tables:
        return inputs.init() | outputs.init()

    def draw(blocks: Blocks) -> Draws:
        of_inputs = inputs.draw(blocks)
        of_outputs = outputs.draw(blocks)
        return Draws(
            {**of_inputs.rows, **of_outputs.rows}, {**of_inputs.values, **of_outputs.values}
        )

    def loss_and_gradients(tables: Tables, batch: Batches) -> LossAndGradients:
        hidden, pullback = inputs.forward(tables, batch)
        found = outputs.loss(tables, hidden, batch)
        gradients = {**pullback(found.hidden_gradient), **found.gradients}
        return LossAndGradients(found.loss, hidden.counts.sum(1), gradients)

    moved = {name: outputs.scores * updates for name, updates in inputs.updates.items()}
    scored = {name: inputs.predictions * updates for name, updates in outputs.updates.items()}
    return EmbeddingObjective(
        init,
        draw,
        loss_and_gradients,
        {**moved, **scored},
        outputs.initial_loss,
        inputs.export,
        bursts={name: outputs.scores * updates for name, updates in inputs.bursts.items()},
        affine=inputs.affine,
    )


def together(objectives: Sequence[EmbeddingObjective]) -> EmbeddingObjective:
    """Train several objectives on the same blocks; tables of one name are one table.

    Args:
        objectives: at least one, with the same loss of a prediction before training; the vectors
            of the last are kept.

    Returns:
        The objective whose loss is the sum of theirs.
    """
    if len(objectives) == 1:
        return objectives[0]

    def init() -> Tables:
        return {name: table for it in objectives for name, table in it.init().items()}

    def draw(blocks: Blocks) -> Draws:
        rows: dict[str, dict[str, Any]] = {}
        values: dict[str, NDArray[Any]] = {}
        for objective in objectives:
            draws = objective.draw(blocks)
            values |= draws.values
            for name, of_table in draws.rows.items():
                rows.setdefault(name, {}).update(of_table)
        return Draws(rows, values)

    def loss_and_gradients(tables: Tables, batch: Batches) -> LossAndGradients:
        found = [it.loss_and_gradients(tables, batch) for it in objectives]
        gradients: dict[str, list[RowsGradient]] = {}
        for it in found:
            for name, of_table in it.gradients.items():
                gradients.setdefault(name, []).extend(of_table)
        return LossAndGradients(
            sum((it.loss for it in found[1:]), found[0].loss),
            sum((it.predictions for it in found[1:]), found[0].predictions),
            gradients,
        )

    return EmbeddingObjective(
        init,
        draw,
        loss_and_gradients,
        _sum_by_table([it.expected_updates for it in objectives]),
        max(it.initial_loss for it in objectives),
        objectives[-1].export,
        bursts=_sum_by_table([it.bursts for it in objectives]),
    )


def _sum_by_table(updates: Sequence[Updates]) -> Updates:
    total: dict[str, NDArray[np.float64]] = {}
    for of_tables in updates:
        for name, rows in of_tables.items():
            total[name] = total[name] + rows if name in total else rows
    return total


def _module(parameter: str, name: str, registry: Mapping[str, str]) -> Any:
    return _import(lookup(parameter, name, registry))


def _import(module: str) -> Any:
    return import_module(f"textdl.embed.objectives.{module}")
