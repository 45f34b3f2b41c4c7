"""The files of benchmarks: word pairs, analogies, categories, outliers, sets of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from textdl.errors import CorpusError, CorpusReadError

_TwoLists = tuple[list[str], list[str]]


class Analogy(NamedTuple):
    """A question: a is to b as c is to ?, where b and the answer may be one of several words."""

    a: str
    b: tuple[str, ...]
    c: str
    answers: tuple[str, ...]


def holds_analogies(path: Path) -> bool:
    """Whether a benchmark is one of analogies, by its first line; a folder is."""
    if path.is_dir():
        return True
    first = next((line for _, line in _lines(path)), "")
    return first.startswith(":") or (len(first.split()) in (2, 4) and len(_fields(first)) != 3)


def read_word_pairs(path: Path) -> Iterator[tuple[str, str, float]]:
    """Two words and their score from every line.

    Fields are separated by tabs, commas or spaces; lines that begin with `#` are comments, and a
    first line whose third field is not a number is a header.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed.
    """
    is_first = True
    for number, line in _lines(path):
        fields = _fields(line)
        score = _number(fields[2]) if len(fields) == 3 else None
        if score is not None:
            yield fields[0], fields[1], score
        elif not (is_first and len(fields) == 3):
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected word, word, score; correct or "
                "remove the line"
            )
        is_first = False


def _fields(line: str) -> list[str]:
    separator = next((it for it in "\t," if it in line), None)
    return [field.strip() for field in line.split(separator)]


def read_analogies(path: Path) -> Iterator[tuple[str, Analogy]]:
    """The section and the words of every question, of a file or a folder of files.

    A file has one question of four words per line, in sections that begin with `: name` (Google's
    format); or it has pairs, a word and its answers separated by slashes, and every pair is asked
    with every other (the format of BATS, of which a folder is a test: each file is a section).

    Raises:
        CorpusReadError: a file is missing or not UTF-8.
        CorpusError: a line is malformed.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            for section, words in read_analogies(file):
                yield section or file.stem, words
        return
    lines = list(_lines(path))
    if lines and not lines[0][1].startswith(":") and len(lines[0][1].split()) == 2:
        yield from (("", words) for words in _questions_of_pairs(lines, path))
        return
    name = ""
    for number, line in lines:
        if line.startswith(":"):
            name = line[1:].strip()
        elif len(fields := line.split()) == 4:
            yield name, Analogy(fields[0], (fields[1],), fields[2], (fields[3],))
        else:
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected four words or ': section'; "
                "correct or remove the line"
            )


def _questions_of_pairs(lines: list[tuple[int, str]], path: Path) -> Iterator[Analogy]:
    """Every pair of a word and its answers asked with every other, as BATS does."""
    pairs = []
    for number, line in lines:
        fields = line.split()
        if len(fields) != 2:
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected a word and its answers, "
                "separated by slashes; correct or remove the line"
            )
        pairs.append((fields[0], tuple(fields[1].split("/"))))
    for (a, b), (c, answers) in permutations(pairs, 2):
        yield Analogy(a, b, c, answers)


def read_categories(path: Path) -> Iterator[tuple[str, str]]:
    """A word and its category from every line.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed, or there is none.
    """
    number = 0
    for number, line in _lines(path):
        fields = _fields(line)
        if len(fields) != 2:
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected a word and its category; "
                "correct or remove the line"
            )
        yield fields[0], fields[1]
    if not number:
        raise CorpusError(f"{str(path)!r} holds no words, expected lines of a word and a category")


def read_outliers(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Words that belong together and outliers, of a file or of every file of a folder.

    Raises:
        CorpusReadError: a file is missing or not UTF-8.
        CorpusError: a file has no words, or no outliers below a blank line.
    """
    files = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
    for file in files:
        above, _, below = _text(file).strip().partition("\n\n")
        words = _stripped(above)
        outliers = _stripped(below)
        if not (words and outliers):
            raise CorpusError(
                f"{str(file)!r} holds {len(words)} words and {len(outliers)} outliers; expected "
                "some of both, one per line, with a blank line between them"
            )
        yield words, outliers
    if not files:
        raise CorpusError(f"{str(path)!r} holds no file; expected some that end in .txt")


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def read_association(path: Path) -> tuple[_TwoLists, _TwoLists]:
    """Two lists of targets and two of attributes: words below lines that are `: name`.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: there are words before the first name, or not four lists.
    """
    lists: list[list[str]] = []
    for number, line in _lines(path):
        if line.startswith(":"):
            lists.append([])
        elif lists:
            lists[-1] += line.replace(",", " ").split()
        else:
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected ': name' above the first "
                "word; name the list"
            )
    if len(lists) != 4:
        raise CorpusError(
            f"{str(path)!r} holds {len(lists)} lists, expected four: targets, other targets, "
            "attributes, other attributes, each below a line ': name'"
        )
    return (lists[0], lists[1]), (lists[2], lists[3])


def find_row(rows_of: Mapping[str, int], word: str, below: int | None = None) -> int | None:
    """The row of a word of a benchmark, as it stands or else lowercased; None if it has none.

    Args:
        rows_of: the vocabulary.
        word: to be looked up.
        below: rows from this one on do not count.

    Returns:
        The row.
    """
    for spelling in (word, word.lower()):
        row = rows_of.get(spelling)
        if row is not None and (below is None or row < below):
            return row
    return None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines, without comments and blank ones."""
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusReadError(
            f"{str(path)!r} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset "
            f"{error.start:,}; convert it"
        ) from None
    except OSError as error:
        raise CorpusReadError(
            f"{str(path)!r} cannot be read ({error.strerror}); pass the path of a file"
        ) from error


def _number(field: str) -> float | None:
    try:
        value = float(field)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
