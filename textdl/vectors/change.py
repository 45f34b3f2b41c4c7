"""Change: what words mean in one corpus and in another, such as of two periods.

The second file is turned into the space of the first (orthogonal Procrustes on shared words), and
the cosine of a word's two vectors says how much of its meaning it kept. Two trainings on the very
same text differ too; runs with several seeds of either corpus say by how much.

References:
    Hamilton, Leskovec and Jurafsky 2016, "Diachronic word embeddings reveal statistical laws of
    semantic change" (alignment, cosine).
    Gonen et al. 2020, "Simple, interpretable and stable method for detecting words with usage
    change across corpora" (neighbors that are left and gained).
    Dubossarsky, Weinshall and Grossman 2017, "Outta control: laws of semantic change and inherent
    biases in word representation models" (why a control is needed).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.parameters import check_topn
from textdl.vectors import query
from textdl.vectors.alignment import align_vectors
from textdl.vectors.stability import CommonWords
from textdl.vectors.vectors import Vectors

_MOST_SPLITS = 1_000  # of runs into two corpora, that a p-value looks at


class WordChange(NamedTuple):
    """A word, and how its meaning differs."""

    word: str
    similarity: float  # mean cosine of its vectors in one corpus and in the other, aligned
    noise: float  # mean cosine of its vectors in runs of the same corpus; NaN without such
    p_value: float  # of a difference so large where the corpora do not matter; NaN without runs
    left: tuple[str, ...]  # neighbors in the first corpus alone, the nearest first
    gained: tuple[str, ...]  # neighbors in the second alone


class Change(NamedTuple):
    """What changed from one corpus to another."""

    words: tuple[WordChange, ...]  # those that changed most first
    common: int  # words that all files have


def measure_change(
    first: Vectors | Sequence[Vectors],
    second: Vectors | Sequence[Vectors],
    words: Sequence[str] | None = None,
    *,
    topn: int = 20,
    neighbors: int = 10,
    anchors: int | None = None,
    restrict_vocab: int | None = None,
) -> Change:
    """The words whose meaning differs most between two corpora.

    With several runs of each corpus, a p-value says whether runs of different corpora differ more
    than runs of one: the share of the ways to deal the runs out to two corpora that make as large a
    difference. With k runs of each it cannot be below 2 k! k! / (2k)!: .1 for 3, .008 for 5.

    Args:
        first: vectors of one corpus, or of several runs with different seeds.
        second: of the other corpus.
        words: that are looked at; None: the `topn` that changed most.
        topn: how many words.
        neighbors: nearest words that are compared.
        anchors: so many of the most frequent common words say how spaces are aligned; None: all.
        restrict_vocab: only words among so many of the first rows of both; rare words differ by
            chance.

    Returns:
        The words, those that changed most first.

    Raises:
        UnknownWordError: a word is not in every file.
        ParameterError: the files have different dimensions, too few common words, or a number is
            below 1.

    References:
        Hamilton, Leskovec and Jurafsky 2016, "Diachronic word embeddings reveal statistical laws of
        semantic change".

    Example:
        >>> words = ["gay", "merry", "queer", "sea", "sun"]
        >>> old = Vectors(words, [[9.0, 1], [9, 2], [1, 9], [-5, 5], [5, 5]])
        >>> new = Vectors(words, [[1.0, 9], [9, 2], [1, 9], [-5, 5], [5, 5]])
        >>> found = measure_change(old, new, topn=1, neighbors=1).words[0]
        >>> found.word, found.left, found.gained
        ('gay', ('merry',), ('queer',))
    """
    runs = (_as_runs(first), _as_runs(second))
    check_topn(neighbors, "neighbors")
    common = CommonWords([*runs[0], *runs[1]])
    if len(common.words) < 3:
        raise ParameterError(
            f"the files have {len(common.words)} words in common, expected at least 3; pass files "
            "of one language"
        )
    cosines = _pair_cosines([*runs[0], *runs[1]], common.words, anchors)  # (P, V)
    pairs = list(combinations(range(len(runs[0]) + len(runs[1])), 2))
    are_between = _are_between(pairs, range(len(runs[0])))
    similarity = cosines[are_between].mean(axis=0)
    chosen = _chosen_rows(common, similarity, words, topn, len(runs[0]), restrict_vocab)
    noise = _mean_of(cosines[~are_between][:, chosen])
    p_values = _p_values(cosines[:, chosen], pairs, len(runs[0]))
    changes = _neighbor_changes(common, chosen, neighbors, len(runs[0]))
    return Change(
        tuple(
            WordChange(common.words[row], *figures, *sides)
            for row, figures, sides in zip(
                chosen.tolist(),
                zip(similarity[chosen].tolist(), noise.tolist(), p_values.tolist(), strict=True),
                changes,
                strict=True,
            )
        ),
        len(common.words),
    )


def _as_runs(given: Vectors | Sequence[Vectors]) -> list[Vectors]:
    runs = [given] if isinstance(given, Vectors) else list(given)
    if not runs:
        raise ParameterError("a corpus has no vectors; pass at least one file of each")
    return runs


def _pair_cosines(
    files: Sequence[Vectors], words: Sequence[str], anchors: int | None
) -> NDArray[np.float64]:
    """The cosines of each word's vectors in two files, of all pairs of files, `(P, V)`."""
    aligned = [files[0], *(align_vectors(it, files[0], anchors=anchors) for it in files[1:])]
    units = [query.normalize(vectors[words]) for vectors in aligned]
    return np.array([np.einsum("vd,vd->v", a, b) for a, b in combinations(units, 2)])


