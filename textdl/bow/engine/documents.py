"""How documents are read: texts, bytes, files by name or open, corpora of files; chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np

from textdl.bow.engine.analysis import TextAnalysis
from textdl.errors import CorpusError, CorpusReadError, ParameterError
from textdl.parameters import text_encoding
from textdl.text.corpus import read_documents
from textdl.text.files import UTF_8

NON_TEXT_SIZE = 1 << 10  # characters that a document counts for which is not text


class UndecodableError(CorpusError, UnicodeDecodeError):
    """The bytes of a document are not what the encoding says."""

    def __init__(self, message: str, cause: UnicodeDecodeError) -> None:
        UnicodeDecodeError.__init__(
            self, cause.encoding, cause.object, cause.start, cause.end, cause.reason
        )
        self.args = (message,)


class MissingDocumentError(CorpusReadError, FileNotFoundError):
    """The file that a document is to be read from is missing."""


class DocumentReader(NamedTuple):
    """How documents are read: scikit-learn's kinds of input, and corpora of files.

    Args:
        input: ``content``: items are texts or bytes; ``filename``: names of files; ``file``:
            objects with a method `read`.
        encoding: of bytes.
        decode_error: ``strict``, ``ignore`` or ``replace``, for bytes that do not fit.
        only_text: refuse what is not text; otherwise a function of the user takes anything.
    """

    input: str = "content"
    encoding: str = "utf-8"
    decode_error: str = "strict"
    only_text: bool = True

    def chunks(self, documents: Any, size: int) -> Iterator[list[Any]]:
        """Read documents in runs of about `size` characters.

        Args:
            documents: an iterable of documents; or a `Path` (a file, glob or folder) or an iterable
                of `Path`, whose lines are the documents.
            size: characters.

        Raises:
            CorpusError: a document is not text, or its bytes are not of the encoding.
            CorpusReadError: a file cannot be read.
            ParameterError: `documents` is a string or not iterable.
        """
        if self.input == "content" and _is_list_of_texts(documents):
            yield from _slices(documents, size)
            return
        chunk: list[Any] = []
        room = size
        for document in self._texts(documents):
            chunk.append(document)
            room -= len(document) + 1 if isinstance(document, str) else NON_TEXT_SIZE
            if room <= 0:
                yield chunk
                chunk = []
                room = size
        if chunk:
            yield chunk

    def check(self, documents: Any) -> None:
        """Refuse what cannot be documents.

        Raises:
            ParameterError: `documents` is a string or not iterable.
        """
        if isinstance(documents, str | bytes | bytearray):
            raise ParameterError(
                f"Iterable over raw text documents expected, string object received. "
                f"{short(documents)}; pass a list of texts, or a Path"
            )
        if not isinstance(documents, Iterable | os.PathLike):
            raise ParameterError(
                f"the documents are {short(documents)} ({type(documents).__name__}); pass a list "
                "of texts, or a Path"
            )

    def decode(self, document: Any, row: int = 0) -> Any:
        """The text of a document; `row` says which it is if it has none.

        Raises:
            CorpusError, CorpusReadError: as `chunks` does.
        """
        if self.input == "filename":
            document = _read_file(document)
        elif self.input == "file":
            document = document.read()
        if isinstance(document, bytes):
            return self._decode_bytes(document, row)
        if document is np.nan or (self.only_text and not isinstance(document, str)):
            what = "np.nan" if document is np.nan else f"{short(document)}"
            raise CorpusError(
                f"{what} is an invalid document, expected byte or unicode string. Drop or replace "
                f"document {row:,} of type {type(document).__name__}"
            )
        return document

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

    def _lines(self, corpus: Any) -> Iterator[str]:
        """The lines of files."""
        if text_encoding(self.encoding) != UTF_8:
            raise ParameterError(
                f"encoding={self.encoding!r} does not apply to files of a corpus, which are UTF-8; "
                "convert them, or read them with input='filename'"
            )
        return read_documents(corpus, errors=self.decode_error)  # type: ignore[arg-type]

    def _decode_bytes(self, document: bytes, row: int) -> str:
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
            text_encoding(self.encoding)  # says what is wrong with it
            raise


def _is_list_of_texts(documents: Any) -> bool:
    """Whether nothing but texts can come, so that there is nothing to decode."""
    return isinstance(documents, list | tuple) and set(map(type, documents)) == {str}


def _slices(documents: Sequence[str], size: int) -> Iterator[list[str]]:
    """Runs of about `size` characters, as `DocumentReader.chunks` makes them."""
    ends = np.cumsum(np.fromiter(map(len, documents), np.int64, len(documents)) + 1)
    begin = 0
    passed = 0  # characters before `begin`
    while begin < len(documents):
        end = int(np.searchsorted(ends, passed + size)) + 1
        yield list(documents[begin:end])
        begin = end
        passed = int(ends[min(end, len(documents)) - 1])


def make_reader(analysis: TextAnalysis) -> DocumentReader:
    """The reader of what the parameters say documents are."""
    takes_any = callable(analysis.analyzer) or analysis.preprocessor is not None
    return DocumentReader(
        analysis.input, analysis.encoding, analysis.decode_error, only_text=not takes_any
    )


def _read_file(name: Any) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        kind = MissingDocumentError if isinstance(error, FileNotFoundError) else CorpusReadError
        raise kind(
            f"cannot read the document {str(name)!r} ({error.strerror}); expected a readable file"
        ) from error
