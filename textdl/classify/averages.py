"""AveragedVectors: a text as the mean of the vectors of its words."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from textdl.bow.count import CountVectorizer
from textdl.bow.parameters import DocumentParameters
from textdl.errors import DataError, ParameterError
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind, ArraySpec
from textdl.parameters import check_parameters, document_parameters, parameter, parameters_of
from textdl.vectors.vectors import Vectors

KIND = ArchiveKind("AveragedVectors", {"vectors": ArraySpec(("F32",), ("V", "D"))})
COUNTER = "counter"  # the part with the words


@document_parameters
@dataclass(eq=False, repr=False)
class AveragedVectors(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to the means of their words' vectors, each scaled to the length sqrt(D).

    So an entry is about 1 in size, which suits a network. Words without a vector are left out; a
    text of none but such words is a row of zeros.

    Args:
        {parameters}

    Attributes:
        vectors_: the `Vectors` that are averaged.
        counter_: counts the words that have a vector.

    Raises:
        ParameterError: from `fit`, where `vectors` is missing or of another type.
        DataError: from `fit`, where a vector is not finite.

    Example:
        >>> averages = AveragedVectors(Vectors(["up", "down"], [[1.0, 0.0], [0.0, 1.0]]))
        >>> averages.fit_transform(["Up and down!", "up", "left"]).round(2).tolist()
        [[1.0, 1.0], [1.409999966621399, 0.0], [0.0, 0.0]]
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
        """Read the vectors, and count how many texts have each word."""
        self._count(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: object = None) -> NDArray[np.float32]:
        """Fit, and return the means `(N, D)`, in one pass."""
        return self._means(self._count(raw_documents))

    def transform(self, raw_documents: Any) -> NDArray[np.float32]:
        """The means `(N, D)`."""
        check_is_fitted(self)
        return self._means(self.counter_.transform(raw_documents))

    @property
    def single_words_(self) -> NDArray[np.float32]:
        """`(V, D)` what a text of one word becomes, for every word."""
        check_is_fitted(self)
        return self._scaled(self.vectors_.matrix)

    def _to_archive(self) -> ArchiveContent:
        return ArchiveContent(
            KIND,
            arrays={"vectors": self.vectors_.matrix},
            parts={COUNTER: self.counter_._to_archive()},
        )

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        archive.require(KIND)
        counter = CountVectorizer._from_archive(archive.part(COUNTER))
        with archive.decoding():
            words = counter.get_feature_names_out().tolist()
            vectors = Vectors(words, archive.arrays["vectors"])
            averages = cls(vectors, counter.tokenizer, counter.lowercase)
        averages.vectors_ = vectors
        averages.counter_ = counter
        return averages

    def _count(self, raw_documents: Any) -> Any:
        """Load the vectors, and count their words."""
        check_parameters(self)
        vectors = _load_vectors(self.vectors)
        words = list(vectors.labels)
        lowercase = self.lowercase
        if lowercase is None:
            lowercase = all(word == word.lower() for word in words)
        self.counter_ = CountVectorizer(
            vocabulary=words,
            tokenizer=self.tokenizer,
            token_pattern=None,
            lowercase=lowercase,
            dtype=np.float32,
            n_jobs=self.n_jobs,
        )
        self.vectors_ = vectors
        return self.counter_.fit_transform(raw_documents)

    def _means(self, counts: Any) -> NDArray[np.float32]:
        return self._scaled(normalize(counts, norm="l1") @ self.vectors_.matrix)

    def _scaled(self, means: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = normalize(means) * np.float32(means.shape[1] ** 0.5)
        return scaled

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _load_vectors(source: Any) -> Vectors:
    if source is None:
        raise ParameterError(
            "there are no vectors to average; pass Vectors, or the path of their file (--vectors)"
        )
    if not isinstance(source, Vectors | str | os.PathLike):
        raise ParameterError(
            f"vectors is a {type(source).__name__}; pass Vectors, or the path of their file"
        )
    vectors = source if isinstance(source, Vectors) else Vectors.load(source)
    finite = np.isfinite(vectors.matrix).all(axis=1)
    if not finite.all():
        word = vectors.labels[int(finite.argmin())]
        raise DataError(f"the vector of {word!r} is not finite; train or convert them again")
    return vectors
