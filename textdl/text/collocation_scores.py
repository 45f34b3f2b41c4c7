"""Which candidates are phrases: their scores, from counts.

What is written the same once it is joined counts as the same: the word "new_york" of a text and the
candidate "new york" add up, as they do in gensim, which keeps both under one string.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textdl.text.collocations import CollocationCounts
from textdl.text.encode import interning_dict
from textdl.text.word_pairs import Counts

Scores = NDArray[np.float64]


def default_scores(counts: CollocationCounts, rows: Counts, min_count: int) -> Scores:
    r"""Score of Mikolov et al. 2013, "Distributed representations of words and phrases".

    .. math:: \frac{n_{ab} - \text{min\_count}}{n_a n_b} V

    Args:
        counts: of a corpus; V is the number of its distinct words and candidates.
        rows: `(n,)` candidates.
        min_count: what is discounted, so that pairs of rare words do not come first.

    Returns:
        `(n,)`.
    """
    left = counts.word_counts[counts.left[rows]].astype(np.float64)
    right = counts.word_counts[counts.right[rows]].astype(np.float64)
    return (counts.counts[rows] - min_count) / (left * right) * counts.vocabulary_size


def npmi_scores(counts: CollocationCounts, rows: Counts, min_count: int) -> Scores:
    r"""Normalized pointwise mutual information (Bouma 2009), from -1 to 1.

    .. math:: \ln \frac{p_{ab}}{p_a p_b} \Big/ -\ln p_{ab}

    Args:
        counts: of a corpus; probabilities are shares of all of its words.
        rows: `(n,)` candidates.
        min_count: not used.

    Returns:
        `(n,)`.
    """
    total = float(counts.corpus_words)
    left = counts.word_counts[counts.left[rows]] / total
    right = counts.word_counts[counts.right[rows]] / total
    pair = counts.counts[rows] / total
    with np.errstate(divide="ignore", invalid="ignore"):  # of counts that no text has
        return _log(pair / (left * right)) / -_log(pair)


# By name: scores of candidates that occur often enough, which is at least min_count times.
SCORERS: Mapping[str, Callable[[CollocationCounts, Counts, int], Scores]] = {
    "default": default_scores,
    "npmi": npmi_scores,
}


def find_phrases(
    counts: CollocationCounts, scoring: str, min_count: int, threshold: float
) -> tuple[Counts, Scores]:
    """The candidates that are phrases.

    Args:
        counts: of a corpus, with what is written the same added up.
        scoring: one of `SCORERS`.
        min_count: candidates that occur less often are none.
        threshold: the score of a phrase is greater.

    Returns:
        `(n,)` rows of the candidates, and their scores.
    """
    rows = np.flatnonzero(counts.counts >= min_count)
    scores = SCORERS[scoring](counts, rows, min_count)
    found = scores > threshold
    return rows[found], scores[found]


def add_up_same_spelling(counts: CollocationCounts, delimiter: str) -> CollocationCounts:
    """Add up words and candidates that are the same string once they are joined.

    That takes a word that has a character of the delimiter in it: where no word has, nothing is
    compared. The counts of those that are the same become their sum.

    Args:
        counts: of a corpus.
        delimiter: stands between joined words.

    Returns:
        The counts, of the same words and candidates.
    """
    has_mark = has_delimiter(counts.words, delimiter)
    sequence_has_mark = np.array([has_delimiter(it, delimiter).any() for it in counts.sequences])
    if not has_mark.any() and not sequence_has_mark.any():
        return counts
    is_marked = has_mark[counts.left] | has_mark[counts.right] | sequence_has_mark[counts.sequence]
    rows = np.flatnonzero(is_marked)
    words = np.flatnonzero(has_mark & (counts.word_counts > 0))
    groups = interning_dict()  # a string -> its group
    row_groups = [groups[counts.joined(row, delimiter)] for row in rows.tolist()]
    word_groups = [groups[counts.words[row]] for row in words.tolist()]
    plain_rows, plain_groups = _plain_candidates(counts, groups, ~is_marked, delimiter)
    rows = np.append(rows, np.array(plain_rows, np.int64))
    row_group = np.array([*row_groups, *plain_groups], np.int64)
    word_group = np.array(word_groups, np.int64)
    totals = np.zeros(len(groups), np.int64)
    np.add.at(totals, row_group, counts.counts[rows])
    np.add.at(totals, word_group, counts.word_counts[words])
    candidate_counts = counts.counts.copy()
    candidate_counts[rows] = totals[row_group]
    word_counts = counts.word_counts.copy()
    word_counts[words] = totals[word_group]
    repeated = len(rows) + len(words) - len(groups)
    return replace(
        counts,
        word_counts=word_counts,
        counts=candidate_counts,
        vocabulary_size=counts.vocabulary_size - repeated,
    )


def _plain_candidates(
    counts: CollocationCounts,
    groups: Mapping[str, int],
    is_plain: NDArray[np.bool_],
    delimiter: str,
) -> tuple[list[int], list[int]]:
    """The candidates of words without a delimiter that are one of some strings.

    Returns:
        Their rows, and for each the group of its string.
    """
    index = {word: row for row, word in enumerate(counts.words)}
    sequence_index = {words: row for row, words in enumerate(counts.sequences)}
    wanted = {}
    for string, group in groups.items():
        first, *between = string.split(delimiter)
        last = between.pop() if between else ""
        key = (index.get(first), sequence_index.get(tuple(between)), index.get(last))
        if None not in key:
            wanted[key] = group
    lefts = np.array([key[0] for key in wanted], np.int64)
    rows = np.flatnonzero(is_plain & np.isin(counts.left, lefts))
    keys = zip(
        counts.left[rows].tolist(),
        counts.sequence[rows].tolist(),
        counts.right[rows].tolist(),
        strict=True,
    )
    found = [
        (row, wanted[key]) for row, key in zip(rows.tolist(), keys, strict=True) if key in wanted
    ]
    return [row for row, _ in found], [group for _, group in found]


def has_delimiter(words: Sequence[str], delimiter: str) -> NDArray[np.bool_]:
    """`(words,)` which have a character of the delimiter."""
    marks = set(delimiter)
    if marks.isdisjoint("".join(words)):
        return np.zeros(len(words), bool)
    return np.array([not marks.isdisjoint(word) for word in words])


def _log(values: Scores) -> Scores:
    """Natural logarithms, to the last bit those of the C library on any processor."""
    return np.fromiter(map(math.log, values.tolist()), np.float64, len(values))
