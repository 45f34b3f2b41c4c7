"""Documents in, chunks of texts out: scikit-learn's kinds of input, and corpora of files."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from reprlib import repr as short
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from textdl.errors import CorpusError, CorpusReadError, ParameterError
from textdl.text.corpus import read_documents

Kind: TypeAlias = Literal["content", "filename", "file"]


class UndecodableError(CorpusError, UnicodeDecodeError):
    """The bytes of a document are not what the encoding says."""

    def __init__(self, message: str, cause: UnicodeDecodeError) -> None:
        start, end = cause.start, cause.end
        UnicodeDecodeError.__init__(self, cause.encoding, cause.object, start, end, cause.reason)
        self.args = (message,)


class Source(NamedTuple):
    """How documents are read.

    Args:
        input: ``content``: items are texts or bytes; ``filename``: names of files; ``file``:
            objects with a method `read`.
        encoding: of bytes.
        decode_error: ``strict``, ``ignore`` or ``replace``, for bytes that do not fit.
        only_text: refuse what is no text; None lets a function of the user have anything.
    """

    input: Kind = "content"
    encoding: str = "utf-8"
    decode_error: Literal["strict", "ignore", "replace"] = "strict"
    only_text: bool = True

    def chunks(self, documents: Any, size: int) -> Iterator[list[Any]]:
        """Read documents in runs of about `size` characters.

        Args:
            documents: an iterable of documents; or a `Path` (a file, glob or folder) or an iterable
                of `Path`, whose lines are the documents.
            size: characters.

        Raises:
            CorpusError: a document is no text, or its bytes are not of the encoding.
            CorpusReadError: a file cannot be read.
            ParameterError: `documents` is a string or not iterable.
        """
        chunk: list[Any] = []
        room = size
        for document in self._texts(documents):
            chunk.append(document)
            room -= len(document) + 1 if isinstance(document, str) else 1 << 10
            if room <= 0:
                yield chunk
                chunk, room = [], size
        if chunk:
            yield chunk

    def check(self, documents: Any) -> None:
        """Refuse what cannot be documents.

        Raises:
            ParameterError: `documents` is a string or not iterable.
        """
        if isinstance(documents, str | bytes | bytearray):
            raise ParameterError(
                f"iterable over raw text documents expected, string object received: "
                f"{short(documents)}; pass a list of texts, or a Path"
            )
        if not isinstance(documents, Iterable | os.PathLike):
            raise ParameterError(
                f"the documents are {short(documents)} ({type(documents).__name__}); pass a list "
                "of texts, or a Path"
            )

    def _texts(self, documents: Any) -> Iterator[Any]:
        self.check(documents)
        if isinstance(documents, os.PathLike):
            return self._lines(documents)
        items = iter(documents)
        first = next(items, None)
        items = items if first is None else chain([first], items)
        if isinstance(first, os.PathLike) and self.input == "content":
            return self._lines(items)
        return (self.decode(item, row) for row, item in enumerate(items))

    def decode(self, document: Any, row: int = 0) -> Any:
        """The text of a document; `row` says which it is if it has none.

        Raises:
            CorpusError, CorpusReadError: as `chunks` does.
        """
        if self.input == "filename":
            document = _read(document)
        elif self.input == "file":
            document = document.read()
        if isinstance(document, bytes):
            return self._decode(document, row)
        if document is np.nan or (self.only_text and not isinstance(document, str)):
            raise CorpusError(
                f"document {row:,} is {short(document)} ({type(document).__name__}); expected a "
                "text or bytes: drop or replace it (np.nan and None are invalid documents)"
            )
        return document

    def _decode(self, document: bytes, row: int) -> str:
        try:
            return document.decode(self.encoding, self.decode_error)
        except UnicodeDecodeError as error:
            raise UndecodableError(
                f"document {row:,} is not {self.encoding}: byte 0x{document[error.start]:02x} at "
                f"position {error.start:,}; convert it, or pass another encoding, or "
                "decode_error='replace'",
                error,
            ) from None
        except UnicodeError as error:  # of codecs that do not say where
            raise CorpusError(
                f"document {row:,} is not {self.encoding} ({error}); convert it, or pass another "
                "encoding"
            ) from None
        except LookupError:
            raise ParameterError(
                f"encoding={self.encoding!r} is unknown; expected one such as 'utf-8'"
            ) from None

    def _lines(self, corpus: Any) -> Iterator[str]:
        """The lines of files."""
        if codecs.lookup(self.encoding).name != "utf-8":
            raise ParameterError(
                f"encoding={self.encoding!r} does not apply to files of a corpus, which are UTF-8; "
                "convert them, or read them with input='filename'"
            )
        return read_documents(corpus, errors=self.decode_error)


def _read(name: Any) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CorpusReadError(
            f"cannot read the document {str(name)!r} ({error.strerror}); expected a readable file"
        ) from error
