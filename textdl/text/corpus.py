"""What a corpus is: files, folders, globs, standard input, or anything that can be iterated.

A corpus is read once, from front to back, in chunks of about a megabyte, so that one-shot
generators and pipes work and memory does not grow with the input. A line of a file is a document.
Of a table (`.csv .tsv .jsonl .ndjson .parquet`), the rows of one column are the documents: that of
the name ``text``, or another, as in ``reviews.csv::body``.

Memory is bounded whatever the input: a chunk has about `CHUNK_BYTES` bytes and at most as many
documents, empty ones among them (see `files` and `records` for what files may hold).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from reprlib import repr as short
from typing import Any, TypeAlias

from textdl.errors import CorpusError, ParameterError
from textdl.parameters import text_encoding
from textdl.text.files import (
    CHUNK_BYTES,
    UTF_8,
    Chunk,
    DecodeErrors,
    find_files,
    is_table,
    join_chunks,
    read_lines,
)
from textdl.text.records import read_column

Document: TypeAlias = str | Sequence[str]
Corpus: TypeAlias = (
    str | os.PathLike[str] | Iterable[os.PathLike[str]] | Iterable[str] | Iterable[Sequence[str]]
)

CHUNK_TOKENS = 1 << 17  # of documents that come as tokens
WHITE_SPACE = re.compile(r"\s")


def read_corpus(
    corpus: Corpus, *, errors: DecodeErrors = "strict", encoding: str = UTF_8
) -> Iterator[Chunk]:
    """Read a corpus once, as chunks of documents.

    Args:
        corpus: a `str` or `Path` is a file, a glob, a folder or ``-`` (standard input); an iterable
            of `Path` is files; of `str`, documents; of lists of `str`, tokenized documents, which
            are taken as they are. Files in ``.gz .bz2 .xz .zst`` are decompressed; of tables
            (``.csv .tsv .jsonl .ndjson .parquet``) a column is read.
        errors: what to do with bytes that are not of the encoding: ``strict`` stops, ``replace``
            puts U+FFFD in their place, ``ignore`` drops them. A missing value of a table stops, or
            is empty text.
        encoding: of files, a name that Python knows; Parquet has its own.

    Returns:
        Chunks of about `CHUNK_BYTES` bytes, read as they are asked for.

    Raises:
        CorpusError: an iterable has no items.
        CorpusReadError: a file is missing, damaged, binary or not of this encoding.
        ParameterError: the corpus or one of its items is of no known kind.

    Example:
        >>> [chunk.documents for chunk in read_corpus(["a cat", "a dog"])]
        [['a cat', 'a dog']]
    """
    if errors not in ("strict", "replace", "ignore"):
        raise ParameterError(f"errors={errors!r} is unknown; expected strict, replace or ignore")
    text_encoding(encoding)  # refuses what is not the name of one
    if isinstance(corpus, str | os.PathLike):
        return _read_files(find_files(corpus), errors, encoding)
    if isinstance(corpus, bytes | bytearray) or not isinstance(corpus, Iterable):
        raise ParameterError(
            f"a corpus cannot be {short(corpus)} ({type(corpus).__name__}); pass a path, or a list "
            "of texts, token lists or paths"
        )
    items = iter(corpus)
    for first in items:
        alike = _require_same_kind(chain([first], items))
        if isinstance(first, os.PathLike):
            return _read_files(map(Path, alike), errors, encoding)
        return _batch(alike)
    raise CorpusError("the corpus is empty; expected at least one document")


def read_documents(
    corpus: Corpus, *, errors: DecodeErrors = "strict", encoding: str = UTF_8
) -> Iterator[str]:
    """Read a corpus as whole texts: one that was cut into several chunks is put together again.

    Args:
        corpus: as in `read_corpus`.
        errors: what to do with bytes that are not of the encoding.
        encoding: of files.

    Yields:
        The documents, in order.

    Raises:
        CorpusError: a document has more than `LONGEST_DOCUMENT` characters; or as in `read_corpus`.

    Example:
        >>> list(read_documents(["a cat", "a dog"]))
        ['a cat', 'a dog']
    """
    yield from join_chunks(read_corpus(corpus, errors=errors, encoding=encoding))


def _require_same_kind(items: Iterable[object]) -> Iterator[Any]:
    """Pass items on as long as they are of the kind of the first."""
    expected = None
    for position, item in enumerate(items):
        kind = _kind(item)
        expected = expected or kind
        if kind is None or kind != expected:
            raise ParameterError(
                f"item {position} of the corpus is {short(item)} ({type(item).__name__}); expected "
                f"{expected or 'a text, a list of tokens or a path'}"
                f"{', like item 0' if position else ''}"
            )
        yield item


def _kind(item: object) -> str | None:
    if isinstance(item, str):
        return "a text"
    if isinstance(item, os.PathLike):
        return "a path"
    if isinstance(item, Sequence) and not isinstance(item, bytes | bytearray | memoryview | range):
        return "a list of tokens"
    return None


def _batch(items: Iterable[Document]) -> Iterator[Chunk]:
    """Group documents that are already in memory into chunks."""
    documents: list[Document] = []
    room = 1.0
    for item in items:
        for piece, continues in _pieces(item):
            documents.append(piece)
            room -= (len(piece) + 1) / _limit(item)  # an empty one takes room, too
            if continues or room <= 0:
                yield Chunk(documents, continues)
                documents = []
                room = 1.0
    if documents:
        yield Chunk(documents)


def _pieces(document: Document) -> Iterator[tuple[Document, bool]]:
    """Cut a long document at white space; with each piece, whether another one follows."""
    start = 0
    limit = _limit(document)
    while len(document) - start > limit:
        stop = start + limit
        if isinstance(document, str):
            space = WHITE_SPACE.search(document, stop)
            stop = space.end() if space else len(document)
        if stop >= len(document):
            break
        yield document[start:stop], True
        start = stop
    yield document[start:] if start else document, False


def _limit(document: Document) -> int:
    return CHUNK_BYTES if isinstance(document, str) else CHUNK_TOKENS


def _read_files(paths: Iterable[Path], errors: DecodeErrors, encoding: str) -> Iterator[Chunk]:
    for path in paths:
        if is_table(path):
            texts = read_column(path, errors=errors, encoding=encoding)
            yield from _batch(text for some in texts for text in some)
        else:
            yield from read_lines(path, errors=errors, encoding=encoding)
