"""What the verbs print: answers, JSON and warnings."""

from __future__ import annotations

import json
import math
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from textdl.errors import CorpusReadError, OutputError, one_line

if TYPE_CHECKING:
    from textdl.vectors.vectors import Vectors


@contextmanager
def printed_warnings() -> Iterator[None]:
    """Print the warnings of a block on stderr as they come, each on a line, equal ones once."""
    printed = set()

    def show(message: Warning | str, *place: Any, **more: Any) -> None:
        # tqdm, which clears a progress bar for the line: few runs have something to warn of.
        from textdl.progress import print_above_bars

        line = f"textdl: warning: {one_line(str(message))}"
        if line not in printed:
            printed.add(line)
            print_above_bars(line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def opened_text(path: str | None) -> Iterator[TextIO]:
    """A file for text, which is there when the block has ended without an error; None: stdout."""
    if path is None:
        yield sys.stdout
        return
    from textdl.io.atomic import atomic_write  # most verbs write no text

    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        yield file


def check_output(output: str | os.PathLike[str], corpora: Iterable[str]) -> None:
    """Find out now whether a file could not be written after hours of work, or should not be.

    Args:
        output: the file to write.
        corpora: files, folders or globs that are read.

    Raises:
        OutputError: it cannot be written, or is read.
    """
    from textdl.io.atomic import check_writable  # most verbs write nothing

    check_writable(output)
    refuse_sources(output, corpora)


def refuse_sources(output: str | os.PathLike[str] | None, corpora: Iterable[str]) -> None:
    """Refuse to write to a file that is read.

    Args:
        output: the file to write; None: standard output.
        corpora: files, folders or globs.

    Raises:
        OutputError: the output is one of them.
    """
    if output is None or not Path(output).exists():
        return
    from textdl.text.files import find_files  # not for a help text

    found: list[Path] = []
    for corpus in corpora:
        with suppress(CorpusReadError):  # of what is missing speaks who reads it
            found += find_files(corpus)
    if any(path.exists() and path.samefile(output) for path in found):
        raise OutputError(f"{str(output)!r} is read, too; write to another file")


def print_json(value: object) -> None:
    """Print one JSON document; NaN and infinity, which JSON does not have, become null."""
    document = json.dumps(_finite(value), ensure_ascii=False)
    try:
        document.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        document = json.dumps(_finite(value))
    print(document)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_answers(answers: Sequence[tuple[object, Sequence[str]]]) -> None:
    """Print the lines of every answer, below its query where there are several."""
    for number, (query, lines) in enumerate(answers):
        if len(answers) > 1:
            print(("\n" if number else "") + f"{query}:")
        for line in lines:
            print(line)


def note_on_subwords(vectors: Vectors, path: str, form: str | None = None) -> str:
    """What to say of a file that was written without the subwords of its vectors.

    Args:
        vectors: that were written.
        path: of the file.
        form: the format that was asked for; None: that of its name.

    Returns:
        The end of a line; nothing where nothing was lost.
    """
    # NumPy, which a help text does without.
    from textdl.vectors.formats import format_for

    if vectors.subwords is None or format_for(Path(path), form).keeps_subwords:
        return ""
    return "; without subwords, which only .safetensors and --format fasttext keep"
