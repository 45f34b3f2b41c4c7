"""Word-similarity benchmarks and analogies: how well vectors agree with people.

A word of the test is looked up as it stands, and lowercased if it is not in the vocabulary. Lines
with words that are still unknown are skipped and counted.

References:
    Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space" (analogies,
    3CosAdd).
    Finkelstein et al. 2002, "Placing search in context: the concept revisited" (WordSim-353).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from textdl.errors import CorpusError, CorpusReadError, ParameterError
from textdl.vectors import query
from textdl.vectors.nearest import nearest
from textdl.vectors.vectors import Vectors

_QUESTIONS_PER_BLOCK = 1 << 12
# How the names of sections about grammar begin: Google's, and BATS' inflection and derivation.
SYNTACTIC = ("gram", "I0", "I1", "D0", "D1")


class WordPairs(NamedTuple):
    """Agreement with human scores of word pairs."""

    spearman: float  # rank correlation; NaN if fewer than two pairs are known, or all score alike
    pairs: int  # pairs compared
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
    semantic: float  # over the sections whose names do not begin as those of grammar do
    syntactic: float  # over those whose names do; NaN without any
    questions: int
    skipped: int  # questions with a word beyond the vocabulary
    sections: tuple[Section, ...]  # none, where the file has none


def evaluate_word_pairs(vectors: Vectors, path: str | os.PathLike[str]) -> WordPairs:
    r"""Spearman correlation of cosines with the scores in a file: word, word, score per line.

    Fields are separated by tabs, commas or spaces; lines that begin with `#` are comments, and a
    first line whose third field is not a number is a header.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed.

    Example:
        >>> import tempfile
        >>> vectors = Vectors(["cat", "dog", "car"], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "pairs.csv")
        ...     _ = file.write_text("word1,word2,score\ncat,dog,9\ncat,car,2\ndog,bus,3\n")
        ...     result = evaluate_word_pairs(vectors, file)
        >>> round(result.spearman, 3), result.pairs, result.skipped
        (1.0, 2, 1)
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
    directions = query.normalize(vectors.matrix[rows])  # (n, 2, D)
    cosines = np.einsum("nd,nd->n", directions[:, 0], directions[:, 1])
    human = np.array([score for _, _, score in known])
    return WordPairs(_spearman(cosines, human), len(known), len(pairs) - len(known))


def evaluate_analogies(
    vectors: Vectors, path: str | os.PathLike[str], restrict_vocab: int = 30_000
) -> Analogies:
    """Answer "a is to b as c is to d" by the word nearest `b - a + c` (unit vectors; not a, b, c).

    A file has one question of four words per line, in sections that begin with `: name` (Google's
    format); or it has pairs, a word and its answers separated by slashes, and every pair is asked
    with every other (the format of BATS, of which a folder is a test: each file is a section).

    Args:
        vectors: to be evaluated.
        path: of a file, or of a folder of files.
        restrict_vocab: only so many of the first rows are asked about and answered with.

    Returns:
        The share of questions answered right, in all and by section, and how many were skipped.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed.
        ParameterError: `restrict_vocab` is below 1.

    References:
        Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space".
        Gladkova et al. 2016, "Analogy-based detection of morphological and semantic relations with
        word embeddings: what works and what doesn't" (BATS).
    """
    if restrict_vocab < 1:
        raise ParameterError(f"restrict_vocab is {restrict_vocab}, expected at least 1")
    rows_of = vectors.key_to_index
    sections: dict[str, list[_Question | None]] = {}
    for name, words in _read_analogies(Path(path)):
        sections.setdefault(name, []).append(_as_question(words, rows_of, restrict_vocab))
    if not sections:
        raise CorpusError(f"{str(path)!r} holds no analogies, expected lines of four words")
    asked = [question for some in sections.values() for question in some if question is not None]
    return _summarize(sections, _are_right(vectors, asked, restrict_vocab))


