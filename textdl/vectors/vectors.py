"""`Vectors`: words, their vectors, and the questions one asks of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textdl.errors import ParameterError
from textdl.gensim_names import VECTORS_ATTRIBUTES, ExplainedNames, missing_attribute
from textdl.vectors import formats, queries, query
from textdl.vectors.formats.rows import ReadOptions, VectorData
from textdl.vectors.labeled import COMPUTED_LATER, LabeledMatrix
from textdl.vectors.queries import Items, Neighbors
from textdl.vectors.query import Item
from textdl.vectors.searching import Indexer, choose_search, exact_search
from textdl.vectors.subwords import SubwordVectors
from textdl.vectors.tokenizer_file import TokenizerFile
from textdl.vectors.transport import word_movers_distance


class Vectors(LabeledMatrix, metaclass=ExplainedNames):
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
        super().__init__(labels, matrix, counts, norms, subwords)
        self.config: dict[str, object] = dict(config or {})
        self.tokenizer = None if tokenizer is None else TokenizerFile(tokenizer)

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
        options = ReadOptions(errors, None if limit is None else int(limit), verify)
        return cls._from_data(formats.load(Path(path), options))

    def save(
        self, path: str | os.PathLike[str], *, format: str | None = None, dtype: str = "float32"
    ) -> None:
        """Write to `path`, complete or not at all.

        Args:
            path: of the file. Its name says the format: `.safetensors` keeps everything, `.bin`
                (word2vec binary), `.txt` and `.vec` (text), `.npz`, `.parquet`, `.arrow` (or
                `.feather`) and `.tsv` words and vectors. Binary and text may be compressed:
                `.vec.gz`, `.bz2`, `.xz` or `.zst`.
            format: the name of another format: "fasttext", "glove", "model2vec" (a folder).
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
            norms=COMPUTED_LATER if table.norms is None and table.is_finite else table.norms,
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

    if not TYPE_CHECKING:  # a type checker is to find what is missing by itself

        def __getattr__(self, name: str) -> object:
            raise missing_attribute(self, name, VECTORS_ATTRIBUTES)

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
        positive: Items = None,
        negative: Items = None,
        topn: int = 10,
        *,
        restrict_vocab: int | None = None,
        candidates: Sequence[str] | None = None,
        indexer: Indexer | None = None,
    ) -> Neighbors:
        """The `topn` words closest to the mean of what is given, `negative` ones subtracted.

        Words count with their unit vectors, vectors as they are (as in gensim); the words given are
        left out of the answer.

        Args:
            positive: a word, a vector `(D,)`, a pair of either and its weight, or a list of these.
                Without a weight it is 1.
            negative: the same; without a weight it is -1. A weight that is given counts as it is.
            topn: how many words.
            restrict_vocab: only so many of the first rows answer, in most files those of the most
                frequent words.
            candidates: only these words answer.
            indexer: answers approximately, such as `textdl.vectors.approximate.ApproximateIndex`.

        Returns:
            Words with their cosines, the most similar first.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: nothing was given, a vector has the wrong shape, `topn` is below 1, or
                the restrictions contradict each other.

        Example:
            >>> vectors = Vectors(
            ...     ["king", "man", "queen", "woman", "tree"],
            ...     [[1, 1, 0], [1, 0, 0], [-1, 1, 0], [-1, 0, 0], [0, 0, 1]],
            ... )
            >>> vectors.most_similar(positive=["king", "woman"], negative=["man"], topn=1)[0][0]
            'queen'
            >>> vectors.most_similar([("king", 0.5), "woman"], candidates=["man", "tree"], topn=1)
            [('tree', 0.0)]
        """
        chosen = choose_search(self, restrict_vocab, candidates, indexer)
        asked = queries.sum_query(self, positive, negative, topn)
        return queries.neighbors(self, [asked], chosen)[0][0]

    def most_similar_batch(
        self,
        words: Sequence[str],
        topn: int = 10,
        *,
        restrict_vocab: int | None = None,
        candidates: Sequence[str] | None = None,
        indexer: Indexer | None = None,
    ) -> list[Neighbors]:
        """For each word, what `most_similar` answers: all in one matrix product.

        Args:
            words: the queries.
            topn: how many words each.
            restrict_vocab: as in `most_similar`.
            candidates: as there.
            indexer: as there.

        Returns:
            Words with their cosines for each query, the most similar first.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: `topn` is below 1, or the restrictions contradict each other.
        """
        chosen = choose_search(self, restrict_vocab, candidates, indexer)
        return queries.neighbors(self, [queries.word_query(self, words, topn)], chosen)[0]

    def most_similar_cosmul(
        self,
        positive: Items = None,
        negative: Items = None,
        topn: int = 10,
        *,
        restrict_vocab: int | None = None,
        candidates: Sequence[str] | None = None,
    ) -> Neighbors:
        """The `topn` words of highest 3CosMul with what is given: a product in place of a sum.

        The score is `Π (1 + cos(x, p)) / 2` over what is positive, divided by the same over what is
        negative plus 1e-6. One large similarity does not outweigh the others, as it does in a sum.

        Args:
            positive: a word, a vector `(D,)`, or a list of either; at least one.
            negative: the same.
            topn: how many words.
            restrict_vocab: as in `most_similar`.
            candidates: as there.

        Returns:
            Words with their scores, which are not cosines, the highest first.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: nothing is positive, something has a weight, a vector has the wrong
                shape, `topn` is below 1, or the restrictions contradict each other.

        References:
            Levy and Goldberg 2014, "Linguistic regularities in sparse and explicit word
            representations", equation 4.
        """
        among = exact_search(self, restrict_vocab, candidates)
        return queries.most_similar_cosmul(self, positive, negative, topn, among)

    def most_similar_to_sentence(
        self,
        sentence: str | Sequence[str],
        topn: int = 10,
        *,
        tokenizer: str = "nltk",
        restrict_vocab: int | None = None,
        candidates: Sequence[str] | None = None,
    ) -> Neighbors:
        """The `topn` words closest to the mean of the unit vectors of a sentence.

        Words without a vector are left out; a word is looked up as it stands, and lowercased if it
        is not known so. The words of the sentence may be among the answers.

        Args:
            sentence: a text, or its words.
            topn: how many words.
            tokenizer: cuts a text, where the vectors do not come with a tokenizer of their own.
            restrict_vocab: as in `most_similar`.
            candidates: as there.

        Returns:
            Words with their cosines, the most similar first.

        Raises:
            ParameterError: no word of the sentence has a vector, `topn` is below 1, or the
                restrictions contradict each other.
        """
        tokenize = self.tokenizer or queries.sentence_tokenizer(tokenizer)
        words = queries.known_words(self, sentence, tokenize)
        mean = query.normalize(self[words]).mean(axis=0)
        among = exact_search(self, restrict_vocab, candidates)
        asked = queries.sum_query(self, mean, None, topn)
        return queries.neighbors(self, [asked], among)[0][0]

    def most_similar_in(
        self, other: Vectors, words: Sequence[str], topn: int = 10
    ) -> list[Neighbors]:
        """The words of another file whose vectors are closest to those that words have here.

        Both have to be of one space: trained together, or aligned by `align_vectors`.

        Args:
            other: whose words answer; a word may be its own neighbor.
            words: of these vectors.
            topn: how many words each.

        Returns:
            Words of `other` with their cosines for each query, the most similar first.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: the vectors have different sizes, or `topn` is below 1.
        """
        return queries.most_similar_in(self, other, words, topn)

    def distances(
        self, word_or_vector: Item, other_words: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """`1 - cosine` of a word or vector with other words, or with every word. `(n,)`.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: the vector has the wrong shape.
        """
        return queries.distances(self, word_or_vector, other_words)

    def closer_than(self, word: str, other: str) -> list[str]:
        """The words that are closer to `word` than `other` is, in the order of rows.

        Raises:
            UnknownWordError: a word has no vector.
        """
        return queries.closer_than(self, word, other)

    def rank(self, word: str, other: str) -> int:
        """Which neighbor of `word` the `other` is: 1 for the nearest.

        Raises:
            UnknownWordError: a word has no vector.
        """
        return len(self.closer_than(word, other)) + 1

    def n_similarity(self, first: Sequence[str], second: Sequence[str]) -> float:
        """Cosine of the means of two lists of words, 0 if either mean is zero.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: a list is empty.
        """
        return queries.n_similarity(self, first, second)

    def wmdistance(self, first: Sequence[str], second: Sequence[str], norm: bool = True) -> float:
        """Word mover's distance of two documents; needs POT (`pip install 'textdl[transport]'`).

        Args:
            first: words; those without a vector are left out.
            second: the same.
            norm: compare unit vectors.

        Returns:
            The least mean way, of Euclidean length, that the words of one document have to go to
            become those of the other.

        Raises:
            ParameterError: no word of a document has a vector, or POT is not installed.

        References:
            Kusner et al. 2015, "From word embeddings to document distances".
        """
        return word_movers_distance(self, first, second, norm=norm)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word least similar to the mean of the unit vectors of all `words`.

        Raises:
            UnknownWordError: a word has no vector.
            ParameterError: fewer than three words, which cannot have an odd one out.
        """
        return queries.doesnt_match(self, words)
