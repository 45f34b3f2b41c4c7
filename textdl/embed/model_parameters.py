"""What each embedding model lets a user set: the parameters of the model, and those of its run.

Nothing here needs JAX, so that the command line can show its help at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from textdl.embed.config import (
    DocumentModelParameters,
    EmbeddingConfig,
    EmbeddingParameters,
    SubwordParameters,
    described_rates,
)
from textdl.embed.objectives import DOCUMENT_ARCHITECTURES, DOCUMENT_LEARNING_RATES
from textdl.parameters import lookup, parameter, parameters_of
from textdl.text.source import TextParameters

_DOCUMENT_RATES = described_rates(DOCUMENT_LEARNING_RATES)


@dataclass(kw_only=True)
class RunParameters(TextParameters):
    """The parameters of a run that do not belong to a model: how it begins, what it is told.

    Its text, what it begins with, what is measured on the way, its checkpoints and reports.
    """

    n_seeds: int = parameter(
        1,
        "models that are trained on the same text, with `seed` and the seeds that follow: what all "
        "of them agree on is not chance",
        minimum=1,
        maximum=1_000,
    )
    phrases: Any = parameter(
        None, "joins phrases of the text: the file of a Phrases, or a fitted one (default: none)"
    )
    init_vectors: Any = parameter(
        None,
        "vectors that the words they have begin with: a file of any format, or Vectors (default: "
        "all are drawn)",
    )
    freeze: Any = parameter(
        None,
        "words whose vectors stay as they began: a list, or all that began with given vectors (all)"
        " (default: none)",
    )
    validation_fraction: float | None = parameter(
        None,
        "share of the sentences that are held out, to measure the loss on them after every epoch "
        "(default: none; 0.1 with early_stopping)",
        above=0.0,
        below=1.0,
    )
    early_stopping: bool = parameter(
        False, "stop where the validation loss no longer falls, and keep the best epoch"
    )
    patience: int = parameter(
        2, "epochs without improvement after which early_stopping stops", minimum=1
    )
    evaluation: Any = parameter(
        None,
        "benchmarks that are scored after every epoch: files of word pairs with scores, or of "
        "analogies (default: none)",
    )
    callbacks: Any = parameter(
        (), "functions of a report, or objects with methods such as on_epoch_end; True stops"
    )
    log: str | os.PathLike[str] | None = parameter(
        None, "a file that gets a line of JSON after every epoch (default: none)"
    )
    checkpoint: str | os.PathLike[str] | None = parameter(
        None, "a folder to write checkpoints to (default: none)"
    )
    checkpoint_every: str = parameter("60s", "time or steps between checkpoints: 60s, 5000steps")
    resume: bool = parameter(False, "go on from the checkpoint in that folder, if there is one")
    verbose: bool = parameter(False, "show a progress bar on stderr")


class QualityPreset(NamedTuple):
    """How much is done for the quality of vectors."""

    #: Of parameters of `EmbeddingConfig`, in place of their defaults.
    values: Mapping[str, Any] = MappingProxyType({})
    #: In what each of the models differs that are trained in place of one.
    members: tuple[Mapping[str, Any], ...] = ()


#: What `quality` may be; every figure as measured (scripts/README.md, "The preset").
QUALITIES: dict[str, QualityPreset] = {
    "default": QualityPreset(),
    "best": QualityPreset(
        {"epochs": 12, "centered": True},
        (
            {"window": 2, "context_share": 0.1},
            {"window": 8, "sample": 1e-4, "context_share": 0.2},
        ),
    ),
}
# Measured with skip-gram and negative sampling, and not used with other models.
SKIPGRAM_NS_ONLY = frozenset({"context_share"})


@dataclass(kw_only=True)
class Word2VecParameters(RunParameters, EmbeddingParameters):
    """Every parameter of `Word2Vec`: of the model, and of the run."""

    quality: str = parameter(
        "default",
        "a preset; best takes about four times as long and learns more: 12 epochs, a model with "
        "narrow windows and one with wide ones, which are averaged; parameters that are not at "
        "their defaults stay as they are",
        choices=QUALITIES,
    )


def word2vec_config(parameters: Word2VecParameters) -> EmbeddingConfig:
    """What is trained: the parameters, and what the preset says where they are defaults.

    Raises:
        ParameterError: a value is out of range, or two contradict each other.

    Example:
        >>> word2vec_config(Word2VecParameters(quality="best", window=8)).epochs
        12
        >>> word2vec_config(Word2VecParameters(quality="best", epochs=40)).epochs
        40
    """
    preset = lookup("quality", parameters.quality, QUALITIES)
    own = {
        name: getattr(parameters, name)
        for name, known in parameters_of(EmbeddingParameters).items()
        if getattr(parameters, name) != known.default
    }
    kept = set(own)
    if (parameters.arch, parameters.loss) != ("skipgram", "ns"):
        kept |= SKIPGRAM_NS_ONLY
    members = tuple(
        {name: value for name, value in member.items() if name not in kept}
        for member in preset.members
    )
    return EmbeddingConfig(**{**preset.values, **own}, members=members)


@dataclass(kw_only=True)
class FastTextParameters(RunParameters, SubwordParameters, EmbeddingParameters):
    """Every parameter of `FastText`: of the model, its subwords, and of the run."""


@dataclass(kw_only=True, eq=False, repr=False)
class Doc2VecParameters(DocumentModelParameters, RunParameters, EmbeddingParameters):
    """Every parameter of `Doc2Vec`: of the model, and of the run."""

    arch: str = parameter(
        "dbow",
        "what predicts what: a document its words (dbow), or the document and the words around a "
        "word the word (dm)",
        choices=DOCUMENT_ARCHITECTURES,
    )
    learning_rate: float | None = parameter(
        None,
        f"learning rate at the start; it falls linearly (default: {_DOCUMENT_RATES})",
        minimum=0.0,
        maximum=1e3,
    )
    context_gradient: str | None = parameter(
        None,
        "what each vector that dm joins gets of the gradient: divided by their number, or the "
        "whole (default: as the loss says, divided for the mean and whole for the sum)",
        choices=("divided", "whole"),
    )
    epochs: int = parameter(10, "passes over the corpus, and steps of inference", minimum=1)
    empty_documents: str = parameter(
        "error",
        "what a document without a known word is: an error, or a vector of zeros",
        choices=("error", "zeros"),
    )
    # Of models of words alone.
    n_seeds: ClassVar[int] = 1  # type: ignore[misc]
    cbow: ClassVar[str] = "mean"  # type: ignore[misc]
    position_weights: ClassVar[bool] = False  # type: ignore[misc]
    validation_fraction: ClassVar[None] = None  # type: ignore[misc]
    early_stopping: ClassVar[bool] = False  # type: ignore[misc]
    patience: ClassVar[int] = 2  # type: ignore[misc]
    evaluation: ClassVar[None] = None  # type: ignore[misc]


class EmbeddingModel(NamedTuple):
    """An estimator that learns embeddings, named without importing it."""

    name: str  # of its class, in `textdl`
    parameters: type  # a dataclass


#: What ``textdl train --model`` may be.
MODELS: dict[str, EmbeddingModel] = {
    "word2vec": EmbeddingModel("Word2Vec", Word2VecParameters),
    "fasttext": EmbeddingModel("FastText", FastTextParameters),
    "doc2vec": EmbeddingModel("Doc2Vec", Doc2VecParameters),
}
