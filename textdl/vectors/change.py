"""Change: what words mean in one corpus and in another, such as of two periods.

The second file is turned into the space of the first (orthogonal Procrustes on shared words), and
the cosine of a word's two vectors says how much of its meaning it kept.

That cosine is lower the rarer a word is, also where nothing changed, as vectors of few occurrences
are noise. So words are ranked by how far their cosine is below that of words of like frequency.
Two trainings on the very same text differ too; runs with several seeds of either corpus say by how
much.

References:
    Hamilton, Leskovec and Jurafsky 2016, "Diachronic word embeddings reveal statistical laws of
    semantic change" (alignment, cosine).
    Gonen et al. 2020, "Simple, interpretable and stable method for detecting words with usage
    change across corpora" (neighbors that are left and gained).
    Dubossarsky, Weinshall and Grossman 2017, "Outta control: laws of semantic change and inherent
    biases in word representation models" (cosines fall with frequency; why a control is needed).
"""

from __future__ import annotations

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
_WORDS_OF_LIKE_FREQUENCY = 500
_WORDS_PER_BLOCK = 1 << 12  # whose windows are looked at at a time
_NORMAL_MAD = 0.6744897501960817  # the median absolute deviation of a standard normal variable
_LEAST_SCALE = 1e-3  # of cosines: of files that are almost the same, nothing has changed much


class WordChange(NamedTuple):
    """A word, and how its meaning differs."""

    word: str
    similarity: float  # mean cosine of its vectors in one corpus and in the other, aligned
    z_score: float  # how far it is below that of words of like frequency, in standard deviations
    noise: float  # mean cosine of its vectors in runs of the same corpus; NaN without such
    p_value: float  # of a difference so large where the corpora do not matter; NaN without runs
    left: tuple[str, ...]  # neighbors in the first corpus alone, the nearest first
    gained: tuple[str, ...]  # neighbors in the second alone


class Change(NamedTuple):
    """What changed from one corpus to another."""

    words: tuple[WordChange, ...]  # those that changed most first
    common: int  # words that all files have


class _Frequency(NamedTuple):
    """How frequent words are in the two corpora."""

    ranks: NDArray[np.int64]  # (2, V), from 0
    counts: NDArray[np.int64] | None  # (2, V)

    @property
    def rarity(self) -> NDArray[np.float64]:
        """What grows with the noise of a word's two vectors: `1 / n_1 + 1 / n_2`, or ranks. `(V,)`.

        Counts are about inverse to ranks (Zipf).
        """
        each = self.ranks if self.counts is None else 1 / np.maximum(self.counts, 1)
        rarity: NDArray[np.float64] = each.sum(axis=0, dtype=np.float64)
        return rarity

    def find_frequent(self, restrict_vocab: int | None, min_count: int) -> NDArray[np.int64]:
        """The rows of the words that are frequent enough in both corpora.

        Raises:
            ParameterError: a number is below 1, there are no counts to compare with, or no word is
                so frequent.
        """
        reaches = np.ones(self.ranks.shape[1], np.bool_)
        if restrict_vocab is not None:
            reaches &= self.ranks.max(axis=0) < check_topn(restrict_vocab, "restrict_vocab")
        if check_topn(min_count, "min_count") > 1:
            if self.counts is None:
                raise ParameterError(
                    f"min_count is {min_count:,}, but a file has no counts; use restrict_vocab, or "
                    "files that textdl trained"
                )
            reaches &= self.counts.min(axis=0) >= min_count
        if not reaches.any():
            raise ParameterError(
                f"none of {len(reaches):,} common words is frequent enough for restrict_vocab="
                f"{restrict_vocab} and min_count={min_count:,}; raise the one or lower the other"
            )
        return np.flatnonzero(reaches)


