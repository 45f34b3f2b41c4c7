"""Tests on sets of words: categorization, outlier detection, and associations (WEAT).

A word of a test is looked up as it stands, and lowercased if it is not in the vocabulary. Unknown
words are left out and counted.

References:
    Almuhareb 2006, "Attributes in lexical acquisition" (categorization, purity).
    Camacho-Collados and Navigli 2016, "Find the word that does not belong: a framework for an
    intrinsic evaluation of word vector representations" (outlier detection).
    Caliskan, Bryson and Narayanan 2017, "Semantics derived automatically from language corpora
    contain human-like biases" (WEAT).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError, ParameterError
from textdl.keyed_random import RANDOM_SPLIT, permutation
from textdl.vectors import query
from textdl.vectors.benchmarks import find_row, read_categories, read_outliers
from textdl.vectors.vectors import Vectors

_KMEANS_STARTS = 10
_MOST_SPLITS = 10_000  # that are looked at for a p-value; more are sampled
_FEWEST_WORDS = 3  # of a cluster, for an outlier to be one


class Categorization(NamedTuple):
    """How well clusters of vectors agree with categories of words."""

    purity: float  # share of the words that are of the commonest category of their cluster
    words: int
    categories: int
    skipped: int  # unknown words


class Outliers(NamedTuple):
    """How well words that do not belong are found."""

    accuracy: float  # share of the questions in which the outlier comes last; NaN without any
    position: float  # mean place of the outlier, 1 for the last and 0 for the first
    questions: int
    skipped: int  # questions whose outlier, or most of whose other words, are unknown


class Association(NamedTuple):
    """How differently two sets of words are associated with two sets of attributes."""

    score: float  # the sum over the first targets less that over the second
    effect_size: float  # the difference of the means in standard deviations; NaN if none differs
    p_value: float  # of a score so large by chance, on one side
    words: int
    skipped: int  # unknown words


def evaluate_categorization(vectors: Vectors, path: str | os.PathLike[str]) -> Categorization:
    r"""Purity of k-means clusters of unit vectors, with as many clusters as there are categories.

    Args:
        vectors: to be evaluated.
        path: of a file of a word and its category per line (tabs, commas or spaces).

    Returns:
        The purity, and how many words it is of.

    Raises:
        CorpusReadError: the file is missing or not UTF-8.
        CorpusError: a line is malformed, there is none, or no two words are known.

    References:
        Almuhareb 2006, "Attributes in lexical acquisition".

    Example:
        >>> import tempfile
        >>> vectors = Vectors(["cat", "dog", "car", "bus"], [[1, 0], [9, 1], [0, 1], [1, 9]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "categories.txt")
        ...     _ = file.write_text("cat animal\ndog animal\ncar vehicle\nbus vehicle\n")
        ...     evaluate_categorization(vectors, file).purity
        1.0
    """
    from sklearn.cluster import KMeans  # half a second, which the other tests do without
    from threadpoolctl import threadpool_limits

    pairs = list(read_categories(Path(path)))
    rows_of = vectors.key_to_index
    rows = [find_row(rows_of, word) for word, _ in pairs]
    known = [row for row in rows if row is not None]
    of_known = [category for row, (_, category) in zip(rows, pairs, strict=True) if row is not None]
    if len(known) < 2:
        raise CorpusError(
            f"{str(path)!r} names {len(pairs):,} words, of which {len(known)} are known; expected "
            "at least two: pass vectors of its language"
        )
    _, classes = np.unique(of_known, return_inverse=True)
    count = int(classes.max()) + 1
    directions = query.normalize(vectors.matrix[known])
    with threadpool_limits(1):  # the same clusters on any number of threads
        found = KMeans(min(count, len(np.unique(directions, axis=0))), n_init=_KMEANS_STARTS,
                       random_state=0).fit_predict(directions)  # fmt: skip
    return Categorization(purity(found, classes), len(known), count, len(pairs) - len(known))


def purity(clusters: NDArray[np.integer], classes: NDArray[np.integer]) -> float:
    """`Σ_k max_j |cluster k ∩ class j| / n`.

    Example:
        >>> purity(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0]))
        0.75
    """
    table = np.zeros((int(clusters.max()) + 1, int(classes.max()) + 1), np.int64)
    np.add.at(table, (clusters, classes), 1)
    return float(table.max(axis=1).sum() / len(clusters))


def evaluate_outliers(vectors: Vectors, path: str | os.PathLike[str]) -> Outliers:
    r"""Find the word that does not belong: the one without which the others are most alike.

    Args:
        vectors: to be evaluated.
        path: of a file, or of a folder of files, of words that belong together, one per line, then
            a blank line, and then outliers, each of which is a question (the format of 8-8-8).

    Returns:
        The share of outliers found, and their mean place.

    Raises:
        CorpusReadError: a file is missing or not UTF-8.
        CorpusError: a file lacks words or outliers.

    References:
        Camacho-Collados and Navigli 2016, "Find the word that does not belong".

    Example:
        >>> import tempfile
        >>> vectors = Vectors(["cat", "dog", "cow", "car"], [[1, 0], [9, 1], [8, 1], [0, 1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "animals.txt")
        ...     _ = file.write_text("cat\ndog\ncow\n\ncar\nsea\n")
        ...     evaluate_outliers(vectors, file)
        Outliers(accuracy=1.0, position=1.0, questions=1, skipped=1)
    """
    rows_of = vectors.key_to_index
    places = []
    skipped = 0
    for words, outliers in read_outliers(Path(path)):
        known = [row for row in (find_row(rows_of, word) for word in words) if row is not None]
        for outlier in outliers:
            row = find_row(rows_of, outlier)
            if row is None or len(known) < _FEWEST_WORDS:
                skipped += 1
            else:
                places.append(outlier_position(vectors.matrix[[*known, row]]))
    if not places:
        return Outliers(float("nan"), float("nan"), 0, skipped)
    are_last = [place == 1 for place in places]
    return Outliers(float(np.mean(are_last)), float(np.mean(places)), len(places), skipped)


def outlier_position(matrix: NDArray[np.float32]) -> float:
    """The place of the last row among `(n + 1, D)`, by how alike the others are without each.

    The compactness without a row is the mean cosine of all pairs of others, which is the larger the
    smaller the cosines of that row with them are.

    Returns:
        1 if the set is most compact without the last row, 0 if it is least.
    """
    directions = query.normalize(matrix)
    closeness = directions @ directions.sum(axis=0) - np.einsum("nd,nd->n", directions, directions)
    return float((closeness[:-1] > closeness[-1]).mean())


def weat(
    vectors: Vectors,
    targets: tuple[Sequence[str], Sequence[str]],
    attributes: tuple[Sequence[str], Sequence[str]],
) -> Association:
    """Word embedding association test: are the first targets nearer to the first attributes?

    With s(w) the mean cosine of w with the first attributes less that with the second, the score is
    the sum of s over the first targets less that over the second. The p-value is the share of
    splits of all targets into sets of these sizes that score at least as much; of more than 10,000
    splits, of so many that are drawn.

    Args:
        vectors: to be tested.
        targets: two lists of words, such as flowers and insects.
        attributes: two lists of words, such as pleasant and unpleasant ones.

    Returns:
        The score and what it is worth.

    Raises:
        ParameterError: there are not two lists each, a word is in a list twice or in both, or none
            of a list is known.

    References:
        Caliskan, Bryson and Narayanan 2017, "Semantics derived automatically from language corpora
        contain human-like biases".

    Example:
        >>> words = ["rose", "daisy", "wasp", "moth", "good", "bad"]
        >>> vectors = Vectors(words, [[1, 0], [3, 1], [0, 1], [1, 3], [1, 0], [0, 1]])
        >>> found = weat(vectors, (["rose", "daisy"], ["wasp", "moth"]), (["good"], ["bad"]))
        >>> round(found.effect_size, 3), round(found.p_value, 3)
        (1.951, 0.167)
    """
    x, y = _known_sets("targets", vectors, targets)
    a, b = _known_sets("attributes", vectors, attributes)
    given = sum(map(len, (*targets, *attributes)))
    known = sum(map(len, (x, y, a, b)))
    words = np.concatenate([x, y])
    preferences = (words @ a.T).mean(axis=1) - (words @ b.T).mean(axis=1)  # s(w)
    spread = preferences.std()
    means = preferences[: len(x)].mean() - preferences[len(x) :].mean()
    return Association(
        score=float(preferences[: len(x)].sum() - preferences[len(x) :].sum()),
        effect_size=float(means / spread) if spread > 0 else float("nan"),
        p_value=_share_of_splits(preferences, len(x)),
        words=known,
        skipped=given - known,
    )


def _known_sets(
    name: str, vectors: Vectors, sets: tuple[Sequence[str], Sequence[str]]
) -> list[NDArray[np.float64]]:
    """The unit vectors of the known words of two lists."""
    if len(sets) != 2 or any(isinstance(words, str) for words in sets):
        raise ParameterError(f"{name} are {sets!r}; expected two lists of words")
    given = [word for words in sets for word in words]
    repeated = next((word for word in given if given.count(word) > 1), None)
    if repeated is not None:
        raise ParameterError(f"{name} name {repeated!r} twice; expected distinct words")
    units = []
    for number, words in enumerate(sets):
        rows = [find_row(vectors.key_to_index, word) for word in words]
        known = [row for row in rows if row is not None]
        if not known:
            raise ParameterError(
                f"none of the {len(words)} words of list {number + 1} of {name} is known; expected "
                "one of the vocabulary"
            )
        units.append(query.normalize(vectors.matrix[known]))
    return units


def _share_of_splits(preferences: NDArray[np.float64], size: int) -> float:
    """How many splits into `size` words and the rest score at least as much as the first one."""
    splits = np.array(list(_splits(len(preferences), size)))  # (S, size)
    sums = preferences[splits].sum(axis=1)
    # The score is twice the sum of the first set, less that of all. Equal sets may differ by
    # rounding.
    return float(np.mean(sums >= preferences[:size].sum() - 1e-12))


def _splits(words: int, size: int) -> Iterator[Sequence[int]]:
    """All sets of `size` words, or the first one and so many that are drawn."""
    if comb(words, size) <= _MOST_SPLITS:
        yield from combinations(range(words), size)
        return
    yield range(size)
    for number in range(_MOST_SPLITS - 1):
        yield permutation(words, number, RANDOM_SPLIT)[:size].tolist()
