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
from textdl.errors import DataError, ParameterError
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind, ArraySpec
from textdl.vectors.vectors import Vectors

KIND = ArchiveKind("AveragedVectors", {"vectors": ArraySpec(("F32",), ("V", "D"))})
COUNTER = "counter"  # the part that counts the words


@dataclass(eq=False, repr=False)
class AveragedVectors(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to the means of their words' vectors, each scaled to the length sqrt(D).

    So an entry is about 1 in size, which a network likes. Words without a vector count for nothing;
    a text of none but such words is a row of zeros.

    Args:
        vectors: `Vectors`, or the path of a file of them.
        tokenizer: ``nltk``, ``whitespace``, ``wordpunct``, ``tweet``, or a function; as the vectors
            were trained with.
        lowercase: lower-case the text first; None: unless the vectors have words in capitals.
        n_jobs: threads; None is every core.

    Attributes:
        vectors_: what `vectors` stands for.
        counter_: counts the words that have a vector.

    Raises:
        ParameterError: `vectors` are none.
        DataError: a vector is not finite.

    Example:
        >>> averages = AveragedVectors(Vectors(["up", "down"], [[1.0, 0.0], [0.0, 1.0]]))
        >>> averages.fit_transform(["Up and down!", "up", "left"]).round(2).tolist()
        [[1.0, 1.0], [1.409999966621399, 0.0], [0.0, 0.0]]
    """

    vectors: Any = None
    tokenizer: Any = "nltk"
    lowercase: bool | None = None
    n_jobs: int | None = None

    def fit(self, raw_documents: Any, y: object = None) -> Self:
        """Read the vectors, and count how many texts have each word."""
        self._read(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: object = None) -> NDArray[np.float32]:
        """The same, and the means `(N, D)`, in one pass."""
        return self._means(self._read(raw_documents))

    def transform(self, raw_documents: Any) -> NDArray[np.float32]:
        """The means `(N, D)`."""
        check_is_fitted(self)
        return self._means(self.counter_.transform(raw_documents))

    @property
    def words_alone_(self) -> NDArray[np.float32]:
        """`(V, D)` what a text of one word would be, for every word."""
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

    def _read(self, raw_documents: Any) -> Any:
        """Take the vectors up, and count."""
        vectors = _as_vectors(self.vectors)
        words = list(vectors.labels)
        if (lowercase := self.lowercase) is None:
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


def _as_vectors(given: Any) -> Vectors:
    if given is None:
        raise ParameterError(
            "there are no vectors to average; pass Vectors, or the path of their file (--vectors)"
        )
    if not isinstance(given, Vectors | str | os.PathLike):
        raise ParameterError(
            f"vectors is a {type(given).__name__}; pass Vectors, or the path of their file"
        )
    vectors = given if isinstance(given, Vectors) else Vectors.load(given)
    finite = np.isfinite(vectors.matrix).all(axis=1)
    if not finite.all():
        word = vectors.labels[int(finite.argmin())]
        raise DataError(f"the vector of {word!r} is not finite; train or convert them again")
    return vectors
