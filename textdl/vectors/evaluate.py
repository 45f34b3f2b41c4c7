"""How well vectors agree with people: similarity of word pairs, and analogies.

A word of the test is looked up as it stands, and lowercased if it is not in the vocabulary. Lines
with words that are still unknown are skipped and counted.

References: Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space"
(analogies; 3CosAdd); Finkelstein et al. 2002 (WordSim-353).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from textdl.errors import CorpusError, CorpusReadError, ParameterError
from textdl.vectors import query
from textdl.vectors.vectors import Vectors

_QUESTIONS_A_BLOCK = 1 << 12


class WordPairs(NamedTuple):
    """Agreement with human scores of word pairs."""

    spearman: float  # rank correlation; NaN if fewer than two pairs are known, or all score alike
    pairs: int  # pairs judged
    skipped: int  # pairs with an unknown word


class Section(NamedTuple):
    """One section of an analogy test."""

    name: str
    accuracy: float  # NaN without questions
    questions: int
    skipped: int


class Analogies(NamedTuple):
    """Share of analogies answered exactly."""

    accuracy: float  # over all questions asked; NaN without any
    semantic: float  # over the sections whose name does not begin with "gram"
    syntactic: float  # over those whose name does
    questions: int
    skipped: int  # questions with a word beyond the vocabulary
    sections: tuple[Section, ...]


def evaluate_word_pairs(vectors: Vectors, path: str | os.PathLike[str]) -> WordPairs:
    """Spearman correlation of cosines with the scores in `path`: word, word, score a line.

    Fields are separated by tabs or spaces; lines that begin with `#` are comments, and a first line
    whose third field is no number is a header.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed.
    """
    rows_of = vectors.key_to_index
    pairs = list(_read_pairs(Path(path)))
    if not pairs:
        raise CorpusError(f"{str(path)!r} holds no pairs, expected lines of word, word, score")
    known = [
        (a, b, score)
        for first, second, score in pairs
        if (a := _row(rows_of, first)) is not None and (b := _row(rows_of, second)) is not None
    ]
    rows = np.array([(a, b) for a, b, _ in known], dtype=np.int64).reshape(-1, 2)
    directions = query.unit(vectors.matrix[rows])  # (n, 2, D)
    cosines = np.einsum("nd,nd->n", directions[:, 0], directions[:, 1])
    human = np.array([score for _, _, score in known])
    return WordPairs(_spearman(cosines, human), len(known), len(pairs) - len(known))


def evaluate_analogies(
    vectors: Vectors, path: str | os.PathLike[str], restrict_vocab: int = 30_000
) -> Analogies:
    """Answer "a is to b as c is to d" by the word nearest `b - a + c` (unit vectors; not a, b, c).

    Only the first `restrict_vocab` rows are asked about and answered with. `path` holds one
    question of four words a line, in sections that begin with `: name`.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed.
        ParameterError: `restrict_vocab` is below 1.
    """
    if restrict_vocab < 1:
        raise ParameterError(f"restrict_vocab is {restrict_vocab}, expected at least 1")
    rows_of = vectors.key_to_index
    sections: dict[str, list[list[int] | None]] = {}
    for name, words in _read_analogies(Path(path)):
        rows = [row for w in words if (row := _row(rows_of, w, restrict_vocab)) is not None]
        sections.setdefault(name, []).append(rows if len(rows) == 4 else None)
    if not sections:
        raise CorpusError(f"{str(path)!r} holds no analogies, expected lines of four words")
    asked = [rows for questions in sections.values() for rows in questions if rows is not None]
    right = _answered(vectors, np.array(asked, dtype=np.int64).reshape(-1, 4), restrict_vocab)
    return _summarise(sections, right)


def _answered(
    vectors: Vectors, questions: NDArray[np.int64], restrict_vocab: int
) -> NDArray[np.bool_]:
    """Which of the `(Q, 4)` questions are answered right."""
    matrix, norms = vectors.matrix[:restrict_vocab], vectors.norms[:restrict_vocab]
    right = np.zeros(len(questions), dtype=bool)
    for begin in range(0, len(questions), _QUESTIONS_A_BLOCK):
        block = slice(begin, begin + _QUESTIONS_A_BLOCK)
        a, b, c, d = questions[block].T
        directions = query.unit(matrix[b]), query.unit(matrix[a]), query.unit(matrix[c])
        queries = query.unit(directions[0] - directions[1] + directions[2])
        best = query.nearest(matrix, norms, queries, 1, np.stack([a, b, c], axis=1)).rows
        right[block] = (best == d[:, None]).any(axis=1)
    return right


def _summarise(
    sections: Mapping[str, list[list[int] | None]], right: NDArray[np.bool_]
) -> Analogies:
    results = []
    syntactic = np.zeros(len(right), dtype=bool)
    begin = 0
    for name, questions in sections.items():
        end = begin + sum(rows is not None for rows in questions)
        skipped = len(questions) - (end - begin)
        results.append(Section(name, _share(right[begin:end]), end - begin, skipped))
        syntactic[begin:end] = name.startswith("gram")
        begin = end
    return Analogies(
        accuracy=_share(right),
        semantic=_share(right[~syntactic]),
        syntactic=_share(right[syntactic]),
        questions=len(right),
        skipped=sum(section.skipped for section in results),
        sections=tuple(results),
    )


def _share(right: NDArray[np.bool_]) -> float:
    return float(right.mean()) if len(right) else float("nan")


def _spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")  # no order to agree with; SciPy would warn
    return float(spearmanr(x, y).statistic)


def _row(rows_of: Mapping[str, int], word: str, below: int | None = None) -> int | None:
    for spelling in (word, word.lower()):
        row = rows_of.get(spelling)
        if row is not None and (below is None or row < below):
            return row
    return None


def _read_pairs(path: Path) -> Iterator[tuple[str, str, float]]:
    first = True
    for number, line in _lines(path):
        fields = [field.strip() for field in line.split("\t" if "\t" in line else None)]
        score = _number(fields[2]) if len(fields) == 3 else None
        if score is not None:
            yield fields[0], fields[1], score
        elif not (first and len(fields) == 3):
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected word, word, score; correct or "
                "remove the line"
            )
        first = False


def _read_analogies(path: Path) -> Iterator[tuple[str, list[str]]]:
    name = ""
    for number, line in _lines(path):
        if line.startswith(":"):
            name = line[1:].strip()
        elif len(words := line.split()) == 4:
            yield name, words
        else:
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected four words or ': section'; "
                "correct or remove the line"
            )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines, without comments and blank ones."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusReadError(
            f"{str(path)!r} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset "
            f"{error.start:,}; convert it"
        ) from None
    except OSError as error:
        raise CorpusReadError(
            f"{str(path)!r} cannot be read ({error.strerror}); pass the path of a judgement file"
        ) from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _number(field: str) -> float | None:
    try:
        value = float(field)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
