"""Reading a vectorizer of whatever class, with the matrix that was saved beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from scipy import sparse

from textdl.bow import storage
from textdl.bow.counts import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfVectorizer
from textdl.bow.vectorizer import Vectorizer
from textdl.errors import FileFormatError

CLASSES: Mapping[str, type[Vectorizer]] = {
    kind.__name__: kind for kind in (CountVectorizer, TfidfVectorizer, HashingVectorizer)
}


class Saved(NamedTuple):
    """What a file holds."""

    vectorizer: Vectorizer
    matrix: sparse.csr_array | None  # (documents, columns)


def load(path: str | os.PathLike[str]) -> Saved:
    """Read what `Vectorizer.save` wrote.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    content = storage.read(Path(path))
    kind = CLASSES.get(content.metadata["class"])
    if kind is None:
        raise FileFormatError(
            f"{str(path)!r} holds a {content.metadata['class']}, this textdl reads "
            f"{', '.join(CLASSES)}; upgrade textdl"
        )
    return Saved(kind._from(content), content.matrix)
