"""Files of tokens and tags in columns, as the shared tasks of CoNLL have them.

    U.N.      NNP  I-NP  B-ORG
    official  NN   I-NP  O

A line is a token with its columns, an empty line ends a sentence; lines of ``-DOCSTART-`` are left
out. A line with fewer or more columns than the first is an error: else a missing tag would be read
as another column.

Reference:
    Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from textdl.classify.tagging.config import ColumnFormat
from textdl.errors import CorpusError, DataError, ParameterError
from textdl.text.files import find_files, join_chunks, read_lines

DOCUMENT_START = "-DOCSTART-"


class TaggedSentences(NamedTuple):
    """Sentences, and the tag of every token."""

    sentences: list[list[str]]
    tags: list[list[str]]  # empty lists where none were asked for


def read_columns(
    paths: str | Path | Iterable[str | Path],
    format: ColumnFormat | None = None,
    *,
    has_tags: bool = True,
) -> TaggedSentences:
    r"""Read files of tokens and tags.

    Args:
        paths: a file, folder, glob or ``-``, or several.
        format: where token and tag stand.
        has_tags: whether to read tags; False: only tokens.

    Returns:
        The sentences of all files.

    Raises:
        CorpusError: there is no sentence.
        CorpusReadError: a file is missing or unreadable.
        DataError: a line lacks a column; it is named.
        ParameterError: a column is 0.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "names.conll")
        ...     _ = path.write_text("Ada B-PER\nsleeps O\n\nHello O\n")
        ...     read_columns(path)
        TaggedSentences(sentences=[['Ada', 'sleeps'], ['Hello']], tags=[['B-PER', 'O'], ['O']])
    """
    format = format or ColumnFormat()
    for name in ("word_column", "tag_column"):
        if not getattr(format, name):
            raise ParameterError(f"{name}=0; expected 1 for the first column, or -1 for the last")
    some = [paths] if isinstance(paths, str | Path) else list(paths)
    found = TaggedSentences([], [])
    for path in (path for name in some for path in find_files(name)):
        for words, tags in _sentences(path, format, has_tags=has_tags):
            found.sentences.append(words)
            found.tags.append(tags)
    if not found.sentences:
        shown = ", ".join(map(str, some))
        raise CorpusError(f"{shown} has no sentence; expected a token and its tag per line")
    return found


def _sentences(
    path: Path, format: ColumnFormat, *, has_tags: bool
) -> Iterator[tuple[list[str], list[str]]]:
    """The sentences of a file, each with its tags."""
    words: list[str] = []
    tags: list[str] = []
    separator: str | None = None
    columns = 0  # of the first line
    for number, line in enumerate(join_chunks(read_lines(path)), 1):
        if not line.strip():
            if words:
                yield words, tags
                words = []
                tags = []
            continue
        if line.startswith(DOCUMENT_START) or (format.comment and line.startswith(format.comment)):
            continue
        if not columns:
            separator = "\t" if "\t" in line else None
        cells = line.rstrip("\r\n").split(separator)
        if columns and len(cells) != columns:
            raise _wrong_columns(path, number, cells, f"{columns}, as in the first line")
        columns = len(cells)
        words.append(_cell(path, number, cells, format.word_column, "token"))
        if has_tags:
            if columns == 1:
                raise _wrong_columns(path, number, cells, "a token and a tag, such as London B-LOC")
            tags.append(_cell(path, number, cells, format.tag_column, "tag"))
    if words:
        yield words, tags


def _cell(path: Path, number: int, cells: list[str], column: int, what: str) -> str:
    place = column - 1 if column > 0 else column
    if not -len(cells) <= place < len(cells) or not cells[place].strip():
        raise _wrong_columns(path, number, cells, f"the {what} in column {column}")
    return cells[place].strip()


def _wrong_columns(path: Path, number: int, cells: list[str], expected: str) -> DataError:
    shown = " ".join(cells)
    noun = "column" if len(cells) == 1 else "columns"
    return DataError(
        f"{path}, line {number:,}: {shown!r} has {len(cells)} {noun}; expected {expected}: add "
        "what is missing, or leave the sentence out"
    )
