"""A saved matrix that is asked for the documents nearest to a text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from scipy import sparse

from textdl.bow.bm25 import BM25Vectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.saved import load
from textdl.bow.similarity import best_documents, nearest_documents
from textdl.bow.sources import Place, Sources
from textdl.bow.vectorizer import Vectorizer
from textdl.errors import FileFormatError


class Match(NamedTuple):
    """A document that was found."""

    document: int  # row of the matrix
    score: float  # cosine, or BM25's sum
    terms: tuple[str, ...]  # that it shares with the query, those that count most first
    place: Place | None  # where it came from, if that is known


class Index(NamedTuple):
    """A vectorizer, the matrix it made of documents, and where these came from."""

    vectorizer: Vectorizer
    matrix: sparse.csr_array  # (documents, columns)
    sources: Sources = Sources()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Index:
        """Read what ``textdl bow fit``, or `Vectorizer.save` with a matrix, wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds no matrix.
        """
        vectorizer, matrix, sources = load(path)
        if matrix is None:
            raise FileFormatError(
                f"{str(path)!r} holds a {type(vectorizer).__name__} without a matrix; save it with "
                "one: save(path, matrix), or textdl bow fit"
            )
        return cls(vectorizer, matrix, sources)

    @property
    def scores_by_cosine(self) -> bool:
        """Whether scores are cosines, or BM25's sums."""
        return not isinstance(self.vectorizer, BM25Vectorizer)

    def search(self, texts: Sequence[str], topn: int = 10, terms: int = 5) -> list[list[Match]]:
        """The documents of highest score for each text, best first, ties in their order.

        Those that share no term with a text are left out.

        Args:
            texts: the queries.
            topn: documents a query, at most.
            terms: shared terms a document, at most.

        Raises:
            ParameterError: `topn` is below 1, or `texts` is no list of texts.

        Example:
            >>> from textdl import TfidfVectorizer
            >>> tfidf = TfidfVectorizer()
            >>> index = Index(tfidf, tfidf.fit_transform(["the cat sat", "a dog", "the dog sat"]))
            >>> [(match.document, match.terms) for match in index.search(["the cat"])[0]]
            [(0, ('cat', 'the')), (2, ('the',))]
        """
        if isinstance(self.vectorizer, BM25Vectorizer):
            queries = sparse.csr_array(self.vectorizer.transform_queries(texts))
            found = best_documents(queries, self.matrix, topn)
        else:
            queries = sparse.csr_array(self.vectorizer.transform(texts))
            found = nearest_documents(queries, self.matrix, topn)
        names = _naming(self.vectorizer)
        return [
            [
                self._match(row, score, queries[[number]], names(text), terms)
                for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
                if score > 0
            ]
            for number, (text, rows, scores) in enumerate(zip(texts, *found, strict=True))
        ]

    def _match(
        self, row: int, score: float, query: Any, names: Mapping[int, str], terms: int
    ) -> Match:
        shared = sparse.coo_array(sparse.csr_array(self.matrix[[row]]).multiply(query))
        parts = sorted(zip((-shared.data).tolist(), shared.col.tolist(), strict=True))[:terms]
        words = tuple(str(names[column]) for part, column in parts if part < 0)
        return Match(row, score, words, self.sources.place(row))


def _naming(vectorizer: Any) -> Callable[[str], Any]:
    """The names of columns, given a query: of hashed terms, only its own are known."""
    if isinstance(vectorizer, HashingVectorizer):
        analyze = vectorizer.build_analyzer()
        return lambda text: {vectorizer.column_of(term): term for term in analyze(text)}
    names = vectorizer.get_feature_names_out()
    return lambda _: names
