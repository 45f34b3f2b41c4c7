"""AveragedVectors: a document as the mean of the vectors of its words, plain or weighted."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from textdl.bow.count import CountVectorizer
from textdl.bow.parameters import DocumentParameters
from textdl.classify.weightings import (
    WEIGHTINGS,
    Components,
    WeightingParameters,
    WordStatistics,
    WordWeights,
    common_components,
    remove_components,
    resolve_weighting,
    weighted_means,
)
from textdl.errors import DataError, ParameterError
from textdl.io.archive import (
    Archive,
    ArchiveContent,
    ArchiveKind,
    ArraySpec,
    open_archive,
    write_archive,
)
from textdl.parameters import check_parameters, document_parameters, parameter, parameters_of
from textdl.vectors.vectors import Vectors

KIND = ArchiveKind(
    "AveragedVectors",
    {
        "vectors": ArraySpec(("F32",), ("V", "D")),
        "counts": ArraySpec(("I64",), ("V",), required=False),  # where weights come from them
        "word_weights": ArraySpec(("F32",), ("V",), required=False),
        "components": ArraySpec(("F32",), ("K", "D"), required=False),
        "component_shares": ArraySpec(("F32",), ("K",), required=False),
    },
)
COUNTER = "counter"  # the part with the words
_WORDS_PER_BLOCK = 1 << 14
_LARGEST_WEIGHT = 100  # SIF stays below 1, uSIF below 2, and the idf is log(N + 1) + 1 at most
_ROUNDING = 1e-5  # of an entry of a direction


@document_parameters
@dataclass(eq=False, repr=False)
class AveragedVectors(
    WeightingParameters,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Documents to (weighted) means of their words' vectors, each scaled to the length sqrt(D).

    So an entry is about 1 in size, which suits a network; ``normalize=False`` leaves the means as
    they are. Words without a vector are left out; a document of none but such words is a row of
    zeros. What each weighting computes stands in `textdl.classify.weightings`. The probabilities
    of words are those of the counts that the vectors hold; where they hold none, of the fitted
    documents.

    Args:
        {parameters}

    Attributes:
        vectors_: the `Vectors` that are averaged.
        counter_: counts the words that have a vector.
        word_weights_: `(V,)` weight of each word; None: 1 each.
        a_: the parameter of SIF and uSIF; None for other weightings.
        components_: `(K, D)` the common components that are removed.
        component_shares_: `(K,)` how much of each is removed: 1, or for usif its share.

    Raises:
        ParameterError: from `fit`, where `vectors` is missing or of another type, or a parameter
            is out of range or does not go with the others.
        DataError: from `fit`, where a vector is not finite, or there are fewer documents with a
            known word than common components.

    References:
        Arora, Liang and Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings"
        (SIF); Ethayarajh 2018, "Unsupervised Random Walk Sentence Embeddings: A Strong but Simple
        Baseline" (uSIF).

    Example:
        >>> averages = AveragedVectors(Vectors(["up", "down"], [[1.0, 0.0], [0.0, 1.0]]))
        >>> averages.fit_transform(["Up and down!", "up", "left"]).round(2).tolist()
        [[1.0, 1.0], [1.409999966621399, 0.0], [0.0, 0.0]]
        >>> counted = Vectors(["up", "down"], [[1.0, 0.0], [0.0, 1.0]], counts=[3, 1])
        >>> sif = AveragedVectors(counted, weighting="sif", a=0.25, remove_components=0)
        >>> sif.fit(["up", "down"]).word_weights_.tolist()
        [0.25, 0.5]
    """

    vectors: Any = parameter(None, "`Vectors`, or the path of a file of them")
    tokenizer: Any = parameter(
        "nltk",
        "what cuts a text into words, as when the vectors were trained",
        choices=parameters_of(DocumentParameters)["tokenizer"].choices,
        allows_callable=True,
    )
    lowercase: bool | None = parameter(
        None, "lower-case the text first; None: unless the vectors have words in capitals"
    )
    n_jobs: int | None = parameter(None, "threads; None or -1: every core")

    def fit(self, raw_documents: Any, y: object = None) -> Self:
        """Read the vectors, count the words of documents, and learn the common components.

        Args:
            raw_documents: an iterable of texts; or a `Path` or several, whose lines are texts.
            y: ignored, for pipelines.
        """
        self._learn(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: object = None) -> NDArray[np.float32]:
        """Fit, and return the means `(N, D)`; the documents are read once.

        Args:
            raw_documents: as `fit` takes them.
            y: ignored, for pipelines.

        Returns:
            `(N, D)` float32.
        """
        return self._rows(self._learn(raw_documents))

    def transform(self, raw_documents: Any) -> NDArray[np.float32]:
        """The means `(N, D)` float32; a row does not depend on the other documents."""
        check_is_fitted(self)
        return self._rows(self.counter_.transform(raw_documents))

    @property
    def single_words_(self) -> NDArray[np.float32]:
        """`(V, D)` what a text of one word becomes, for every word."""
        check_is_fitted(self)
        return self._rows(sparse.eye_array(len(self.vectors_), dtype=np.float32, format="csr"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything, vectors included, to one file; equal content gives equal bytes.

        Raises:
            ParameterError: the tokenizer is a function, which no file can hold.
            OutputError: the file cannot be written.
        """
        check_is_fitted(self)
        write_archive(path, self._to_archive())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        return cls._from_archive(open_archive(path, expected="averaged vectors"))

    def describe(self) -> dict[str, Any]:
        """Sizes, the parameter of SIF, shares of components and parameters, as JSON values."""
        check_is_fitted(self)
        return {
            "kind": type(self).__name__,
            "vocab": len(self.vectors_),
            "vector_size": self.vectors_.vector_size,
            "documents": self.counter_.n_documents_,
            "a": self.a_ if self.a_ is None or math.isfinite(self.a_) else str(self.a_),
            "components": [round(share, 4) for share in self.component_shares_.tolist()],
            "config": {
                name: getattr(self, name)
                for name in (*parameters_of(WeightingParameters), "tokenizer", "lowercase")
            },
        }

    def _to_archive(self) -> ArchiveContent:
        weighting = WEIGHTINGS[self.weighting]
        has_components = len(self.components_) > 0
        return ArchiveContent(
            KIND,
            parameters={
                name: getattr(self, name)
                for name, known in parameters_of(WeightingParameters).items()
                if getattr(self, name) != known.default
            },
            state={} if self.a_ is None else {"a": self.a_},
            arrays={
                "vectors": self.vectors_.matrix,
                "counts": self.vectors_.counts if weighting.takes_a else None,
                "word_weights": self.word_weights_,
                "components": self.components_ if has_components else None,
                "component_shares": self.component_shares_ if has_components else None,
            },
            parts={COUNTER: self.counter_._to_archive()},
        )

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        archive.require(KIND)
        counter = CountVectorizer._from_archive(archive.part(COUNTER))
        with archive.decoding():
            words = counter.get_feature_names_out().tolist()
            arrays = archive.arrays
            vectors = Vectors(words, arrays["vectors"], arrays.get("counts"))
            averages = cls(vectors, counter.tokenizer, counter.lowercase, **archive.parameters)
            check_parameters(averages, parameters_of(WeightingParameters))
            weights = WordWeights(arrays.get("word_weights"), archive.state.get("a"))
            components = _no_components(vectors.vector_size)
            if "components" in arrays:
                components = Components(arrays["components"], arrays["component_shares"])
            averages._check_learned(weights, components)
        averages._keep(vectors, counter, weights, components)
        return averages

    def _check_learned(self, weights: WordWeights, components: Components) -> None:
        """Refuse what was not learned with these parameters.

        Raises:
            ValueError: it was not, or a value is out of its range.
        """
        weighting, removed = resolve_weighting(self, components.directions.shape[1])
        if removed != len(components.directions):
            raise ValueError(f"{len(components.directions)} components where {removed} are due")
        if (weights.values is None) != (self.weighting == "mean"):
            raise ValueError(f"its word weights are not those of weighting {self.weighting!r}")
        if isinstance(weights.a, float) != weighting.takes_a:
            raise ValueError(f"a is {weights.a!r} for weighting {self.weighting!r}")
        values = np.zeros(0, np.float32) if weights.values is None else weights.values
        for array, largest in ((values, _LARGEST_WEIGHT), (components.shares, 1)):
            if not ((array >= 0) & (array <= largest)).all():
                raise ValueError(f"a weight or share is not from 0 to {largest}")
        if not (np.abs(components.directions) <= 1 + _ROUNDING).all():
            raise ValueError("an entry of a component is above 1")

    def _learn(self, raw_documents: Any) -> Any:
        """Fit; returns the counts `(N, V)` sparse."""
        check_parameters(self)
        vectors = resolve_vectors(self.vectors)
        weighting, removed = resolve_weighting(self, vectors.vector_size)
        counter = self._make_counter(vectors)
        counts = counter.fit_transform(raw_documents)
        weights = weighting.word_weights(_statistics(vectors, counter), self.a)
        components = _no_components(vectors.vector_size)
        if removed:
            means = weighted_means(counts, vectors.matrix, weights.values, weighting)
            components = common_components(means, removed, piecewise=weighting.is_piecewise)
        self._keep(vectors, counter, weights, components)
        return counts

    def _make_counter(self, vectors: Vectors) -> CountVectorizer:
        """What counts the words that have a vector."""
        words = list(vectors.labels)
        lowercase = self.lowercase
        if lowercase is None:
            lowercase = all(word == word.lower() for word in words)
        return CountVectorizer(
            vocabulary=words,
            tokenizer=self.tokenizer,
            token_pattern=None,
            lowercase=lowercase,
            dtype=np.float32,
            n_jobs=self.n_jobs,
        )

    def _keep(
        self,
        vectors: Vectors,
        counter: CountVectorizer,
        weights: WordWeights,
        components: Components,
    ) -> None:
        self.vectors_ = vectors
        self.counter_ = counter
        self.word_weights_ = weights.values
        self.a_ = weights.a
        self.components_ = components.directions
        self.component_shares_ = components.shares

    def _rows(self, counts: Any) -> NDArray[np.float32]:
        """`(N, D)` what counts `(N, V)` become."""
        matrix = self.vectors_.matrix
        components = Components(self.components_, self.component_shares_)
        rows = np.empty((counts.shape[0], matrix.shape[1]), np.float32)
        begin = 0
        for means in weighted_means(counts, matrix, self.word_weights_, WEIGHTINGS[self.weighting]):
            if len(components.directions):
                means = remove_components(means, components)
            if self.normalize:
                means = normalize(means) * np.float32(means.shape[1] ** 0.5)
            rows[begin : begin + len(means)] = means
            begin += len(means)
        return rows

    @property
    def _n_features_out(self) -> int:
        return self.vectors_.vector_size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _statistics(vectors: Vectors, counter: CountVectorizer) -> WordStatistics:
    """What is known of words, by the vectors and by the fitted documents."""
    fitted = counter.term_frequency_
    counts = vectors.counts
    return WordStatistics(
        counts=fitted if counts is None or not counts.any() else counts,
        document_frequency=counter.document_frequency_,
        documents=counter.n_documents_,
        mean_length=int(fitted.sum()) / max(counter.n_documents_, 1),
    )


def _no_components(vector_size: int) -> Components:
    return Components(np.zeros((0, vector_size), np.float32), np.zeros(0, np.float32))


def resolve_vectors(source: Any) -> Vectors:
    """The vectors that a user gives, all finite.

    Args:
        source: `Vectors`, or the path of their file.

    Raises:
        ParameterError: it is neither.
        DataError: a vector is not finite.

    Example:
        >>> resolve_vectors(Vectors(["up"], [[1.0]])).vector_size
        1
    """
    if source is None:
        raise ParameterError(
            "there are no vectors to average; pass Vectors, or the path of their file (--vectors)"
        )
    if not isinstance(source, Vectors | str | os.PathLike):
        raise ParameterError(
            f"vectors is a {type(source).__name__}; pass Vectors, or the path of their file"
        )
    vectors = source if isinstance(source, Vectors) else Vectors.load(source)
    for begin in range(0, len(vectors), _WORDS_PER_BLOCK):
        finite = np.isfinite(vectors.matrix[begin : begin + _WORDS_PER_BLOCK]).all(axis=1)
        if not finite.all():
            word = vectors.labels[begin + int(finite.argmin())]
            raise DataError(f"the vector of {word!r} is not finite; train or convert them again")
    return vectors
