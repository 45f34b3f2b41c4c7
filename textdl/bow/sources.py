"""Which file, and which line of it, a document came from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from textdl.errors import CorpusError
from textdl.text.corpus import DecodeErrors, find_files, read_documents


class Place(NamedTuple):
    """Where a document is."""

    file: str
    line: int  # from 1; of a Parquet file, the row


class Sources(NamedTuple):
    """The files that documents came from, in order."""

    names: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()  # documents of each file and all before it

    @classmethod
    def from_files(cls, files: Iterable[tuple[str, int]]) -> Sources:
        """Sources of files, each with its number of documents.

        Raises:
            TypeError, ValueError: they are not of that form.

        Example:
            >>> Sources.from_files([("a.txt", 2), ("b.txt", 3)]).place(2)
            Place(file='b.txt', line=1)
        """
        pairs = [(name, size) for name, size in files]
        for name, size in pairs:
            if not isinstance(name, str) or type(size) is not int or size < 0:
                raise ValueError(f"{name!r} has {size!r} documents")
        return cls(tuple(name for name, _ in pairs), tuple(accumulate(size for _, size in pairs)))

    def place(self, document: int) -> Place | None:
        """Where a document is, by its number from 0; None if that is not known."""
        if not self.names:
            return None
        file = int(np.searchsorted(self.ends, document, side="right"))
        begin = self.ends[file - 1] if file else 0
        return Place(self.names[file], document - begin + 1)


class Files:
    r"""The documents of files, one a line, to be iterated over once; keeps count of them.

    Args:
        corpora: files, folders, globs, or ``-`` for standard input.
        errors: what to do with bytes that are not UTF-8, as `read_corpus` does.

    Raises:
        CorpusReadError: there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.txt").write_text("a cat\na dog")
        ...     files = Files([folder])
        ...     documents = list(files)
        >>> documents, [size for _, size in files.counted]
        (['a cat', 'a dog'], [2])
    """

    def __init__(
        self, corpora: Sequence[str | os.PathLike[str]], errors: DecodeErrors = "strict"
    ) -> None:
        self._paths = [path for corpus in corpora for path in find_files(corpus)]
        self._errors = errors
        self.counted: list[tuple[str, int]] = []  # the files that were read, with their documents

    def __iter__(self) -> Iterator[str]:
        """Read the documents.

        Raises:
            CorpusError: there is none.
            CorpusReadError: a file cannot be read.
        """
        self.counted = []
        for path in self._paths:
            size = 0
            for document in read_documents([path], errors=self._errors):
                size += 1
                yield document
            self.counted.append((_name(path), size))
        if not any(size for _, size in self.counted):
            names = ", ".join(name for name, _ in self.counted[:5])
            raise CorpusError(f"no document in {names}; expected at least one line of text")


def _name(path: Path) -> str:
    """The path as text that every file can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
