"""Search: the documents nearest to a text, and the files and lines that they came from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.bow.bm25 import BM25Vectorizer
from textdl.bow.engine.matrix import normalize_rows
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.loading import load
from textdl.bow.persistence import FileSizes
from textdl.bow.vectorizer import Vectorizer
from textdl.errors import CorpusError, FileFormatError, ParameterError
from textdl.io.mapped_file import MappedFile
from textdl.parameters import check_topn
from textdl.text.corpus import read_documents
from textdl.text.files import DecodeErrors, find_files

_SCORES_PER_BLOCK = 1 << 22
_COLUMNS_PER_ENTRY = 16  # beyond it, what goes over all columns is slow
_DOCUMENTS_PER_REPORT = 1 << 10


class Ranking(NamedTuple):
    """The best documents for each query, best first."""

    rows: NDArray[np.int64]  # (Q, n) of the matrix of documents
    scores: NDArray[np.float64]  # (Q, n)


def nearest_documents(queries: Any, documents: Any, topn: int = 10) -> Ranking:
    """The documents of highest cosine with each query, ties in the order of documents.

    Args:
        queries: `(Q, terms)` sparse.
        documents: `(D, terms)` sparse, of the same columns.
        topn: at least 1; fewer come back if there are fewer documents.

    Returns:
        `topn` rows for each query, and their cosines.

    Raises:
        ParameterError: the columns differ, or `topn` is below 1.

    Example:
        >>> rows = sparse.csr_array([[1.0, 1, 0], [0, 1, 1], [2, 2, 0]])
        >>> nearest_documents(sparse.csr_array([[1, 1, 0]]), rows, topn=2).rows.tolist()
        [[0, 2]]
    """
    return top_by_inner_product(_normalized(queries), _normalized(documents), topn)


def top_by_inner_product(queries: Any, documents: Any, topn: int = 10) -> Ranking:
    """The documents of highest inner product with each query, as BM25 weights ask for.

    Args:
        queries: `(Q, terms)` sparse.
        documents: `(D, terms)` sparse, of the same columns.
        topn: at least 1; fewer come back if there are fewer documents.

    Returns:
        `topn` rows for each query, ties in the order of documents, and their products.

    Raises:
        ParameterError: the columns differ, or `topn` is below 1.

    Example:
        >>> rows = sparse.csr_array([[1.0, 1, 0], [0, 1, 1], [2, 2, 0]])
        >>> top_by_inner_product(sparse.csr_array([[1, 1, 0]]), rows, topn=2)
        Ranking(rows=array([[2, 0]]), scores=array([[4., 2.]]))
    """
    if queries.shape[1] != documents.shape[1]:
        raise ParameterError(
            f"the queries have {queries.shape[1]:,} columns, the documents {documents.shape[1]:,}; "
            "make both with one vectorizer"
        )
    topn = check_topn(topn)
    count = min(topn, documents.shape[0])
    size = queries.shape[0]
    queries, documents = _drop_unused_columns(sparse.csr_array(queries), documents)
    by_term = sparse.csr_array(sparse.csr_array(documents).T)
    found = Ranking(np.empty((size, count), np.int64), np.empty((size, count)))
    step = max(1, _SCORES_PER_BLOCK // max(1, documents.shape[0]))
    rows = sparse.csr_array(queries, dtype=np.float64)
    for begin in range(0, size, step):
        block = slice(begin, begin + step)
        scores = (rows[block] @ by_term).toarray()  # (q, D)
        found.rows[block], found.scores[block] = _best(scores, count)
    return found


def _drop_unused_columns(queries: Any, documents: Any) -> tuple[Any, Any]:
    """Both in the columns that have an entry, where most have none."""
    documents = sparse.csr_array(documents)
    if documents.shape[1] <= _COLUMNS_PER_ENTRY * (queries.nnz + documents.nnz):
        return queries, documents
    used, columns = np.unique(
        np.concatenate([queries.indices, documents.indices]), return_inverse=True
    )
    narrow = [
        sparse.csr_array((matrix.data, part, matrix.indptr), shape=(matrix.shape[0], len(used)))
        for matrix, part in zip((queries, documents), np.split(columns, [queries.nnz]), strict=True)
    ]
    return narrow[0], narrow[1]


def _normalized(matrix: Any) -> sparse.csr_array:
    rows = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    # scikit-learn does not scale what has no rows.
    return sparse.csr_array(normalize_rows(rows, "l2")) if rows.shape[0] else rows


def _best(scores: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], Any]:
    """The columns of the highest scores of each row, and the scores."""
    if count < scores.shape[1]:
        # Those that tie with the last one stay candidates: the first of them is to win.
        floor = -np.partition(-scores, count - 1, axis=1)[:, count - 1 : count]
        scores = np.where(scores >= floor, scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(scores, order, axis=1)


class Location(NamedTuple):
    """Where a document is."""

    file: str
    line: int  # from 1; of a Parquet file, the row


class DocumentLocations(NamedTuple):
    """Where the documents of files are."""

    names: tuple[str, ...]  # of the files, in order; none if they are not known
    ends: tuple[int, ...]  # documents of each file and all before it

    @classmethod
    def from_files(cls, files: FileSizes) -> DocumentLocations:
        """Locations in files, each with its number of documents.

        Example:
            >>> DocumentLocations.from_files((("a.txt", 2), ("b.txt", 3))).locate(2)
            Location(file='b.txt', line=1)
        """
        ends = tuple(accumulate(size for _, size in files))
        return cls(tuple(name for name, _ in files), ends)

    def locate(self, document: int) -> Location | None:
        """Where a document is, by its number from 0; None if that is not known."""
        if not self.names:
            return None
        file = int(np.searchsorted(self.ends, document, side="right"))
        begin = self.ends[file - 1] if file else 0
        return Location(self.names[file], document - begin + 1)


class LineDocuments:
    r"""The documents of files, one per line, to be iterated over once; keeps count of them.

    Args:
        corpora: files, folders, globs, or ``-`` for standard input.
        errors: what to do with bytes that are not UTF-8, as `read_corpus` does.
        report: called at times with the number of documents read so far.

    Raises:
        CorpusReadError: there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.txt").write_text("a cat\na dog")
        ...     documents = LineDocuments([folder])
        ...     texts = list(documents)
        >>> texts, [size for _, size in documents.files]
        (['a cat', 'a dog'], [2])
    """

    def __init__(
        self,
        corpora: Sequence[str | os.PathLike[str]],
        errors: DecodeErrors = "strict",
        report: Callable[[int], object] | None = None,
    ) -> None:
        self._paths = [path for corpus in corpora for path in find_files(corpus)]
        self._errors = errors
        self._report = report
        self.files: list[tuple[str, int]] = []  # that were read, with their documents

    def __iter__(self) -> Iterator[str]:
        """Read the documents.

        Raises:
            CorpusError: there is none.
            CorpusReadError: a file cannot be read.
        """
        self.files = []
        for path in self._paths:
            before = sum(size for _, size in self.files)
            size = 0
            for size, document in enumerate(read_documents([path], errors=self._errors), 1):
                yield document
                if self._report is not None and size % _DOCUMENTS_PER_REPORT == 0:
                    self._report(before + size)
            self.files.append((_as_text(path), size))
        if not any(size for _, size in self.files):
            names = ", ".join(name for name, _ in self.files[:5])
            raise CorpusError(f"no document in {names}; expected at least one line of text")


def _as_text(path: Path) -> str:
    """The path as text that every file can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class Match(NamedTuple):
    """A document that was found."""

    document: int  # row of the matrix
    score: float  # cosine, or BM25's sum
    terms: tuple[str, ...]  # that it shares with the query, those that count most first
    location: Location | None = None  # where it came from, if that is known


