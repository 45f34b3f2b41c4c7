"""TokenSequences: texts to sequences of ids, the words in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from textdl.bow.count import CountVectorizer
from textdl.bow.engine.documents import make_reader
from textdl.classify.averages import resolve_vectors
from textdl.classify.sequence_models.config import TokenParameters
from textdl.classify.sequence_models.networks import VECTOR_SCALE
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind
from textdl.keyed_random import uniform
from textdl.nn.data.packed_sequences import PackedSequences, pack_sequences
from textdl.nn.layers.embedding import UNKNOWN
from textdl.parameters import check_parameters, document_parameters, parameter, parameters_of
from textdl.vectors.vectors import Vectors

KIND = ArchiveKind("TokenSequences", {})
COUNTER = "counter"  # the part with the words
_VECTORS = 0x5E9  # purpose of draws: vectors of words that have none


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class TokenSequences(TokenParameters, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to sequences of the ids of their words.

    The words are those that the vectorizer learns. Where vectors are given, all other words that
    have one follow them: first those that the texts have, and then the rest, so that a word that no
    training text has is read by its vector. Every other word has the id 0, in training too: there
    it stands for the words that the vectorizer leaves out. A text of none but such words is empty.

    Args:
        {parameters}

    Attributes:
        counter_: a `CountVectorizer` whose columns are the words.
        n_learned_: how many of the words are in the texts; they come first.
        initial_vectors_: `(1 + V, D)` a vector for every id, to begin with; None where none were
            given. It is not saved.

    Example:
        >>> tokens = TokenSequences(vectorizer=CountVectorizer())
        >>> sequences = tokens.fit_transform(["the cat", "the dog sees the cat"])
        >>> tokens.counter_.get_feature_names_out().tolist()
        ['cat', 'dog', 'sees', 'the']
        >>> sequences.ids.tolist(), sequences.lengths.tolist()
        ([4, 1, 4, 2, 3, 4, 1], [2, 5])
        >>> tokens.transform(["old dog"]).ids.tolist()
        [0, 2]
    """

    vectorizer: Any = parameter(None, "a `CountVectorizer`, which says what words are learned")
    vectors: Any = parameter(None, "`Vectors` to begin with, or the path of their file")

    def fit(self, raw_documents: Any, y: object = None) -> Self:
        """Learn the words.

        Args:
            raw_documents: an iterable of texts; or a `Path` or several, whose lines are texts.
            y: ignored, for pipelines.
        """
        self.fit_transform(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: object = None) -> PackedSequences:
        """Learn the words, and return the sequences.

        Args:
            raw_documents: an iterable of texts, which is read twice.
            y: ignored, for pipelines.

        Returns:
            N sequences.

        Warns:
            UserWarning: texts were cut to `max_length`.
        """
        check_parameters(self, parameters_of(TokenParameters))
        vectors = None if self.vectors is None else resolve_vectors(self.vectors)
        make_reader(self.vectorizer).check(raw_documents)
        texts = raw_documents if isinstance(raw_documents, list) else list(raw_documents)
        words = self.vectorizer.fit(texts).get_feature_names_out().tolist()
        self._count(words, texts)
        self.n_learned_ = len(words)
        more = [] if vectors is None else _without(vectors.labels, words)
        if more:
            self._count(more, texts)
            is_seen = self.counter_.document_frequency_ > 0
            seen = [word for word, it in zip(more, is_seen, strict=True) if it]
            words = [*words, *seen, *_without(more, seen)]
            self.n_learned_ += len(seen)
            self._count(words, texts)
        self.initial_vectors_ = None
        if vectors is not None:
            self.initial_vectors_ = initial_vectors(words, vectors, scale=self.vector_scale)
        return self.transform(texts)

    def transform(self, raw_documents: Any) -> PackedSequences:
        """The sequences of texts.

        Warns:
            UserWarning: texts were cut to `max_length`.
        """
        check_is_fitted(self)
        make_reader(self.counter_).check(raw_documents)
        return pack_sequences(self._ids(raw_documents), self.max_length)

    @property
    def single_words_(self) -> PackedSequences:
        """What a text of one word becomes, for every word."""
        check_is_fitted(self)
        words = len(self.counter_.vocabulary_)
        return PackedSequences(np.arange(1, words + 1), np.arange(words + 1))  # type: ignore[arg-type]

    @property
    def fit_options_(self) -> dict[str, Any]:
        """What `SequenceClassifier.fit` is told beside the sequences."""
        return {
            "rows": 1 + len(self.counter_.vocabulary_),
            "learned_rows": 1 + self.n_learned_,
            "vectors": self.initial_vectors_,
        }

    def _count(self, words: list[str], texts: list[str]) -> None:
        """Take these words as the vocabulary."""
        vectorizer = CountVectorizer(**self.vectorizer.get_params())
        self.counter_ = vectorizer.set_params(vocabulary=words).fit(texts)

    def _ids(self, texts: Any) -> Iterator[NDArray[np.int64]]:
        analyze = self.counter_.build_analyzer()
        columns = self.counter_.vocabulary_
        for text in texts:
            words = analyze(text)
            ids = np.fromiter((columns.get(word, -1) for word in words), np.int64, len(words)) + 1
            yield ids if (ids != UNKNOWN).any() else ids[:0]

    def _to_archive(self) -> ArchiveContent:
        return ArchiveContent(
            KIND,
            parameters={"max_length": self.max_length},
            state={"learned": self.n_learned_},
            parts={COUNTER: self.counter_._to_archive()},
        )

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        archive.require(KIND)
        counter = CountVectorizer._from_archive(archive.part(COUNTER))
        with archive.decoding():
            tokens = cls(**archive.parameters)
            check_parameters(tokens, parameters_of(TokenParameters))
            learned = archive.state["learned"]
            if type(learned) is not int or not 0 <= learned <= len(counter.vocabulary_):
                raise ValueError(f"{learned!r} words were learned")
        tokens.counter_ = counter
        tokens.n_learned_ = learned
        tokens.initial_vectors_ = None
        return tokens


def _without(words: Any, others: list[str]) -> list[str]:
    known = set(others)
    return [word for word in words if word not in known]


def initial_vectors(
    words: list[str], vectors: Vectors, reserved: int = 1, scale: float = 1.0
) -> NDArray[np.float32]:
    """The vectors of words, scaled; where there is none, one that is drawn at random.

    Args:
        words: V.
        vectors: of some of them.
        reserved: R, ids before that of the first word, such as one for unknown words.
        scale: the root mean square of the given vectors, in units of that of the drawn ones.

    Returns:
        `(R + V, D)`, the first R drawn.

    Example:
        >>> initial_vectors(["up", "odd"], Vectors(["up"], [[3.0, 4.0]])).shape
        (3, 2)
    """
    size = vectors.vector_size
    matrix = np.asarray(vectors.matrix)
    drawn = uniform((reserved + len(words)) * size, _VECTORS).reshape(-1, size)
    table = ((2 * drawn - 1) * VECTOR_SCALE).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(matrix, dtype=np.float32))))
    factor = scale * VECTOR_SCALE / 3**0.5 / (rms or 1)
    index = vectors.key_to_index
    rows = np.array([index.get(word, -1) for word in words])
    known = np.flatnonzero(rows >= 0)
    table[reserved + known] = matrix[rows[known]] * np.float32(factor)
    return table
