"""Opening the file of a vectorizer of whatever class, with the matrix that was saved beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scipy import sparse

from textdl.bow.bm25 import BM25Vectorizer
from textdl.bow.count import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.persistence import FileSizes, decode_matrix, encode_parameters
from textdl.bow.tfidf import TfidfVectorizer
from textdl.bow.vectorizer import Vectorizer
from textdl.bow.vocabulary_vectorizer import VocabularyVectorizer
from textdl.io.archive import Archive, open_archive
from textdl.io.mapped_file import MappedFile

VECTORIZERS: Mapping[str, type[Vectorizer]] = {  # by the kind of their archives
    "CountVectorizer": CountVectorizer,
    "TfidfVectorizer": TfidfVectorizer,
    "BM25Vectorizer": BM25Vectorizer,
    "HashingVectorizer": HashingVectorizer,
}


class SavedVectorizer(NamedTuple):
    """What a file holds."""

    vectorizer: Vectorizer
    matrix: sparse.csr_array | None  # (documents, columns)
    files: FileSizes = ()  # of the documents; none if they are not known
    source: MappedFile | None = None  # where the matrix is read from when it is touched


def load(path: str | os.PathLike[str]) -> SavedVectorizer:
    """Read what `Vectorizer.save` wrote.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.

    Example:
        >>> import tempfile
        >>> vectorizer = TfidfVectorizer()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "bow.safetensors")
        ...     vectorizer.save(path, vectorizer.fit_transform(["the cat", "the dog"]))
        ...     saved = load(path)
        >>> type(saved.vectorizer).__name__, saved.matrix.shape
        ('TfidfVectorizer', (2, 3))
    """
    archive = open_archive(Path(path), expected="a vectorizer")
    vectorizer = vectorizer_from_archive(archive)
    matrix, files = decode_matrix(archive, vectorizer._width) or (None, ())
    source = MappedFile(archive.path, archive.file.mapped)
    return SavedVectorizer(vectorizer, matrix, files, source)


def vectorizer_from_archive(archive: Archive) -> Vectorizer:
    """The vectorizer that an archive, or a part of one, holds.

    Raises:
        FileFormatError: it holds something else, or its values do not fit together.
    """
    archive.require(*(kind._KIND for kind in VECTORIZERS.values()))
    return VECTORIZERS[archive.kind]._from_archive(archive)


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file holds, as JSON values: its kind, sizes, dropped tokens, files and parameters.

    Raises:
        FileFormatError: as `load` does.
    """
    vectorizer, matrix, files, _ = load(path)
    facts: dict[str, Any] = {"kind": type(vectorizer).__name__}
    if isinstance(vectorizer, VocabularyVectorizer):
        facts |= {
            "terms": vectorizer._width,
            "learned_from": vectorizer.n_documents_,
            "dropped": vectorizer.dropped_._asdict(),
        }
    else:
        facts["columns"] = vectorizer._width
    if matrix is not None:
        facts |= {"documents": matrix.shape[0], "entries": matrix.nnz}
    if files:
        facts["files"] = [name for name, _ in files]
    return facts | {"config": encode_parameters(vectorizer)}