class Index(NamedTuple):
    """A vectorizer, the matrix it made of documents, and the files that these came from."""

    vectorizer: Vectorizer
    matrix: sparse.csr_array  # (documents, columns)
    files: FileSizes = ()
    source: MappedFile | None = None  # where the matrix is read from when it is touched

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Index:
        """Read what ``textdl bow fit``, or `Vectorizer.save` with a matrix, wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds no matrix.
        """
        vectorizer, matrix, files, source = load(path)
        if matrix is None:
            raise FileFormatError(
                f"{str(path)!r} holds a {type(vectorizer).__name__} without a matrix; save it with "
                "one: save(path, matrix), or textdl bow fit"
            )
        return cls(vectorizer, matrix, files, source)

    @property
    def scores_by_cosine(self) -> bool:
        """Whether scores are cosines, or BM25's sums."""
        return not isinstance(self.vectorizer, BM25Vectorizer)

    def search(self, texts: Sequence[str], topn: int = 10, terms: int = 5) -> list[list[Match]]:
        """The documents of highest score for each text, best first, ties in their order.

        Those that share no term with a text are left out.

        Args:
            texts: the queries.
            topn: documents per query, at most.
            terms: shared terms per document, at most.

        Returns:
            One list of matches per query.

        Raises:
            ParameterError: `topn` is below 1, or `texts` is not a list of texts.
            FileFormatError: the file was cut short since it was opened.

        Example:
            >>> from textdl import TfidfVectorizer
            >>> tfidf = TfidfVectorizer()
            >>> index = Index(tfidf, tfidf.fit_transform(["the cat sat", "a dog", "the dog sat"]))
            >>> [(match.document, match.terms) for match in index.search(["the cat"])[0]]
            [(0, ('cat', 'the')), (2, ('the',))]
        """
        if self.source is not None:
            self.source.require_whole()
        if isinstance(self.vectorizer, BM25Vectorizer):
            queries = sparse.csr_array(self.vectorizer.transform_queries(texts))
            found = top_by_inner_product(queries, self.matrix, topn)
        else:
            queries = sparse.csr_array(self.vectorizer.transform(texts))
            found = nearest_documents(queries, self.matrix, topn)
        names_for = _column_names(self.vectorizer)
        locations = DocumentLocations.from_files(self.files)
        return [
            [
                self._match(row, score, queries[[number]], names_for(text), terms)._replace(
                    location=locations.locate(row)
                )
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
        return Match(row, score, words)


def _column_names(vectorizer: Any) -> Callable[[str], Any]:
    """The names of columns, given a query: of hashed terms, only its own are known."""
    if isinstance(vectorizer, HashingVectorizer):
        analyze = vectorizer.build_analyzer()
        return lambda text: {vectorizer.column_of(term): term for term in analyze(text)}
    names = vectorizer.get_feature_names_out()
    return lambda _: names
