"""`Vectors`: words, their vectors, and the questions one asks of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import ParameterError, UnknownWordError
from textdl.gensim_names import VECTORS_ATTRIBUTES, ExplainedNames, missing_attribute
from textdl.string_array import StringArray
from textdl.vectors import formats, query
from textdl.vectors.arrays import as_column, as_matrix, read_only
from textdl.vectors.formats.rows import MappedFile, ReadOptions, VectorData
from textdl.vectors.nearest import check_topn, nearest
from textdl.vectors.query import Item
from textdl.vectors.spelling import unknown_word_message
from textdl.vectors.subwords import SubwordVectors
from textdl.vectors.tokenizer_file import TokenizerFile

Neighbors: TypeAlias = list[tuple[str, float]]

_NO_ROW = -1
_LATER = np.empty(0, np.float32)  # in place of norms: they are computed when they are asked for


class Vectors(metaclass=ExplainedNames):
    """Labeled vectors, in memory or mapped from a file.

    Where there are `subwords` (of `FastText`), a word without a row has a vector too: the mean of
    those of its character n-grams that are known. It can be asked about like any other, `in` says
    whether a word has a vector of either kind, and only words with rows are answers, in
    `key_to_index` and counted by `len`.

    Args:
        labels: V distinct words.
        matrix: `(V, D)`, one finite row per word; not copied if it is float32, so leave it as it
            is.
        counts: `(V,)` occurrences of each word in the training corpus.
        norms: `(V,)` lengths of the rows, computed if absent.
        config: how the vectors came about; JSON values only, saved with them.
        subwords: the vectors of n-grams, for words without rows.
        tokenizer: the content of a `tokenizer.json`, by which texts become words.

    Raises:
        ParameterError: shapes disagree, a label occurs twice, or a row is not finite.

    Example:
        >>> vectors = Vectors(["up", "down", "north"], [[0, 2], [0, -1], [3, 4]])
        >>> vectors.most_similar("up", topn=1)
        [('north', 0.8)]
        >>> vectors["north"]
        array([3., 4.], dtype=float32)
    """

    _gensim_names = VECTORS_ATTRIBUTES

    def __init__(
        self,
        labels: Iterable[str],
        matrix: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        norms: ArrayLike | None = None,
        config: Mapping[str, object] | None = None,
        subwords: SubwordVectors | None = None,
        tokenizer: str | None = None,
    ) -> None:
        self._check: Callable[[], None] | None = None
        self._labels = (
            labels if isinstance(labels, StringArray) else StringArray.from_strings(labels)
        )
        rows = len(self._labels)
        self.matrix = read_only(as_matrix(matrix, rows))
        self._counts = None if counts is None else as_column("counts", counts, rows, np.int64)
        self._norms: NDArray[np.float32] | None = None
        if norms is not _LATER:
            lengths = query.row_norms(self.matrix) if norms is None else norms
            self._norms = as_column("norms", lengths, rows, np.float32)
        self.config: dict[str, object] = dict(config or {})
        self.subwords = subwords
        self._source: MappedFile | None = None
        self.tokenizer = None if tokenizer is None else TokenizerFile(tokenizer)
        if subwords is not None and subwords.matrix.shape[1] != self.vector_size:
            raise ParameterError(
                f"the vectors of n-grams have {subwords.matrix.shape[1]} dimensions, those of "
                f"words {self.vector_size}; expected as many"
            )

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        errors: str = "backslashreplace",
        *,
        limit: int | None = None,
        verify: bool = False,
    ) -> Vectors:
        r"""Read the file at `path`, of any known format; a `.safetensors` file is mapped, not read.

        Args:
            path: of the file, or of the folder.
            errors: what becomes of bytes in a word that are not UTF-8: shown as `\x97`, or
                "strict": the file is refused.
            limit: rows to take, from the first on, which are those of the most frequent words in
                most files; None: all.
            verify: compare also the matrix with its checksum, which reads all of it.

        Returns:
            The vectors.

        Raises:
            FileFormatError: it is missing, damaged, of no known format, or has no checksums.
            ParameterError: `limit` is not a whole number from 1.
        """
        is_number = isinstance(limit, int | np.integer) and not isinstance(limit, bool)
        if limit is not None and (not is_number or limit < 1):
            raise ParameterError(f"limit is {limit!r}, expected a whole number from 1, or None")
        options = ReadOptions(errors, None if limit is None else int(limit))
        return cls._from_data(formats.load(Path(path), options, verify=verify))

    def save(
        self, path: str | os.PathLike[str], *, format: str | None = None, dtype: str = "float32"
    ) -> None:
        """Write to `path`, complete or not at all.

        Args:
            path: of the file. Its name says the format: `.safetensors` keeps everything, `.bin`
                (word2vec binary), `.txt` and `.vec` (text), `.npz`, `.parquet` and `.tsv` words and
                vectors. Binary and text may be compressed: `.vec.gz`, `.bz2`, `.xz` or `.zst`.
            format: the name of another format: "fasttext", "model2vec" (a folder).
            dtype: of the numbers: "float16", "bfloat16" or "int8" (with a scale for each row) take
                a half or a quarter of the room in a `.safetensors` file, and less precision. Once
                loaded they are float32 again.

        Raises:
            OutputError: the file cannot be written.
            ParameterError: the name asks for no format, or for one that cannot hold the content.
        """
        formats.save(self._as_data(), Path(path), format, dtype)

    @classmethod
    def _from_data(cls, table: VectorData) -> Vectors:
        """The vectors of what formats read; norms wait where the rows are known to be finite."""
        vectors = cls(
            table.labels,
            table.matrix,
            table.counts,
            norms=_LATER if table.norms is None and table.is_finite else table.norms,
            config=table.config,
            subwords=table.subwords,
            tokenizer=table.tokenizer,
        )
        vectors._source = table.source
        vectors._check = table.check
        return vectors

    def _as_data(self) -> VectorData:
        """What formats write."""
        return VectorData(
            self.labels,
            self.matrix,
            self.counts,
            self.norms,
            self.config,
            self.subwords,
            None if self.tokenizer is None else self.tokenizer.content,
        )

    @property
    def labels(self) -> StringArray:
        """The V words.

        Raises:
            FileFormatError: they are mapped from a file that is damaged.
        """
        self._check_columns()
        return self._labels

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """`(V,)` occurrences of each word in the training corpus, where they are known.

        Raises:
            FileFormatError: they are mapped from a file that is damaged.
        """
        self._check_columns()
        return self._counts

    @property
    def norms(self) -> NDArray[np.float32]:
        """`(V,)`, the lengths of the rows.

        Raises:
            FileFormatError: they are mapped from a file that is damaged.
        """
        self._check_columns()
        if self._norms is None:
            self._norms = read_only(query.row_norms(self.matrix))
        return self._norms

    @property
    def vector_size(self) -> int:
        """D, the number of dimensions."""
        return int(self.matrix.shape[1])

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """Word to row, for the whole vocabulary."""
        return self.labels.key_to_index

    if not TYPE_CHECKING:  # a type checker is to find what is missing by itself

        def __getattr__(self, name: str) -> object:
            raise missing_attribute(self, name, VECTORS_ATTRIBUTES)

    def __getstate__(self) -> dict[str, Any]:
        self._check_columns()
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
            return self._take(words, self._rows(words))
        row = self._row(words)
        picked: NDArray[np.float32]
        picked = self.matrix[row] if row != _NO_ROW else self._take([words], np.array([row]))[0]
        return picked

    def __repr__(self) -> str:
        return f"Vectors({len(self):,} words, vector_size={self.vector_size})"

    def similarity(self, a: str, b: str) -> float:
        """Cosine of two words' vectors, 0 if either is zero.

        Raises:
            UnknownWordError: a word has no vector.
        """
        return query.cosine(self[a], self[b])

    def most_similar(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int = 10,
    ) -> Neighbors:
        """The `topn` words closest to the mean of what is given, `negative` ones subtracted.

        Words count with their unit vectors, vectors as they are (as in gensim); the words given are
        left out of the answer.

        Args:
            positive: a word, a vector `(D,)`, or a list of either, which are added.
            negative: the same, which are subtracted.
            topn: how many words.

        Returns:
            Words with their cosines, the most similar first.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: nothing was given, a vector has the wrong shape, or `topn` is below 1.

        Example:
            >>> vectors = Vectors(
            ...     ["king", "man", "queen", "woman", "tree"],
            ...     [[1, 1, 0], [1, 0, 0], [-1, 1, 0], [-1, 0, 0], [0, 0, 1]],
            ... )
            >>> vectors.most_similar(positive=["king", "woman"], negative=["man"], topn=1)[0][0]
            'queen'
        """
        plus = query.as_items(positive)
        minus = query.as_items(negative)
        items = plus + minus
        if not items:
            raise ParameterError("most_similar got no word; pass at least one, as in 'king'")
        weights = np.repeat([1.0, -1.0], [len(plus), len(minus)])
        direction = query.combine(np.stack([self._vector(item) for item in items]), weights)
        given = np.unique(self._rows([item for item in items if isinstance(item, str)]))
        return self._neighbors(direction[None, :], topn, given[None, given != _NO_ROW])[0]

    def most_similar_batch(self, words: Sequence[str], topn: int = 10) -> list[Neighbors]:
        """For each word, what `most_similar` answers: all in one matrix product.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: `topn` is below 1.
        """
        rows = self._rows(words)
        vectors = self._take(words, rows)
        directions = query.combine(query.normalize(vectors)[:, None, :], np.ones(1))
        has_row = rows != _NO_ROW
        if has_row.all():
            return self._neighbors(directions, topn, rows[:, None])
        seen = iter(self._neighbors(directions[has_row], topn, rows[has_row, None]))
        nothing = np.empty((int((~has_row).sum()), 0), np.int64)
        unseen = iter(self._neighbors(directions[~has_row], topn, nothing))
        return [next(seen if it else unseen) for it in has_row]

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word least similar to the mean of the unit vectors of all `words`.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: fewer than three words, which cannot have an odd one out.
        """
        rows = self._rows(words)
        if len(rows) < 3:
            raise ParameterError(
                f"doesnt_match got {len(rows)} words, expected 3 or more; add some"
            )
        return words[query.odd_one_out(self._take(words, rows))]

    def _neighbors(
        self, queries: NDArray[np.float64], topn: int, excluded: NDArray[np.int64]
    ) -> list[Neighbors]:
        topn = check_topn(topn)
        self._require_whole()
        found = nearest(self.matrix, self.norms, queries, topn, excluded)
        pairs = zip(found.rows.tolist(), found.similarities.tolist(), strict=True)
        return [
            [(self.labels[row], similarity) for row, similarity in zip(*pair, strict=True)]
            for pair in pairs
        ]

    def _find(self, word: object) -> int | None:
        """The row of a word. One that is found needs no look at the others."""
        self._require_whole()
        row = self._labels.search(word) if isinstance(word, str) else None
        return self.labels.find(word) if row is None else row

    def _check_columns(self) -> None:
        if self._check is not None:
            self._require_whole()
            self._check()
            self._check = None

    def _require_whole(self) -> None:
        if self._source is not None:
            self._source.require_whole()

    def _row(self, word: str) -> int:
        """The row of a word; `_NO_ROW` where its n-grams may tell."""
        row = self._find(word)
        if row is None:
            if not isinstance(word, str):
                raise ParameterError(f"{word!r} is a {type(word).__name__}; pass words as str")
            if self.subwords is None:
                raise UnknownWordError(unknown_word_message(word, self.labels))
            return _NO_ROW
        return row

    def _take(self, words: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors `(n, D)` of words, given the rows of those that have one."""
        picked: NDArray[np.float32] = self.matrix[rows]
        unseen = np.flatnonzero(rows == _NO_ROW).tolist()
        if self.subwords is None or not unseen:
            return picked
        found = self.subwords.compose([words[place] for place in unseen])
        if not found.are_known.all():
            word = words[unseen[int(np.argmin(found.are_known))]]
            sizes = (self.subwords.min_n, self.subwords.max_n)
            raise UnknownWordError(unknown_word_message(word, self.labels, sizes))
        picked[unseen] = found.vectors
        return picked

    def _rows(self, words: Sequence[str]) -> NDArray[np.int64]:
        if isinstance(words, str) or not isinstance(words, Iterable):
            raise ParameterError(f"got {words!r}; pass a list of words")
        return np.array([self._row(word) for word in words], dtype=np.int64)

    def _vector(self, item: Item) -> NDArray[np.float64]:
        if isinstance(item, str):
            return query.normalize(self[item])
        vector = np.asarray(item, dtype=np.float64)
        if vector.shape != (self.vector_size,) or not np.isfinite(vector).all():
            raise ParameterError(
                f"a vector of shape {vector.shape} was given, expected a word or "
                f"({self.vector_size},) finite numbers"
            )
        return vector
