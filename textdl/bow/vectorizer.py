"""What all vectorizers share: scikit-learn's methods, and files."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator, TransformerMixin

from textdl.bow import persistence
from textdl.bow.engine.analysis import TextAnalysis, term_function
from textdl.bow.engine.counting import CorpusCounts, count_corpus, make_counter
from textdl.bow.engine.documents import DocumentReader, make_reader
from textdl.bow.parameters import MatrixParameters
from textdl.errors import ParameterError
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind, open_archive, write_archive
from textdl.parallel import count_jobs

CHARACTERS_PER_PART = 1 << 27  # of a transform; what was interned for them is then forgotten


@dataclass(kw_only=True, eq=False, repr=False)
class Vectorizer(
    MatrixParameters,
    TextAnalysis,
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    ABC,
):
    """Documents in, a sparse matrix out; the base of the vectorizers.

    Documents may also be a `Path` (a file, glob or folder, compressed or not) or an iterable of
    `Path`: then each line is one.
    """

    _KIND: ClassVar[ArchiveKind]  # of its file

    def __init_subclass__(cls, **options: Any) -> None:
        # No `set_output`, as in scikit-learn: a frame of a sparse matrix would be dense.
        super().__init_subclass__(auto_wrap_output_keys=None, **options)

    def decode(self, doc: Any) -> Any:
        """The text of a document: read and decoded, as `input`, `encoding`, `decode_error` say."""
        return make_reader(self).decode(doc)

    def build_analyzer(self) -> Callable[[Any], list[Any]]:
        """The function that makes the terms of a document, all steps in one."""
        return _Analyzer(make_reader(self), term_function(self))

    def save(
        self,
        path: str | os.PathLike[str],
        matrix: Any = None,
        files: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Write parameters, what was learned, and perhaps a matrix to one file.

        Equal content gives equal bytes, whether it was learned in one go, in parts or merged.

        Args:
            path: of the file.
            matrix: `(documents, columns)` sparse, to be kept beside the vectorizer.
            files: where the documents of the matrix come from: names of files in order, each with
                its number of documents.

        Raises:
            NotFittedError: nothing was learned.
            OutputError: the file cannot be written.
            ParameterError: a parameter is a function, `input` is not ``content`` (a file must not
                decide that texts are opened as files), the matrix does not fit, or there are files
                but no matrix.
        """
        content = self._to_archive()
        files = tuple(files)
        if matrix is not None:
            part = persistence.encode_matrix(matrix, self._width, files)
            content = content._replace(parts={persistence.MATRIX: part})
        elif files:
            raise ParameterError("files without a matrix; pass the matrix of their documents, too")
        write_archive(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing, damaged, or holds something else.
        """
        archive = open_archive(Path(path), expected="a vectorizer")
        vectorizer = cls._from_archive(archive)
        persistence.decode_matrix(archive, vectorizer._width)  # a file is whole, or it is refused
        return vectorizer

    def _to_archive(self) -> ArchiveContent:
        return ArchiveContent(self._KIND, parameters=persistence.encode_parameters(self))

    @classmethod
    def _from_archive(cls, archive: Archive) -> Self:
        archive.require(cls._KIND)
        with archive.decoding():
            vectorizer = cls(**persistence.decode_parameters(archive.parameters))
            vectorizer._check_parameters()
            vectorizer._restore(archive)
        return vectorizer

    def _restore(self, archive: Archive) -> None:
        """Take what was learned from an archive of its kind.

        Raises:
            TypeError, ValueError: its values do not fit together.
        """

    @property
    @abstractmethod
    def _width(self) -> int:
        """Columns of its matrices."""

    def _count_parts(self, documents: Any) -> Iterator[CorpusCounts]:
        """Count documents a part at a time, so that new terms do not pile up."""
        size = make_counter(self).size
        chunks = make_reader(self).chunks(documents, size)
        while part := list(islice(chunks, max(1, CHARACTERS_PER_PART // size))):
            yield count_corpus(
                make_counter(self), part, count_jobs(self.n_jobs), keep_documents=True
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class _Analyzer:
    """A class, not a closure, so that it can be pickled."""

    def __init__(self, reader: DocumentReader, cut: Callable[[Any], list[Any]]) -> None:
        self._reader = reader
        self._cut = cut

    def __call__(self, document: Any) -> list[Any]:
        return self._cut(self._reader.decode(document))