def evaluate_benchmark(vectors: Vectors, path: str | os.PathLike[str]) -> float:
    """The one score of a benchmark: the rank correlation of word pairs, or of analogies accuracy.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed, or there is none.
    """
    path = Path(path)
    if path.is_dir():
        return evaluate_analogies(vectors, path).accuracy
    first = next((line for _, line in _lines(path)), "")
    is_analogy = first.startswith(":") or (
        len(first.split()) in (2, 4) and len(_fields(first)) != 3
    )
    if is_analogy:
        return evaluate_analogies(vectors, path).accuracy
    return evaluate_word_pairs(vectors, path).spearman


class _Words(NamedTuple):
    """A question: a is to b as c is to ?, where b and the answer may be one of several words."""

    a: str
    b: tuple[str, ...]
    c: str
    answers: tuple[str, ...]


class _Question(NamedTuple):
    """The rows of a question."""

    given: tuple[int, int, int]  # a, b, c
    answers: frozenset[int]


def _as_question(
    words: _Words, rows_of: Mapping[str, int], restrict_vocab: int
) -> _Question | None:
    """The rows of a question; None where a word, or every answer, is unknown."""

    def rows(some: Iterable[str]) -> list[int]:
        found = (_row(rows_of, word, restrict_vocab) for word in some)
        return [row for row in found if row is not None]

    a = rows([words.a])
    b = rows(words.b)
    c = rows([words.c])
    answers = rows(words.answers)
    if not (a and b and c and answers):
        return None
    return _Question((a[0], b[0], c[0]), frozenset(answers))


def _are_right(
    vectors: Vectors, questions: list[_Question], restrict_vocab: int
) -> NDArray[np.bool_]:
    """Which of the questions are answered right. `-> (Q,)`."""
    matrix = vectors.matrix[:restrict_vocab]
    norms = vectors.norms[:restrict_vocab]
    right = np.zeros(len(questions), dtype=bool)
    for begin in range(0, len(questions), _QUESTIONS_PER_BLOCK):
        block = questions[begin : begin + _QUESTIONS_PER_BLOCK]
        given = np.array([question.given for question in block], dtype=np.int64)  # (q, 3)
        a, b, c = (query.normalize(matrix[rows]) for rows in given.T)  # (q, D) each
        best = nearest(matrix, norms, query.normalize(b - a + c), 1, given).rows
        for number, (question, rows) in enumerate(zip(block, best.tolist(), strict=True)):
            right[begin + number] = not question.answers.isdisjoint(rows)
    return right


def _summarize(
    sections: Mapping[str, list[_Question | None]], right: NDArray[np.bool_]
) -> Analogies:
    results = []
    syntactic = np.zeros(len(right), dtype=bool)
    begin = 0
    for name, questions in sections.items():
        end = begin + sum(question is not None for question in questions)
        skipped = len(questions) - (end - begin)
        results.append(Section(name, _share(right[begin:end]), end - begin, skipped))
        syntactic[begin:end] = name.startswith(SYNTACTIC)
        begin = end
    return Analogies(
        accuracy=_share(right),
        semantic=_share(right[~syntactic]),
        syntactic=_share(right[syntactic]),
        questions=len(right),
        skipped=sum(section.skipped for section in results),
        sections=tuple(results) if len(results) > 1 or results[0].name else (),
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


def _read_analogies(path: Path) -> Iterator[tuple[str, _Words]]:
    """Sections and their questions, of a file or a folder of files."""
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            for section, words in _read_analogies(file):
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
            yield name, _Words(fields[0], (fields[1],), fields[2], (fields[3],))
        else:
            raise CorpusError(
                f"{str(path)!r}, line {number:,}: {line!r}, expected four words or ': section'; "
                "correct or remove the line"
            )


def _questions_of_pairs(lines: list[tuple[int, str]], path: Path) -> Iterator[_Words]:
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
        yield _Words(a, b, c, answers)


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
            f"{str(path)!r} cannot be read ({error.strerror}); pass the path of a file"
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
