"""LanguageModel: text in, the probability of what comes next out."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.errors import ParameterError, UnknownAttributeError
from textdl.io.archive import (
    ArchiveContent,
    ArchiveKind,
    check_offsets,
    open_archive,
    write_archive,
)
from textdl.io.atomic import scratch_folder
from textdl.jax_settings import fixed_settings, random_key
from textdl.language_model.config import DEFAULT_TOKENIZER, LanguageModelParameters
from textdl.language_model.generation import generate_ids
from textdl.language_model.network import Carry, LanguageNetwork, LanguageParams, segment_loss
from textdl.language_model.streams import SegmentBatch, Streams, write_ids
from textdl.language_model.symbols import UNKNOWN, Symbols
from textdl.language_model.training import train
from textdl.nn.layers.sequential import named_arrays, restored_params
from textdl.parameters import ParameterMethods, check_parameters, document_parameters
from textdl.string_array import StringArray
from textdl.text.corpus import Corpus
from textdl.text.source import CorpusConfig, encode_source
from textdl.text.store import TokenStore
from textdl.text.tokenizers import Tokenizer, get_tokenizer

KIND = ArchiveKind("LanguageModel")
NAMES = "symbols"  # of the arrays of characters or words
NAME_OFFSETS = "symbol_offsets"
NETWORK = "network"  # before the names of the arrays of the network
TOKENS_PER_STREAM = 10_000  # of a text that is measured, at least
# These do not change what is learned.
_NOT_SAVED = ("checkpoint", "checkpoint_every", "resume", "verbose")


class LanguageModelScores(NamedTuple):
    """How well a model predicts a text of N tokens, x_1 ... x_N.

    Example:
        >>> LanguageModelScores(loss=math.log(8), tokens=100, unknown=0).bits
        3.0
    """

    loss: float  # -Σ log p(x_t | x_1 ... x_t-1) / N, in nats
    tokens: int  # N, the end of each document being one
    unknown: int  # of these, how many the model does not know

    @property
    def perplexity(self) -> float:
        """The exponential of the loss: as if it chose among so many, all as probable."""
        return math.exp(self.loss)

    @property
    def bits(self) -> float:
        """The loss in bits per token."""
        return self.loss / math.log(2)


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class LanguageModel(ParameterMethods, LanguageModelParameters):
    """A recurrent language model over characters or words.

    p(x_1 ... x_N) = Π_t p(x_t | h_t-1), the state h being carried through the whole text, from
    document to document. It is trained by Adam on parallel streams of the text, with gradients that
    go back through one segment (truncated backpropagation through time). What occurs less often
    than `min_count` is one symbol, the unknown, which is read and predicted, and never generated.

    Args:
        {parameters}

    Attributes:
        vocabulary_: the characters or words that are known, by falling count.
        history_: mean ``loss`` of every epoch, in nats per token, while the parameters change.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.
        CorpusError, CorpusReadError: where the text cannot be used.
        CheckpointError: from `fit`, where the checkpoint is of another text or parameters.
        DivergenceError: from `fit`, where the learning rate is much too large.

    References:
        Mikolov et al. 2010, "Recurrent neural network based language model".
        Graves 2013, "Generating sequences with recurrent neural networks".

    Example:
        >>> model = LanguageModel(hidden_size=16, streams=4, learning_rate=0.03, epochs=30)
        >>> _ = model.fit(["hello hello hello hello"] * 20)
        >>> model.generate(6, prompt="hello ", temperature=0)
        'hello '
        >>> model.evaluate(["hello hello hello hello"] * 20).bits < 0.2
        True
    """

    def fit(self, corpus: Corpus, y: object = None) -> Self:
        """Train on a text.

        Args:
            corpus: a path, glob, folder or ``-``; an iterable of texts, of token lists (with unit
                word) or of `Path`.
            y: ignored, for scikit-learn's pipelines.

        Returns:
            The model itself.
        """
        source = self._source(corpus)
        with fixed_settings(), jax.enable_x64(False), _scratch() as folder:
            store = TokenStore.build(encode_source(source), folder / "store", sync="nothing")
            vocabulary = store.vocabulary.cut(self.min_count, self.max_vocab_size)
            symbols = Symbols(vocabulary.words, self.separator)
            ids = write_ids(symbols.encode(store.chunks()), folder / "ids.bin")
            streams = Streams(ids, self.streams, self.segment_length)
            network = self._network(len(symbols))
            params, losses = train(streams, network, self, store.fingerprint)
        self._symbols = symbols
        self._params = params
        self.history_ = {"loss": losses}
        return self

    @property
    def vocabulary_(self) -> list[str]:
        """The characters or words that are known, by falling count."""
        return self._fitted()[0].names

    def evaluate(self, corpus: Corpus) -> LanguageModelScores:
        """How well the model predicts a text.

        Of a long text, up to `streams` parts of at least 10,000 tokens are read at once, each from
        an empty state.

        Args:
            corpus: as `fit` takes it.
        """
        symbols, params = self._fitted()
        network = self._network(len(symbols))
        with fixed_settings(), jax.enable_x64(False), _scratch() as folder:
            chunks = encode_source(self._source(corpus))
            ids = write_ids(symbols.encode(chunks), folder / "ids.bin")
            count = max(1, min(self.streams, len(ids) // TOKENS_PER_STREAM))
            streams = Streams(ids, count, self.segment_length)
            params = jax.device_put(params)
            carry = network.initial_carry(streams.batch_size)
            total = 0.0
            unknown = 0
            for number in range(len(streams)):
                batch = streams.batch(number)
                loss, carry = _evaluate(params, carry, batch, network=network)
                total += float(loss)
                real = np.arange(self.segment_length) < batch.lengths[:, None]
                unknown += int(((batch.targets == UNKNOWN) & real).sum())
            return LanguageModelScores(total / len(ids), len(ids), unknown)

    def perplexity(self, corpus: Corpus) -> float:
        """exp(-Σ log p(x_t | x_1 ... x_t-1) / N) of a text of N tokens; see `evaluate`."""
        return self.evaluate(corpus).perplexity

    def generate(
        self,
        length: int = 200,
        prompt: str = "",
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 1,
    ) -> str:
        """Text that follows a prompt, drawn from the model; the same arguments give the same text.

        Args:
            length: characters or words to draw, the end of a line being one.
            prompt: what stands before it, at the beginning of a line; it is not returned.
            temperature: what logits are divided by: below 1 the text is more likely, at 0 the most
                probable is always taken, above 1 it is more varied.
            top_k: draw from so many of the most probable; None: from all.
            seed: of the draws.

        Returns:
            The text, without the prompt.

        Raises:
            ParameterError: a number is out of range.
        """
        symbols, params = self._fitted()
        _check_sampling(length, temperature, top_k, seed)
        cut = get_tokenizer(self._tokenizer, lowercase=self.lowercase)
        with fixed_settings(), jax.enable_x64(False):
            ids = generate_ids(
                self._network(len(symbols)),
                params,
                symbols.ids(cut(prompt)),
                length,
                random_key(seed),
                temperature=temperature,
                top_k=top_k,
            )
        return symbols.text(ids.tolist())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one ``.safetensors`` file; equal models give equal bytes.

        Raises:
            ParameterError: the tokenizer is a function, which no file can hold.
            OutputError: the file cannot be written.
        """
        symbols, params = self._fitted()
        names = StringArray.from_strings(symbols.names)
        arrays: dict[str, NDArray[Any]] = {NAMES: names.blob, NAME_OFFSETS: names.offsets}
        write_archive(
            path,
            ArchiveContent(
                KIND,
                parameters={
                    name: value
                    for name, value in self.get_params().items()
                    if name not in _NOT_SAVED
                },
                state={"loss": self.history_["loss"]},
                arrays=arrays | named_arrays(params, NETWORK),
            ),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        archive = open_archive(path, expected="a language model")
        archive.require(KIND)
        with archive.decoding():
            model = cls(**archive.parameters)
            if set(archive.parameters) & set(_NOT_SAVED):
                raise ValueError("checkpoints are never read from a file")
            check_parameters(model)
            arrays = archive.arrays
            blob = arrays.pop(NAMES)
            offsets = arrays.pop(NAME_OFFSETS)
            check_offsets(offsets, len(blob), "symbols")
            names = list(StringArray(blob, offsets).key_to_index)
            model._symbols = Symbols(names, model.separator)
            network = model._network(len(model._symbols))
            model._params = restored_params(network, arrays, prefix=NETWORK)
            model.history_ = {"loss": [float(loss) for loss in archive.state["loss"]]}
        return model

    def describe(self) -> dict[str, Any]:
        """Sizes, losses and parameters, as JSON values."""
        symbols, params = self._fitted()
        return {
            "kind": type(self).__name__,
            "vocab": len(symbols.names),
            "first": symbols.names,
            "parameters": sum(array.size for array in named_arrays(params).values()),
            "epochs": len(self.history_["loss"]),
            "loss": self.history_["loss"][-1],
            "config": {
                name: value for name, value in self.get_params().items() if name not in _NOT_SAVED
            },
        }

    @property
    def bits_(self) -> list[float]:
        """The loss of every epoch in bits per character or word."""
        self._fitted()
        return [loss / math.log(2) for loss in self.history_["loss"]]

    @property
    def separator(self) -> str:
        """What stands between two characters or words of a text."""
        return "" if self.unit == "char" else " "

    @property
    def _tokenizer(self) -> str | Tokenizer:
        if self.unit == "word":
            return self.tokenizer or DEFAULT_TOKENIZER
        if self.tokenizer is not None:
            raise ParameterError(
                f"tokenizer={self.tokenizer!r} cuts words and unit='char' reads characters; leave "
                "it out, or choose unit='word'"
            )
        return list  # of the characters of a text

    def _source(self, corpus: Corpus) -> CorpusConfig:
        check_parameters(self)
        return CorpusConfig(corpus, self._tokenizer, self.lowercase, self.errors, self.encoding)

    def _network(self, rows: int) -> LanguageNetwork:
        return LanguageNetwork(
            rows,
            self.vector_size or self.hidden_size,
            self.hidden_size,
            self.cell,
            self.layers,
            self.tied,
            float(self.dropout),
        )

    def _fitted(self) -> tuple[Symbols, LanguageParams]:
        if not hasattr(self, "_symbols"):
            raise UnknownAttributeError(
                "this LanguageModel has learned nothing; call fit(corpus) first"
            )
        return self._symbols, self._params


@partial(jax.jit, static_argnames="network")
def _evaluate(
    params: LanguageParams, carry: Carry, batch: SegmentBatch, *, network: LanguageNetwork
) -> tuple[Array, Carry]:
    return segment_loss(network, params, carry, batch)


@contextmanager
def _scratch() -> Iterator[Path]:
    with scratch_folder(Path(tempfile.gettempdir()), "textdl") as folder:
        yield folder


def _check_sampling(length: int, temperature: float, top_k: int | None, seed: int) -> None:
    """Refuse numbers that nothing can be drawn with.

    Raises:
        ParameterError: one is out of range.
    """
    if not length >= 0:
        raise ParameterError(f"length={length}; expected a whole number from 0 up")
    if not 0 <= temperature < math.inf:
        raise ParameterError(f"temperature={temperature}; expected a number from 0 up")
    if top_k is not None and not top_k >= 1:
        raise ParameterError(f"top_k={top_k}; expected a whole number from 1 up, or None")
    if not seed >= 0:
        raise ParameterError(f"seed={seed}; expected a whole number from 0 up")
