"""Word-similarity benchmarks and analogies: how well vectors agree with people.

A word of the test is looked up as it stands, and lowercased if it is not in the vocabulary. Lines
with words that are still unknown are skipped and counted.

A test is a sample of what could be asked, and a figure over it is as uncertain as its questions are
few: intervals say how much (`textdl/vectors/bootstrap.py`).

References:
    Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space" (analogies,
    3CosAdd).
    Finkelstein et al. 2002, "Placing search in context: the concept revisited" (WordSim-353).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError, ParameterError
from textdl.parameters import lookup
from textdl.vectors import query
from textdl.vectors.benchmarks import (
    Analogy,
    find_row,
    holds_analogies,
    read_analogies,
    read_word_pairs,
)
from textdl.vectors.bootstrap import (
    Interval,
    figure_of,
    interval_of,
    mean_of_rows,
    pearson_of_rows,
    spearman_of_rows,
)
from textdl.vectors.nearest import nearest
from textdl.vectors.vectors import Vectors

RESTRICT_VOCAB = 30_000  # rows that analogies are asked about and answered with
_QUESTIONS_PER_BLOCK = 1 << 12
_SCORES_PER_BLOCK = 1 << 21
# How the names of sections about grammar begin: Google's, and BATS' inflection and derivation.
SYNTACTIC = ("gram", "I0", "I1", "D0", "D1")


class WordPairs(NamedTuple):
    """Agreement with human scores of word pairs."""

    spearman: float  # rank correlation; NaN if fewer than two pairs are known, or all score alike
    pairs: int  # pairs compared
    skipped: int  # pairs with an unknown word
    pearson: float  # correlation of the cosines themselves; NaN as above
    interval: Interval | None = None  # of the rank correlation


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
    interval: Interval | None = None  # of the accuracy


def evaluate_word_pairs(
    vectors: Vectors, path: str | os.PathLike[str], *, interval: bool = False
) -> WordPairs:
    r"""Spearman correlation of cosines with the scores in a file: word, word, score per line.

    Fields are separated by tabs, commas or spaces; lines that begin with `#` are comments, and a
    first line whose third field is not a number is a header.

    Args:
        vectors: to be evaluated.
        path: of the file.
        interval: say how far the correlation might be off.

    Returns:
        The correlation, and how many pairs it is of.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed, or there is none.

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
    cosines, human = score_pairs(vectors, path)
    known = np.isfinite(cosines)
    of_known = cosines[known], human[known]
    size = len(of_known[0])
    return WordPairs(
        figure_of(spearman_of_rows, of_known),
        size,
        len(cosines) - size,
        figure_of(pearson_of_rows, of_known),
        interval_of(spearman_of_rows, of_known) if interval else None,
    )


def evaluate_analogies(
    vectors: Vectors,
    path: str | os.PathLike[str],
    restrict_vocab: int = RESTRICT_VOCAB,
    *,
    method: str = "3cosadd",
    interval: bool = False,
) -> Analogies:
    r"""Answer "a is to b as c is to d" by the word nearest `b - a + c` (unit vectors; not a, b, c).

    A file has one question of four words per line, in sections that begin with `: name` (Google's
    format); or it has pairs, a word and its answers separated by slashes, and every pair is asked
    with every other (the format of BATS, of which a folder is a test: each file is a section).

    Args:
        vectors: to be evaluated.
        path: of a file, or of a folder of files.
        restrict_vocab: only so many of the first rows are asked about and answered with.
        method: "3cosadd", or "3cosmul": the word of largest `cos(d, b) cos(d, c) / cos(d, a)`, with
            cosines shifted to 0 to 1.
        interval: say how far the accuracy might be off.

    Returns:
        The share of questions answered right, in all and by section, and how many were skipped.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed, or there is none.
        ParameterError: `restrict_vocab` is below 1, or the method is unknown.

    References:
        Levy and Goldberg 2014, "Linguistic regularities in sparse and explicit word
        representations" (3CosMul).
        Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space".
        Gladkova et al. 2016, "Analogy-based detection of morphological and semantic relations with
        word embeddings: what works and what doesn't" (BATS).

    Example:
        >>> import tempfile
        >>> words = ["man", "woman", "king", "queen"]
        >>> vectors = Vectors(words, [[1.0, 0.0], [-1.0, 0.0], [1.0, 1.0], [-1.0, 1.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "questions.txt")
        ...     _ = file.write_text("man woman king queen\nking queen man woman\n")
        ...     evaluate_analogies(vectors, file).accuracy
        1.0
    """
    names, answers = answer_analogies(vectors, path, restrict_vocab, method)
    found = _summarize(names, answers)
    if not interval:
        return found
    return found._replace(interval=interval_of(mean_of_rows, (answers[np.isfinite(answers)],)))


