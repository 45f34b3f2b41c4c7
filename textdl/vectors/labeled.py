"""A labeled matrix: words, their rows, and the vectors of words without rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import ParameterError, UnknownWordError
from textdl.io.mapped_file import MappedFile
from textdl.string_array import StringArray
from textdl.vectors import query
from textdl.vectors.arrays import as_column, as_matrix, read_only
from textdl.vectors.query import Item
from textdl.vectors.spelling import unknown_word_message
from textdl.vectors.subwords import SubwordVectors

NO_ROW = -1
COMPUTED_LATER = np.empty(0, np.float32)  # in place of norms: when they are asked for


class LabeledMatrix:
    """Words and their vectors, looked up; `Vectors`, which answers questions, is one.

    Args:
        labels: V distinct words.
        matrix: `(V, D)`, one row per word; not copied if it is float32.
        counts: `(V,)` occurrences of each word in the training corpus.
        norms: `(V,)` lengths of the rows, computed if absent.
        subwords: the vectors of n-grams, for words without rows.

    Raises:
        ParameterError: shapes disagree, a label occurs twice, or a row is not finite.

    Example:
        >>> LabeledMatrix(["up", "down"], [[0, 2], [0, -1]])["up"]
        array([0., 2.], dtype=float32)
    """

    def __init__(
        self,
        labels: Iterable[str],
        matrix: ArrayLike,
        counts: ArrayLike | None = None,
        norms: ArrayLike | None = None,
        subwords: SubwordVectors | None = None,
    ) -> None:
        self._source: MappedFile | None = None
        self._check: Callable[[], None] | None = None  # of columns that are mapped
        self._labels = (
            labels if isinstance(labels, StringArray) else StringArray.from_strings(labels)
        )
        rows = len(self._labels)
        self._matrix = read_only(as_matrix(matrix, rows))
        self._counts = None if counts is None else as_column("counts", counts, rows, np.int64)
        self._norms: NDArray[np.float32] | None = None
        if norms is not COMPUTED_LATER:
            lengths = query.row_norms(self._matrix) if norms is None else norms
            self._norms = as_column("norms", lengths, rows, np.float32)
        self.subwords = subwords
        if subwords is not None and subwords.matrix.shape[1] != self.vector_size:
            raise ParameterError(
                f"the vectors of n-grams have {subwords.matrix.shape[1]} dimensions, those of "
                f"words {self.vector_size}; expected as many"
            )

    @property
    def matrix(self) -> NDArray[np.float32]:
        """`(V, D)`, the vectors, one row per word.

        Raises:
            FileFormatError: the file that they are mapped from was cut short.
        """
        self.require_whole()
        return self._matrix

    @property
    def labels(self) -> StringArray:
        """The V words.

        Raises:
            FileFormatError: they are mapped from a file that is damaged.
        """
        self.check_columns()
        return self._labels

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """`(V,)` occurrences of each word in the training corpus, where they are known.

        Raises:
            FileFormatError: they are mapped from a file that is damaged.
        """
        self.check_columns()
        return self._counts

    @property
    def norms(self) -> NDArray[np.float32]:
        """`(V,)`, the lengths of the rows.

        Raises:
            FileFormatError: they are mapped from a file that is damaged.
        """
        self.check_columns()
        if self._norms is None:
            self._norms = read_only(query.row_norms(self.matrix))
        return self._norms

    @property
    def vector_size(self) -> int:
        """D, the number of dimensions."""
        return int(self._matrix.shape[1])

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """Word to row, for the whole vocabulary."""
        return self.labels.key_to_index

    def __getstate__(self) -> dict[str, Any]:
        self.check_columns()
        return self.__dict__ | {"_source": None}  # a copy is not mapped

    def __len__(self) -> int:
        return len(self._labels)

    def __contains__(self, word: object) -> bool:
        if self._find(word) is not None:
            return True
        if self.subwords is None or not isinstance(word, str):
            return False
        return bool(self.subwords.compose([word]).are_known[0])

    def __getitem__(self, words: str | Sequence[str]) -> NDArray[np.float32]:
        """The vector `(D,)` of a word, or `(n, D)` of a list of words.

        Raises:
            UnknownWordError: a word is not in the vocabulary, nor is any of its n-grams known.
        """
        if not isinstance(words, str):
            return self.take(words, self.rows_of(words))
        row = self._row(words)
        picked: NDArray[np.float32]
        picked = self.matrix[row] if row != NO_ROW else self.take([words], np.array([row]))[0]
        return picked

    def require_whole(self) -> None:
        """Check that the file which is mapped was not cut short.

        Raises:
            FileFormatError: it was.
        """
        if self._source is not None:
            self._source.require_whole()

    def check_columns(self) -> None:
        """Compare labels, counts and norms that are mapped with their checksums, once.

        Raises:
            FileFormatError: the file is damaged, or was cut short.
        """
        self.require_whole()
        if self._check is not None:
            self._check()
            self._check = None

    def rows_of(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The rows `(n,)` of words; `NO_ROW` where n-grams may tell.

        Raises:
            UnknownWordError: a word has no row, and there are no n-grams.
            ParameterError: `words` is not a list of words.
        """
        return np.array([self._row(word) for word in query.word_list(words)], dtype=np.int64)

    def rows_with_labels(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The rows `(n,)` of words that have one of their own.

        Raises:
            UnknownWordError: a word has none.
        """
        rows = self.rows_of(words)
        if (rows == NO_ROW).any():
            word = words[int(np.argmin(rows))]
            raise UnknownWordError(unknown_word_message(word, self.labels))
        return rows

    def take(self, words: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors `(n, D)` of words, given the rows of those that have one.

        Raises:
            UnknownWordError: none of a word's n-grams is known.
        """
        picked: NDArray[np.float32] = self.matrix[rows]
        unseen = np.flatnonzero(rows == NO_ROW).tolist()
        if self.subwords is None or not unseen:
            return picked
        found = self.subwords.compose([words[place] for place in unseen])
        if not found.are_known.all():
            word = words[unseen[int(np.argmin(found.are_known))]]
            sizes = (self.subwords.min_n, self.subwords.max_n)
            raise UnknownWordError(unknown_word_message(word, self.labels, sizes))
        picked[unseen] = found.vectors
        return picked

    def direction(self, item: Item) -> NDArray[np.float64]:
        """The unit vector of a word; a vector as it is. `(D,)`.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: what was given is neither a word nor a finite vector of this size.
        """
        if isinstance(item, str):
            return query.normalize(self[item])
        try:
            vector = np.asarray(item, dtype=np.float64)
        except (TypeError, ValueError):
            raise ParameterError(f"{item!r} is neither a word nor a vector; pass one") from None
        if vector.shape != (self.vector_size,) or not np.isfinite(vector).all():
            raise ParameterError(
                f"a vector of shape {vector.shape} was given, expected a word or "
                f"({self.vector_size},) finite numbers"
            )
        return vector

    def _find(self, word: object) -> int | None:
        """The row of a word. One that is found needs no look at the others."""
        self.require_whole()
        row = self._labels.search(word) if isinstance(word, str) else None
        return self.labels.find(word) if row is None else row

    def _row(self, word: str) -> int:
        """The row of a word; `NO_ROW` where its n-grams may tell."""
        row = self._find(word)
        if row is None:
            if not isinstance(word, str):
                raise ParameterError(f"{word!r} is a {type(word).__name__}; pass words as str")
            if self.subwords is None:
                raise UnknownWordError(unknown_word_message(word, self.labels))
            return NO_ROW
        return row