def _are_between(pairs: Sequence[tuple[int, int]], first: Sequence[int]) -> NDArray[np.bool_]:
    """Which pairs are of different corpora, given the runs of the first. `(P,)`."""
    return np.array([(a in first) != (b in first) for a, b in pairs])


def _chosen_rows(
    common: CommonWords,
    similarity: NDArray[np.float64],
    words: Sequence[str] | None,
    topn: int,
    size: int,
    restrict_vocab: int | None,
) -> NDArray[np.int64]:
    """The words that are looked at, of least similarity first; `size`: runs of the first corpus."""
    if words is not None:
        rows = [common.row_of(word) for word in words]
    else:
        limit = (
            sys.maxsize if restrict_vocab is None else check_topn(restrict_vocab, "restrict_vocab")
        )
        ranks = np.maximum(common.rows[0], common.rows[size])
        rows = np.flatnonzero(ranks < limit).tolist()
    by_change = sorted(rows, key=lambda row: similarity[row])
    count = len(by_change) if words is not None else check_topn(topn)
    return np.array(by_change[:count], dtype=np.int64)


def _mean_of(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over pairs `(P, n) -> (n,)`, NaN without any."""
    if not len(cosines):
        return np.full(cosines.shape[1], np.nan)
    mean: NDArray[np.float64] = cosines.mean(axis=0)
    return mean


def _p_values(
    cosines: NDArray[np.float64], pairs: Sequence[tuple[int, int]], size: int
) -> NDArray[np.float64]:
    """How many ways to deal out the runs separate two corpora as much as the true one.

    Args:
        cosines: `(P, n)`.
        pairs: of runs.
        size: runs of the first corpus, which come first.

    Returns:
        `(n,)`, NaN where a corpus has one run alone.
    """
    runs = max(second for _, second in pairs) + 1
    if min(size, runs - size) < 2:
        return np.full(cosines.shape[1], np.nan)
    gaps = []
    for split in islice(combinations(range(runs), size), _MOST_SPLITS):
        are_between = _are_between(pairs, split)
        gaps.append(cosines[~are_between].mean(axis=0) - cosines[are_between].mean(axis=0))
    share: NDArray[np.float64] = np.mean(np.array(gaps) >= gaps[0] - 1e-12, axis=0)
    return share


def _neighbor_changes(
    common: CommonWords, rows: NDArray[np.int64], count: int, size: int
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The neighbors in the first runs of the two corpora that the other does not have.

    Args:
        common: words of all files.
        rows: of the words that are looked at.
        count: neighbors that are compared.
        size: runs of the first corpus, after which those of the second come.

    Returns:
        The words left, and those gained, for each row.
    """
    words = [common.words[row] for row in rows.tolist()]
    found = common.neighbors(words, min(count, len(common.words) - 1))
    changes = []
    for before, after in zip(found[0].tolist(), found[size].tolist(), strict=True):
        left = tuple(common.words[row] for row in before if row not in after)
        gained = tuple(common.words[row] for row in after if row not in before)
        changes.append((left, gained))
    return changes
