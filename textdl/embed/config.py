"""The parameters of embedding models: each with its default, range and description, once.

The estimators, the options of ``textdl train`` and the documentation are made from these classes
and those of `textdl.embed.model_parameters`, which has those of runs and the lists of each model.
Nothing here needs JAX, so that the command line can show its help at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from textdl.embed.objectives import (
    ARCHITECTURES,
    DOCUMENT_ARCHITECTURES,
    DOCUMENT_LEARNING_RATES,
    LEARNING_RATES,
    LOSSES,
    SUBWORD_LEARNING_RATES,
)
from textdl.errors import ParameterError
from textdl.parameters import (
    another_default,
    check_parameters,
    parameter,
    parameters_of,
)


def described_rates(rates: Mapping[tuple[str, str], float]) -> str:
    """Learning rates in words, for the description of a parameter."""
    return ", ".join(f"{rate:g} for {arch} with {loss}" for (arch, loss), rate in rates.items())


# Noise words of a block for each that a pair would draw. With fewer, each stands for more pairs at
# once, and the rows it meets are moved in lumps too large to follow.
NOISE_PER_NEGATIVE = 8
_LEARNING_RATES = "; with subwords ".join(
    map(described_rates, (LEARNING_RATES, SUBWORD_LEARNING_RATES))
)
DEFAULT_NEGATIVE = 5
# L of models of documents. All tokens of a document in a block move its row from one point: in
# short blocks, which steps take from all over the text, it goes on from there many times an epoch.
DOCUMENT_BLOCK_TOKENS = 16
CPU_WORKERS = 2
CPU_STEP_TOKENS = 128
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
    context_separator: str | None = parameter(
        None,
        "words of skipgram that are the same up to the last of these, as gay_1900 and gay_2000 "
        "with _, share one vector as contexts of others (default: none)",
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
    workers: int | None = parameter(
        None,
        "parts of the text that are trained side by side; part of the result, not of the machine "
        "(default: 2, on a GPU or TPU 1)",
        minimum=1,
        maximum=1_024,
    )
    step_tokens: int | None = parameter(
        None,
        "centers that are trained at once; fewer are steadier, more are faster on a GPU (default: "
        "128, on a GPU or TPU up to 8192, the more the longer the text)",
        minimum=1,
        maximum=1 << 20,
    )


@dataclass(kw_only=True, eq=False, repr=False)
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
class SubwordParameters:
    """The parameters of words that are means of their character n-grams."""

    min_n: int = parameter(
        3, "characters of the shortest n-gram, borders of the word included", minimum=1, maximum=100
    )
    max_n: int = parameter(
        6, "characters of the longest n-gram; 0: words have none", minimum=0, maximum=100
    )
    bucket: int = parameter(
        2_000_000, "numbers that n-grams are hashed to", minimum=1, maximum=2**31 - 1
    )


@dataclass(kw_only=True)
class EmbeddingConfig(SubwordParameters, DocumentModelParameters, EmbeddingParameters):
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
    max_n: int = another_default(SubwordParameters, "max_n", 0)

    members: tuple[Mapping[str, Any], ...] = parameter(
        (), "models that are trained in place of one, and averaged: in what each differs from this"
    )
    context_share: float = parameter(
        0.0, "how much of its output vector is added to the vector of a word", minimum=0, maximum=1
    )
    centered: bool = parameter(False, "subtract the mean of all vectors from each")

    def __post_init__(self) -> None:
        """Check every parameter, and choose those that are left to the objective."""
        check_parameters(self)
        self._refuse_contradictions()
        if self.negative is None and self.loss == "ns":
            self.negative = DEFAULT_NEGATIVE
        if self.learning_rate is None:
            rates = SUBWORD_LEARNING_RATES if self.max_n else LEARNING_RATES
            self.learning_rate = {**rates, **DOCUMENT_LEARNING_RATES}[self.arch, self.loss]
        if self.workers is None or self.step_tokens is None:
            from textdl.jax_settings import has_accelerator  # JAX, for which no help text waits

            accelerated = has_accelerator()
            self.workers = self.workers or (1 if accelerated else CPU_WORKERS)
            self.step_tokens = self.step_tokens or (None if accelerated else CPU_STEP_TOKENS)
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
    def worker_count(self) -> int:
        """W, the number of workers."""
        assert self.workers is not None  # since `__post_init__`
        return self.workers

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

    def of_seeds(self, count: int) -> list[EmbeddingConfig]:
        """The config of each of several models that differ in nothing but the seed.

        Args:
            count: of models; their seeds are this one and those that follow.

        Raises:
            ParameterError: a seed is out of range.
        """
        return [replace(self, seed=self.seed + number) for number in range(count)]

    def of_members(self) -> Iterator[EmbeddingConfig]:
        """The config of each model that is trained; the first has the seed of the run."""
        # It loads NumPy, which the help text of `textdl train` does not need.
        from textdl.keyed_random import MEMBER_SEED, random_bits

        yield replace(self, **self.members[0]) if self.members else self
        for number, values in enumerate(self.members[1:], start=1):
            bits = random_bits(2, self.seed, MEMBER_SEED, number).tolist()
            yield replace(self, **values, seed=(bits[0] << 32 | bits[1]) % 2**63)

    def _refuse_shared_contexts(self) -> None:
        if not self.context_separator:
            raise ParameterError(
                "context_separator is empty; expected what stands between a word and its tag, as _"
            )
        is_plain = self.arch == "skipgram" and self.loss == "ns"
        if not is_plain or self.max_n or self.context_share or self.members:
            raise ParameterError(
                f"context_separator={self.context_separator!r} is of use with arch='skipgram', "
                "loss='ns', without n-grams and with quality='default'; leave it out, or the others"
            )

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
        if self.context_share and self.loss != "ns":
            raise ParameterError(
                f"context_share={self.context_share} with loss={self.loss!r}; only loss='ns' has "
                "an output vector for each word"
            )
        if self.context_separator is not None:
            self._refuse_shared_contexts()
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
