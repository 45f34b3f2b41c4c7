"""Reading a vectorizer of whatever class, with the matrix that was saved beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scipy import sparse

from textdl.bow import storage
from textdl.bow.bm25 import BM25Vectorizer
from textdl.bow.counts import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.learner import Learner
from textdl.bow.parameters import saved_parameters
from textdl.bow.sources import Sources
from textdl.bow.tfidf import TfidfVectorizer
from textdl.bow.vectorizer import Vectorizer
from textdl.errors import FileFormatError
from textdl.io.safetensors import damaged

CLASSES: Mapping[str, type[Vectorizer]] = {
    kind.__name__: kind
    for kind in (CountVectorizer, TfidfVectorizer, BM25Vectorizer, HashingVectorizer)
}


class Saved(NamedTuple):
    """What a file holds."""

    vectorizer: Vectorizer
    matrix: sparse.csr_array | None  # (documents, columns)
    sources: Sources = Sources()  # of the documents; none if they are not known


def load(path: str | os.PathLike[str]) -> Saved:
    """Read what `Vectorizer.save` wrote.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    content = storage.read(Path(path))
    vectorizer = make_vectorizer(content)
    if content.matrix is not None and content.matrix.shape[1] != vectorizer._width:
        widths = f"{content.matrix.shape[1]:,} columns, its vectorizer {vectorizer._width:,}"
        raise damaged(content.path, f"its matrix has {widths}")
    return Saved(vectorizer, content.matrix, _sources(content))


def make_vectorizer(content: storage.Content) -> Vectorizer:
    """The vectorizer of the class that the content names.

    Raises:
        FileFormatError: the class is unknown, or its parts do not fit together.
    """
    kind = CLASSES.get(str(content.metadata["class"]))
    if kind is None:
        raise FileFormatError(
            f"{str(content.path)!r} holds a {content.metadata['class']}, this textdl reads "
            f"{', '.join(CLASSES)}; upgrade textdl"
        )
    return kind._from(content)


def _sources(content: storage.Content) -> Sources:
    try:
        sources = Sources.from_files(content.metadata.get("files", ()))
    except (TypeError, ValueError) as error:
        raise damaged(content.path, f"its list of files does not fit ({error})") from error
    rows = None if content.matrix is None else content.matrix.shape[0]
    if sources.names and rows is not None and int(sources.ends[-1]) != rows:
        raise damaged(content.path, f"its files have {sources.ends[-1]:,} documents, not {rows:,}")
    return sources


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file holds, as JSON values: its kind, sizes, dropped tokens, files and parameters.

    Raises:
        FileFormatError: as `load` does.
    """
    vectorizer, matrix, sources = load(path)
    learner = vectorizer if isinstance(vectorizer, Learner) else None
    facts: dict[str, Any] = {
        "kind": type(vectorizer).__name__,
        "terms" if learner else "columns": vectorizer._width,
    }
    if learner:
        facts |= {"learnt_from": learner.n_documents_, "dropped": learner.dropped_._asdict()}
    if matrix is not None:
        facts |= {"documents": matrix.shape[0], "entries": matrix.nnz}
    if sources.names:
        facts["files"] = list(sources.names)
    return facts | {"config": saved_parameters(vectorizer)}