def measure_change(
    first: Vectors | Sequence[Vectors],
    second: Vectors | Sequence[Vectors],
    words: Sequence[str] | None = None,
    *,
    topn: int = 20,
    neighbors: int = 10,
    anchors: int | None = None,
    restrict_vocab: int | None = None,
    min_count: int = 1,
) -> Change:
    """The words whose meaning differs most between two corpora.

    Words are ranked by `z = (m - cosine) / s`, with m the median of the cosines of the 500 words of
    most similar frequency, and s what their median absolute deviation makes of a standard
    deviation. Frequency is that of the first files, `1 / (1 / n_1 + 1 / n_2)`, to which the noise
    of two means over n_1 and n_2 occurrences is inversely proportional; where a file has no counts,
    the sum of ranks stands for it.

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
        restrict_vocab: only words among so many of the first rows of both.
        min_count: only words that occur so often in either corpus, by the counts of the first
            files.

    Returns:
        The words, those that changed most first.

    Raises:
        UnknownWordError: a word is not in every file.
        ParameterError: the files have different dimensions, too few common words, no counts for
            `min_count`, or no word as frequent as that; there are fewer anchors than dimensions, or
            a number is below 1.

    References:
        Hamilton, Leskovec and Jurafsky 2016, "Diachronic word embeddings reveal statistical laws of
        semantic change".
        Dubossarsky, Weinshall and Grossman 2017, "Outta control: laws of semantic change and
        inherent biases in word representation models".

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
    frequency = _frequency(common, runs)
    z_scores = _z_scores(similarity, frequency.rarity)
    if words is None:
        chosen = frequency.find_frequent(restrict_vocab, min_count)
    else:
        chosen = np.array([common.row_of(word) for word in words], dtype=np.int64)
    count = len(chosen) if words is not None else check_topn(topn)
    chosen = chosen[np.argsort(-z_scores[chosen], kind="stable")][:count]
    noise = _mean_of(cosines[~are_between][:, chosen])
    p_values = _p_values(cosines[:, chosen], pairs, len(runs[0]))
    figures = zip(
        similarity[chosen].tolist(),
        z_scores[chosen].tolist(),
        noise.tolist(),
        p_values.tolist(),
        strict=True,
    )
    changes = _neighbor_changes(common, chosen, neighbors, len(runs[0]))
    return Change(
        tuple(
            WordChange(common.words[row], *of_word, *sides)
            for row, of_word, sides in zip(chosen.tolist(), figures, changes, strict=True)
        ),
        len(common.words),
    )


def _frequency(common: CommonWords, runs: Sequence[Sequence[Vectors]]) -> _Frequency:
    """The frequency of words by the first run of either corpus."""
    ranks = np.array([common.rows[0], common.rows[len(runs[0])]])
    counts = [
        of_corpus[0].counts[rows]
        for of_corpus, rows in zip(runs, ranks, strict=True)
        if of_corpus[0].counts is not None
    ]
    return _Frequency(ranks, np.array(counts) if len(counts) == len(runs) else None)


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


def _z_scores(similarity: NDArray[np.float64], rarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each word's similarity is below that of words of like rarity. `(V,)`, `(V,)`, `(V,)`.

    The median, and the median absolute deviation, are those of a window of the words in the order
    of rarity: half of them rarer, half of them more frequent, but at the ends.
    """
    order = np.argsort(rarity, kind="stable")
    ordered = similarity[order]
    size = min(_WORDS_OF_LIKE_FREQUENCY, len(ordered))
    windows = np.lib.stride_tricks.sliding_window_view(ordered, size)  # (V - size + 1, size)
    first = np.clip(np.arange(len(ordered)) - size // 2, 0, len(windows) - 1)
    found = np.empty(len(ordered))
    for begin in range(0, len(ordered), _WORDS_PER_BLOCK):
        block = slice(begin, begin + _WORDS_PER_BLOCK)
        alike = windows[first[block]]
        median = np.median(alike, axis=1)
        deviation = np.median(np.abs(alike - median[:, None]), axis=1) / _NORMAL_MAD
        found[order[block]] = (median - ordered[block]) / np.maximum(deviation, _LEAST_SCALE)
    return found


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
