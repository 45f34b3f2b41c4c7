"""SequenceTagger: sentences and a tag per token in, one saved model out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from reprlib import repr as short
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from textdl.classify.averages import resolve_vectors
from textdl.classify.sequence_models.tokens import initial_vectors
from textdl.classify.sequence_models.training import check_sequence_parameters, sequence_training
from textdl.classify.tagging.config import TaggerParameters
from textdl.classify.tagging.entities import TaggingReport, make_tagging_report
from textdl.classify.tagging.network import (
    NO_TAG,
    make_tagger_network,
    tag_accuracy,
    tag_loss,
)
from textdl.classify.tagging.words import SHAPES, TaggerWords, count_words
from textdl.errors import DataError, UnknownAttributeError
from textdl.io.archive import (
    ArchiveContent,
    ArchiveKind,
    check_offsets,
    open_archive,
    write_archive,
)
from textdl.jax_settings import fixed_settings, random_key
from textdl.nn.data.dataset import make_dataset
from textdl.nn.data.packed_sequences import PackedSequences, pack_sequences
from textdl.nn.layers.embedding import EmbeddingParams
from textdl.nn.layers.sequential import (
    Params,
    Sequential,
    init_params,
    named_arrays,
    restored_params,
)
from textdl.nn.training.evaluate import predict
from textdl.nn.training.fit import fit, progress_bar
from textdl.nn.training.objective import Objective
from textdl.parameters import ParameterMethods, check_parameters, document_parameters
from textdl.string_array import StringArray

KIND = ArchiveKind("SequenceTagger")
WORDS = "words"  # of the arrays of words
WORD_OFFSETS = "word_offsets"
NETWORK = "network"  # before the names of the arrays of the network
LONGEST_PIECE = 256  # tokens; a longer sentence is read in pieces
SENTENCES_AT_ONCE = 4096  # that are predicted
_NOT_SAVED = ("verbose", "vectors")


@document_parameters
@dataclass(eq=False, repr=False)
class SequenceTagger(ParameterMethods, TaggerParameters):
    """A tag for every token of a sentence: its part of speech, or B-PER where a name begins.

    Vectors of words, dropout, what reads them (a recurrent state from either side, or two layers of
    windows), dropout, and a softmax over the tags at every position; trained by Adam. Each token is
    given its most probable tag. A word that is not known is read by its shape: lower case,
    capitalized, upper case, with digits, or none of them; in training, rare words are.

    Args:
        {parameters}

    Attributes:
        classes_: the tags, sorted.
        history_: mean ``loss`` and ``accuracy`` of every epoch, while the parameters change.

    Raises:
        ParameterError: from `fit`, where a parameter is out of range.
        DataError: where sentences and tags do not fit.
        DivergenceError: from `fit`, where the learning rate is much too large.

    References:
        Huang, Xu and Yu 2015, "Bidirectional LSTM-CRF models for sequence tagging".

    Example:
        >>> sentences = [["Ada", "met", "Grace"], ["we", "met", "Ada"]] * 20
        >>> tags = [["B-PER", "O", "B-PER"], ["O", "O", "B-PER"]] * 20
        >>> tagger = SequenceTagger("cnn", units=8, epochs=20, learning_rate=0.02)
        >>> _ = tagger.fit(sentences, tags)
        >>> tagger.predict([["we", "met", "Grace"]])
        [['O', 'O', 'B-PER']]
        >>> tagger.evaluate(sentences, tags).overall.f1
        1.0
    """

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> Self:
        """Train on sentences and their tags.

        Args:
            X: N sentences, lists of tokens.
            y: N lists of tags, one per token.

        Returns:
            The tagger itself.

        Raises:
            ParameterError: a parameter is out of range.
            DataError: sentences and tags do not fit, or there are fewer than two tags.
            DivergenceError: the loss is not finite.
        """
        check_sequence_parameters(self)
        sentences = [_checked(sentence, "sentence", row) for row, sentence in enumerate(X, 1)]
        tags = [_checked(some, "list of tags", row) for row, some in enumerate(y, 1)]
        _check_pairs(sentences, tags)
        names = sorted(set(chain.from_iterable(tags)))
        if len(names) < 2:
            raise DataError(f"the tags are one only, {names[0]!r}; expected two or more")
        vectors = None if self.vectors is None else resolve_vectors(self.vectors)
        known = count_words(sentences, self.min_count)
        others: list[str] = []
        table = None
        if vectors is not None:
            known += _with_vectors(count_words(sentences, 1), known, vectors.key_to_index)
            learned = set(known)
            others = [word for word in vectors.labels if word not in learned]
            table = initial_vectors([*known, *others], vectors, len(SHAPES))
        learned_words = TaggerWords(known)
        sizes = self._sizes(len(learned_words), len(names), table)
        ids = pack_sequences(_pieces(map(learned_words.ids, sentences)), None)
        numbers = {name: number for number, name in enumerate(names)}
        targets = [np.array([numbers[tag] for tag in some], np.int32) for some in tags]
        with fixed_settings(), jax.enable_x64(False):
            params = self._train(ids, list(_pieces(targets)), sizes, table)
        self._words = learned_words
        if table is not None:
            whole = np.concatenate([params[0].table, table[len(learned_words) :]])
            params = (EmbeddingParams(whole), *params[1:])  # type: ignore[arg-type]
            self._words = TaggerWords([*known, *others])
        self._params = params
        self._layer_sizes = (len(self._words), *sizes[1:])
        self.classes_ = names
        return self

    def _sizes(
        self, rows: int, tags: int, table: NDArray[np.float32] | None
    ) -> tuple[int, int, int, int]:
        size = self.vector_size if table is None else table.shape[1]
        return rows, size, self.units, tags

    def _train(
        self,
        ids: PackedSequences,
        targets: list[NDArray[np.int32]],
        sizes: tuple[int, int, int, int],
        table: NDArray[np.float32] | None,
    ) -> Params:
        """The parameters of a network that is trained on pieces of sentences."""
        network = self._network(sizes)
        start = init_params(network, random_key(self.seed))
        if table is not None:
            start = (EmbeddingParams(jnp.asarray(table[: sizes[0]])), *start[1:])
        lengths = ids.lengths
        padded = np.full((ids.size, int(lengths.max())), NO_TAG, np.int32)
        for row, some in zip(padded, targets, strict=True):
            row[: len(some)] = some
        data = make_dataset(ids, padded, lengths)  # so that each token counts the same
        objective = Objective(network, tag_loss, (("accuracy", tag_accuracy),))
        config = sequence_training(self, ids.size)
        with progress_bar(self.verbose) as draw:
            key = random_key(self.seed, 1)
            result = fit(start, data, objective, config, key=key, callbacks=[draw])
        self.history_ = result.history
        return jax.tree.map(np.asarray, result.params)

    def predict(self, X: Iterable[Sequence[str]]) -> list[list[str]]:
        """The most probable tag of every token.

        Args:
            X: N sentences, lists of tokens, which may be empty.

        Returns:
            N lists of tags.
        """
        self._check_fitted()
        sentences = [_checked(sentence, "sentence", row) for row, sentence in enumerate(X, 1)]
        found: list[list[str]] = []
        for first in range(0, len(sentences), SENTENCES_AT_ONCE):
            some = sentences[first : first + SENTENCES_AT_ONCE]
            pieces = list(_pieces(map(self._words.ids, some)))
            best = chain.from_iterable(self._best(pack_sequences(pieces, None)))
            found += [[self.classes_[next(best)] for _ in sentence] for sentence in some]
        return found

    def evaluate(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> TaggingReport:
        """Accuracy, and precision, recall and F1: of entities, where tags mark some; else of tags.

        Args:
            X: N sentences.
            y: N lists of tags, the truth.
        """
        sentences = [_checked(sentence, "sentence", row) for row, sentence in enumerate(X, 1)]
        truth = [_checked(some, "list of tags", row) for row, some in enumerate(y, 1)]
        _check_pairs(sentences, truth)
        return make_tagging_report(truth, self.predict(sentences))

    def _best(self, ids: PackedSequences) -> list[list[int]]:
        """The most probable tag of every token of every piece."""
        found: list[list[int]] = [[] for _ in range(ids.size)]
        network = self._network(self._layer_sizes)
        with fixed_settings(), jax.enable_x64(False):
            for rows in ids.groups():  # of one width each
                some = ids.select(rows)
                best = predict(network, self._params, some).argmax(-1)  # (M, T)
                for row, numbers, size in zip(rows, best.tolist(), some.lengths, strict=True):
                    found[row] = numbers[:size]
        return found

    def describe(self) -> dict[str, Any]:
        """Sizes, tags and parameters, as JSON values."""
        self._check_fitted()
        return {
            "kind": type(self).__name__,
            "tags": self.classes_,
            "vocab": len(self._words.words),
            "parameters": sum(array.size for array in named_arrays(self._params).values()),
            "epochs": len(self.history_["loss"]),
            "loss": self.history_["loss"][-1],
            "config": self._saved_parameters(),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one ``.safetensors`` file; equal taggers give equal bytes.

        Raises:
            OutputError: the file cannot be written.
        """
        self._check_fitted()
        words = StringArray.from_strings(self._words.words)
        arrays: dict[str, NDArray[Any]] = {WORDS: words.blob, WORD_OFFSETS: words.offsets}
        content = ArchiveContent(
            KIND,
            parameters=self._saved_parameters(),
            state={
                "tags": self.classes_,
                "sizes": self._layer_sizes,
                "history": self.history_,
            },
            arrays=arrays | named_arrays(self._params, NETWORK),
        )
        write_archive(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        archive = open_archive(path, expected="a sequence tagger")
        archive.require(KIND)
        with archive.decoding():
            if set(archive.parameters) & set(_NOT_SAVED):
                raise ValueError("vectors are never read by the name of a file")
            tagger = cls(**archive.parameters)
            check_parameters(tagger)
            arrays = archive.arrays
            blob = arrays.pop(WORDS)
            offsets = arrays.pop(WORD_OFFSETS)
            check_offsets(offsets, len(blob), "words")
            tagger._words = TaggerWords(list(StringArray(blob, offsets).key_to_index))
            tagger.classes_ = _checked_tags(archive.state["tags"])
            tagger.history_ = {
                name: [float(value) for value in values]
                for name, values in archive.state["history"].items()
            }
            tagger._layer_sizes = tagger._checked_sizes(archive.state["sizes"])
            network = tagger._network(tagger._layer_sizes)
            tagger._params = restored_params(network, arrays, prefix=NETWORK)
        return tagger

    def _network(self, sizes: tuple[int, int, int, int]) -> Sequential:
        return make_tagger_network(
            self.model, sizes, float(self.dropout), trainable=self.tune_vectors
        )

    def _saved_parameters(self) -> dict[str, Any]:
        return {name: it for name, it in self.get_params().items() if name not in _NOT_SAVED}

    def _checked_sizes(self, sizes: Any) -> tuple[int, int, int, int]:
        """The sizes of a network for these words and tags.

        Raises:
            ValueError: they are of another one.
        """
        rows, size, units, tags = sizes
        if (rows, units, tags) != (len(self._words), self.units, len(self.classes_)):
            raise ValueError(f"the network has the sizes {sizes}")
        if type(size) is not int or size < 1:
            raise ValueError(f"its vectors have {size!r} numbers")
        return rows, size, units, tags

    def _check_fitted(self) -> None:
        if not hasattr(self, "_params"):
            raise UnknownAttributeError(
                "this SequenceTagger has learned nothing; call fit(sentences, tags) first"
            )


def _pieces(sequences: Iterable[NDArray[np.int32]]) -> Iterator[NDArray[np.int32]]:
    """Sequences, long ones in pieces, without the empty ones."""
    for ids in sequences:
        for start in range(0, len(ids), LONGEST_PIECE):
            yield ids[start : start + LONGEST_PIECE]


def _with_vectors(words: list[str], known: list[str], index: Any) -> list[str]:
    """The words that are not known and have a vector."""
    frequent = set(known)
    return [word for word in words if word not in frequent and word in index]


def _checked(items: Any, what: str, row: int) -> list[str]:
    """A sentence, or its tags.

    Raises:
        DataError: it is not a list of strings.
    """
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise DataError(f"{what} {row:,} is {short(items)}; expected a list of strings")
    found = list(items)
    for item in found:
        if not isinstance(item, str) or not item:
            raise DataError(
                f"{what} {row:,} holds {short(item)}; expected strings, none of them empty"
            )
    return found


def _check_pairs(sentences: list[list[str]], tags: list[list[str]]) -> None:
    """Refuse sentences without a tag for each token.

    Raises:
        DataError: there are some, or no token at all.
    """
    if len(sentences) != len(tags):
        raise DataError(
            f"{len(sentences):,} sentences and {len(tags):,} lists of tags; expected one list per "
            "sentence"
        )
    for row, (words, some) in enumerate(zip(sentences, tags, strict=True), 1):
        if len(words) != len(some):
            raise DataError(
                f"sentence {row:,} ({short(' '.join(words))}) has {len(words):,} tokens and "
                f"{len(some):,} tags; expected one tag per token"
            )
    if not any(sentences):
        raise DataError("there is no token; expected sentences with a tag per token")


def _checked_tags(tags: Any) -> list[str]:
    """Tags of a file.

    Raises:
        ValueError: they are not sorted strings.
    """
    if not isinstance(tags, list) or not tags or tags != sorted({str(tag) for tag in tags}):
        raise ValueError(f"its tags are {tags!r}")
    return tags