def evaluate_benchmark(vectors: Vectors, path: str | os.PathLike[str]) -> float:
    """The one score of a benchmark: the rank correlation of word pairs, or of analogies accuracy.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed, or there is none.
    """
    if holds_analogies(Path(path)):
        return evaluate_analogies(vectors, path).accuracy
    return evaluate_word_pairs(vectors, path).spearman


# Word pairs


def score_pairs(
    vectors: Vectors, path: str | os.PathLike[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cosine of every pair, NaN where a word is unknown, and the score that people gave it.

    Raises:
        CorpusError: the file is malformed, or holds no pair.
    """
    rows_of = vectors.key_to_index
    pairs = list(read_word_pairs(Path(path)))
    if not pairs:
        raise CorpusError(f"{str(path)!r} holds no pairs, expected lines of word, word, score")
    cosines = np.full(len(pairs), np.nan)
    rows = [(find_row(rows_of, first), find_row(rows_of, second)) for first, second, _ in pairs]
    known = [number for number, both in enumerate(rows) if None not in both]
    known_rows = np.array([rows[number] for number in known], dtype=np.int64).reshape(-1, 2)
    directions = query.normalize(vectors.matrix[known_rows])  # (n, 2, D)
    cosines[known] = np.einsum("nd,nd->n", directions[:, 0], directions[:, 1])
    return cosines, np.array([score for _, _, score in pairs])


# Analogies


class _Question(NamedTuple):
    """The rows of a question."""

    given: tuple[int, int, int]  # a, b, c
    answers: frozenset[int]


def answer_analogies(
    vectors: Vectors, path: str | os.PathLike[str], restrict_vocab: int, method: str = "3cosadd"
) -> tuple[list[str], NDArray[np.float64]]:
    """The section of every question; whether it is answered right, NaN where it cannot be asked.

    Args:
        vectors: to be evaluated.
        path: of the questions.
        restrict_vocab: only so many of the first rows are asked about and answered with.
        method: of `ANALOGY_METHODS`.

    Returns:
        `(Q,)` each, 1 for right and 0 for wrong.

    Raises:
        CorpusError: the file is malformed, or holds no question.
        ParameterError: `restrict_vocab` is below 1, or the method is unknown.
    """
    answer = lookup("method", method, ANALOGY_METHODS)
    if restrict_vocab < 1:
        raise ParameterError(f"restrict_vocab is {restrict_vocab}, expected at least 1")
    rows_of = vectors.key_to_index
    names: list[str] = []
    questions: list[_Question | None] = []
    for name, words in read_analogies(Path(path)):
        names.append(name)
        questions.append(_as_question(words, rows_of, restrict_vocab))
    if not questions:
        raise CorpusError(f"{str(path)!r} holds no analogies, expected lines of four words")
    answers = np.full(len(questions), np.nan)
    is_asked = [question is not None for question in questions]
    asked = [question for question in questions if question is not None]
    answers[is_asked] = _are_right(vectors, asked, restrict_vocab, answer)
    return names, answers


def _as_question(
    words: Analogy, rows_of: Mapping[str, int], restrict_vocab: int
) -> _Question | None:
    """The rows of a question; None where a word, or every answer, is unknown."""

    def rows(some: Iterable[str]) -> list[int]:
        found = (find_row(rows_of, word, restrict_vocab) for word in some)
        return [row for row in found if row is not None]

    a = rows([words.a])
    b = rows(words.b)
    c = rows([words.c])
    answers = rows(words.answers)
    if not (a and b and c and answers):
        return None
    return _Question((a[0], b[0], c[0]), frozenset(answers))


def _are_right(
    vectors: Vectors, questions: list[_Question], restrict_vocab: int, answer: _AnswerMethod
) -> NDArray[np.bool_]:
    """Which of the questions are answered right. `-> (Q,)`."""
    matrix = vectors.matrix[:restrict_vocab]
    norms = vectors.norms[:restrict_vocab]
    right = np.zeros(len(questions), dtype=bool)
    for begin in range(0, len(questions), _QUESTIONS_PER_BLOCK):
        block = questions[begin : begin + _QUESTIONS_PER_BLOCK]
        given = np.array([question.given for question in block], dtype=np.int64)  # (q, 3)
        best = answer(matrix, norms, given)
        for number, (question, rows) in enumerate(zip(block, best.tolist(), strict=True)):
            right[begin + number] = not question.answers.isdisjoint(rows)
    return right


def _nearest_to_sum(
    matrix: NDArray[np.float32], norms: NDArray[np.float32], given: NDArray[np.int64]
) -> NDArray[np.int64]:
    """3CosAdd: the row nearest to `b - a + c`. `(V, D)`, `(V,)` and `(q, 3)` `-> (q, 1)`."""
    a, b, c = (query.normalize(matrix[rows]) for rows in given.T)  # (q, D) each
    return nearest(matrix, norms, query.normalize(b - a + c), 1, given).rows


def _best_by_product(
    matrix: NDArray[np.float32], norms: NDArray[np.float32], given: NDArray[np.int64]
) -> NDArray[np.int64]:
    """3CosMul: the row of the largest quotient. `(V, D)`, `(V,)` and `(q, 3)` `-> (q, 1)`."""
    units = query.normalize(matrix).astype(np.float32)
    best = np.empty((len(given), 1), np.int64)
    step = max(1, _SCORES_PER_BLOCK // len(matrix))
    for begin in range(0, len(given), step):
        rows = given[begin : begin + step]
        a, b, c = ((1 + units[some] @ units.T) / 2 for some in rows.T)  # (q, V) each
        scores = query.cosmul(np.stack([b, c]), a[None])
        scores[np.arange(len(rows))[:, None], rows] = -np.inf
        best[begin : begin + step, 0] = scores.argmax(axis=1)
    return best


_AnswerMethod = Callable[
    [NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]], NDArray[np.int64]
]
ANALOGY_METHODS: Mapping[str, _AnswerMethod] = {
    "3cosadd": _nearest_to_sum,
    "3cosmul": _best_by_product,
}


def _summarize(names: list[str], answers: NDArray[np.float64]) -> Analogies:
    sections: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        sections.setdefault(name, []).append(number)
    is_asked = np.isfinite(answers)
    results = []
    for name, numbers in sections.items():
        asked = answers[numbers][is_asked[numbers]]
        results.append(Section(name, _share(asked), len(asked), len(numbers) - len(asked)))
    is_syntactic = np.array([name.startswith(SYNTACTIC) for name in names])
    return Analogies(
        accuracy=_share(answers[is_asked]),
        semantic=_share(answers[is_asked & ~is_syntactic]),
        syntactic=_share(answers[is_asked & is_syntactic]),
        questions=int(is_asked.sum()),
        skipped=int((~is_asked).sum()),
        sections=tuple(results) if len(results) > 1 or results[0].name else (),
    )


def _share(right: NDArray[np.float64]) -> float:
    return float(right.mean()) if len(right) else float("nan")
