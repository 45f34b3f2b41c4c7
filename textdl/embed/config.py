"""The parameters of embedding models: each with its default, range and description, once.

The estimators, the options of ``textdl train`` and the documentation are made from these classes.
Nothing here needs JAX, so that the command line can show its help at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from textdl.embed.objectives import (
    ARCHITECTURES,
    DOCUMENT_ARCHITECTURES,
    DOCUMENT_LEARNING_RATES,
    LEARNING_RATES,
    LOSSES,
)
from textdl.errors import ParameterError
from textdl.parameters import check_parameters, parameter, parameters_of
from textdl.text.source import TextParameters

# Noise words of a block for each that a pair would draw. With fewer, each stands for more pairs at
# once, and the rows it meets are moved in lumps too large to follow.
NOISE_PER_NEGATIVE = 8
_LEARNING_RATES, _DOCUMENT_LEARNING_RATES = (
    ", ".join(f"{rate:g} for {arch} with {loss}" for (arch, loss), rate in rates.items())
    for rates in (LEARNING_RATES, DOCUMENT_LEARNING_RATES)
)
DEFAULT_NEGATIVE = 5
# The architectures that a parameter is of use with, where it is not with all.
_ONLY_WITH = {
    "cbow": ("cbow",),
    "context_gradient": ("cbow", "dm"),
    "position_weights": ("cbow",),
    "dm_context": ("dm",),
    "train_words": ("dbow",),
}
STRIP = 16  # R, centers that are multiplied with the tokens around them in one small product


@dataclass(kw_only=True)
class EmbeddingParameters:
    """The parameters of a model and its training that a user sets."""

    arch: str = parameter(
        "skipgram",
        "what predicts what: a word its context (skipgram), or the mean of the context the word "
        "(cbow)",
        choices=ARCHITECTURES,
    )
    loss: str = parameter(
        "ns",
        "how a prediction is scored: against noise words (ns, negative sampling), or along its "
        "path in a Huffman tree (hs, hierarchical softmax)",
        choices=LOSSES,
    )
    vector_size: int = parameter(100, "dimensions D of a vector", minimum=1, maximum=65_536)
    window: int = parameter(5, "largest distance of a pair, in words", minimum=1, maximum=1_000)
    window_side: str = parameter(
        "both", "on which side of a word its context is", choices=("both", "left", "right")
    )
    shrink_windows: bool = parameter(
        True, "draw the window of every word from 1 to `window`, so that near words count more"
    )
    negative: int | None = parameter(
        None, "noise words per prediction, with ns (default: 5)", minimum=1, maximum=1_000
    )
    ns_exponent: float = parameter(
        0.75,
        "noise words are drawn in proportion to their counts to this power",
        minimum=-10.0,
        maximum=10.0,
    )
    cbow: str = parameter(
        "mean", "how cbow joins the vectors of the context", choices=("mean", "sum")
    )
    context_gradient: str | None = parameter(
        None,
        "what each context vector of cbow gets of the gradient: divided by their number, or the "
        "whole (default: as the loss says, divided for the mean and whole for the sum)",
        choices=("divided", "whole"),
    )
    position_weights: bool = parameter(
        False, "cbow multiplies each context vector with learned weights of its place"
    )
    min_count: int = parameter(5, "drop words that occur less often", minimum=1)
    max_vocab_size: int | None = parameter(
        None, "keep at most this many words, the most frequent (default: all)", minimum=1
    )
    sample: float = parameter(
        1e-3,
        "thin out words above this share of the text; 0 keeps all",
        minimum=0.0,
        maximum=1.0,
    )
    epochs: int = parameter(5, "passes over the corpus", minimum=1)
    seed: int = parameter(1, "seed of every random draw", minimum=0, maximum=2**63 - 1)
    learning_rate: float | None = parameter(
        None,
        f"learning rate at the start; it falls linearly (default: {_LEARNING_RATES})",
        minimum=0.0,
        maximum=1e3,
    )
    min_learning_rate: float = parameter(1e-4, "learning rate at the end", minimum=0.0, maximum=1e3)
    workers: int = parameter(
        2,
        "parts of the text that are trained side by side; part of the result, not of the machine",
        minimum=1,
        maximum=1_024,
    )
    step_tokens: int = parameter(
        128,
        "centers that are trained at once; fewer are steadier, more are faster on a GPU",
        minimum=1,
        maximum=1 << 20,
    )


@dataclass(kw_only=True)
class DocumentModelParameters:
    """The parameters of models that have a vector for every document."""

    dm_context: str = parameter(
        "mean",
        "how dm joins the vectors of the document and of the words around",
        choices=("mean", "sum", "concat"),
    )
    train_words: bool = parameter(
        False, "dbow trains vectors of words, too: by skip-gram, on the same text"
    )


@dataclass(kw_only=True)
class EmbeddingConfig(DocumentModelParameters, EmbeddingParameters):
    """The parameters that, with the corpus, decide every bit of the vectors.

    `workers` is one of them, not a property of the machine: each worker trains on text of its own
    and their changes are merged, so another number of workers is another result. Two workers give
    the same bits on one core as on two.

    Raises:
        ParameterError: a value is of the wrong type or out of range.

    Example:
        >>> EmbeddingConfig(vector_size=0)
        Traceback (most recent call last):
            ...
        textdl.errors.ParameterError: vector_size=0; expected a whole number from 1 to 65,536
    """

    arch: str = parameter(
        "skipgram",
        "what predicts what",
        choices=(*ARCHITECTURES, *DOCUMENT_ARCHITECTURES),
    )
    block_tokens: int = parameter(
        128, "L, centers that share noise words; a multiple of 16", minimum=1, maximum=4_096
    )
    block_noise: int | None = parameter(
        None, "K, noise words of a block (default: 8 per negative)", minimum=1, maximum=65_536
    )

    min_n: int = parameter(3, "characters of the shortest subword", minimum=1, maximum=100)
    max_n: int = parameter(
        0, "characters of the longest; 0: words have none", minimum=0, maximum=100
    )
    bucket: int = parameter(
        2_000_000, "numbers that subwords are hashed to", minimum=1, maximum=2**31 - 1
    )

    def __post_init__(self) -> None:
        """Check every parameter, and choose those that are left to the objective."""
        check_parameters(self)
        self._refuse_contradictions()
        if self.negative is None and self.loss == "ns":
            self.negative = DEFAULT_NEGATIVE
        if self.learning_rate is None:
            rates = {**LEARNING_RATES, **DOCUMENT_LEARNING_RATES}
            self.learning_rate = rates[self.arch, self.loss]
        if self.block_tokens % STRIP:
            raise ParameterError(
                f"block_tokens={self.block_tokens}; expected a multiple of {STRIP}"
            )

    @property
    def start_rate(self) -> float:
        """The learning rate at the start."""
        assert self.learning_rate is not None  # since `__post_init__`
        return self.learning_rate

    @property
    def noise_words(self) -> int:
        """K, noise words of a block."""
        return self.block_noise or NOISE_PER_NEGATIVE * self.noise_per_prediction

    @property
    def noise_per_prediction(self) -> int:
        """Noise words that a prediction meets, in expectation."""
        return self.negative or 0

    @property
    def has_documents(self) -> bool:
        """Whether documents have vectors."""
        return self.arch in DOCUMENT_ARCHITECTURES

    @property
    def draws_windows(self) -> bool:
        """Whether windows are of random size; a concatenation has all places."""
        is_concatenation = self.arch == "dm" and self.dm_context == "concat"
        return self.shrink_windows and not is_concatenation

    @property
    def divides_gradient(self) -> bool:
        """Whether a context vector of CBOW or DM gets 1 / n of the gradient, and not all of it."""
        joined = self.dm_context if self.arch == "dm" else self.cbow
        default = "divided" if joined == "mean" else "whole"
        return (self.context_gradient or default) == "divided"

    def _refuse_contradictions(self) -> None:
        if 0 < self.max_n < self.min_n:
            raise ParameterError(
                f"max_n={self.max_n} is below min_n={self.min_n}; expected at least as much, or 0 "
                "for words without subwords"
            )
        if self.loss == "hs" and self.negative is not None:
            raise ParameterError(
                f"negative={self.negative} with loss='hs'; hierarchical softmax has no noise "
                "words: leave negative out, or choose loss='ns'"
            )
        for name, archs in _ONLY_WITH.items():
            value = getattr(self, name)
            if self.arch not in archs and value != parameters_of(EmbeddingConfig)[name].default:
                use = " or ".join(f"arch={arch!r}" for arch in archs)
                raise ParameterError(
                    f"{name}={value!r} with arch={self.arch!r}; it is of use with {use}"
                )
        if self.dm_context == "concat" and self.context_gradient is not None:
            raise ParameterError(
                f"context_gradient={self.context_gradient!r} with dm_context='concat'; each vector "
                "has numbers of its own there, leave it out"
            )


@dataclass(kw_only=True)
class RunParameters(TextParameters):
    """The parameters of a run that do not belong to a model: how it begins, what it is told.

    Its text, what it begins with, what is measured on the way, its checkpoints and reports.
    """

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


@dataclass(kw_only=True)
class Word2VecParameters(RunParameters, EmbeddingParameters):
    """Every parameter of `Word2Vec`: of the model, and of the run."""


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
        f"learning rate at the start; it falls linearly (default: {_DOCUMENT_LEARNING_RATES})",
        minimum=0.0,
        maximum=1e3,
    )
    context_gradient: str | None = parameter(
        None,
        "what each vector that dm joins gets of the gradient: divided by their number, or the whole "
        "(default: as the loss says, divided for the mean and whole for the sum)",
        choices=("divided", "whole"),
    )
    epochs: int = parameter(10, "passes over the corpus, and steps of inference", minimum=1)
    empty_documents: str = parameter(
        "error",
        "what a document without a known word is: an error, or a vector of zeros",
        choices=("error", "zeros"),
    )
    # Of word models alone.
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
    "doc2vec": EmbeddingModel("Doc2Vec", Doc2VecParameters),
}
