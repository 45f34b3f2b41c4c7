"""Stability: how far neighbors can be trusted, judged by several files of vectors.

Train again with another seed, or on other samples of the text, and some neighbors of a word are
others. What all runs agree on is in the text; the rest is chance.

References:
    Antoniak and Mimno 2018, "Evaluating the stability of embedding-based word similarities".
    Wendlandt, Kummerfeld and Mihalcea 2018, "Factors influencing the surprising instability of word
    embeddings" (overlap of nearest neighbors, by frequency).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean, pstdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError, UnknownWordError
from textdl.keyed_random import SAMPLED_WORDS, permutation
from textdl.parameters import check_topn
from textdl.vectors import query
from textdl.vectors.nearest import nearest
from textdl.vectors.vectors import Vectors

WORDS_PER_BAND = 1_000


class TrustedNeighbor(NamedTuple):
    """A neighbor of a word, and how far several files agree on it."""

    word: str
    share: float  # of the files in which it is among the `topn` nearest
    similarity: float  # the mean cosine over the files
    spread: float  # the standard deviation of the cosine


class Band(NamedTuple):
    """Words of like frequency."""

    first: int  # rank among the words of all files, from 1; the most frequent first
    last: int
    words: int  # that were looked at
    overlap: float  # mean over them


class Stability(NamedTuple):
    """How far files agree on nearest neighbors."""

    overlap: float  # mean over all words that were looked at, from 0 to 1
    common: int  # words that all files have
    bands: tuple[Band, ...]
    words: tuple[tuple[str, float], ...]  # those looked at, with their overlap


def trusted_neighbors(files: Sequence[Vectors], word: str, topn: int = 10) -> list[TrustedNeighbor]:
    """The neighbors that any of several files names, with the share of the files that do.

    Only words that all files have count, so that a neighbor is not missed because a file cannot
    name it.

    Args:
        files: of vectors of the same text, trained with several seeds or on samples of it.
        word: that all have.
        topn: neighbors of each file, and of the answer.

    Returns:
        The neighbors of largest mean cosine, the largest first.

    Raises:
        UnknownWordError: a file has no vector of the word.
        ParameterError: there are fewer than two files, or `topn` is below 1.

    References:
        Antoniak and Mimno 2018, "Evaluating the stability of embedding-based word similarities".

    Example:
        >>> one = Vectors(["cat", "dog", "car"], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
        >>> other = Vectors(["cat", "dog", "car"], [[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> [(it.word, it.share) for it in trusted_neighbors([one, other], "cat", topn=1)]
        [('dog', 0.5)]
    """
    return trusted_neighbors_batch(files, [word], topn)[0]


def trusted_neighbors_batch(
    files: Sequence[Vectors], words: Sequence[str], topn: int = 10
) -> list[list[TrustedNeighbor]]:
    """For each word what `trusted_neighbors` answers; what files have in common is found once.

    Args:
        files: as there.
        words: that all have.
        topn: as there.

    Returns:
        A list for every word.

    Raises:
        UnknownWordError: a file has no vector of a word.
        ParameterError: as there.
    """
    _check(files, topn)
    for vectors in files:
        vectors[words]
    common = CommonWords(files)
    named = [Counter[str]() for _ in words]
    for of_file in common.neighbors(words, topn):
        for counter, rows in zip(named, of_file.tolist(), strict=True):
            counter.update(common.words[row] for row in rows)
    both = zip(words, named, strict=True)
    return [_most_similar(files, word, counter)[:topn] for word, counter in both]


def _most_similar(
    files: Sequence[Vectors], word: str, named: Counter[str]
) -> list[TrustedNeighbor]:
    """The neighbors that files name so many times, those of largest mean cosine first."""
    found = []
    for neighbor, times in named.items():
        cosines = [vectors.similarity(word, neighbor) for vectors in files]
        found.append(TrustedNeighbor(neighbor, times / len(files), fmean(cosines), pstdev(cosines)))
    return sorted(found, key=lambda it: -it.similarity)


def measure_stability(
    files: Sequence[Vectors], topn: int = 10, words_per_band: int = WORDS_PER_BAND
) -> Stability:
    """How far files agree on the nearest neighbors of words, by the frequency of the words.

    The overlap of a word is the share of its `topn` nearest neighbors that two files have in
    common, the mean over all pairs of files: 1 where they agree, about topn / V by chance. The
    bands are the 100 most frequent words, the next 900, the next 9,000 and so on, in the order of
    the first file. Of a band at most so many words are looked at, the same ones every time.

    Args:
        files: at least two; words that not all have are left out.
        topn: neighbors of a word.
        words_per_band: of which the overlap is measured.

    Returns:
        The overlap, by band and by word.

    Raises:
        ParameterError: there are fewer than two files, fewer than three common words, or a number
            is below 1.

    References:
        Wendlandt, Kummerfeld and Mihalcea 2018, "Factors influencing the surprising instability of
        word embeddings".

    Example:
        >>> files = [
        ...     Vectors(["a", "b", "c", "d"], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [x, 0.9]])
        ...     for x in (0.1, 2.0)
        ... ]
        >>> measure_stability(files, topn=1).words
        (('a', 1.0), ('b', 1.0), ('c', 1.0), ('d', 0.0))
    """
    _check(files, topn)
    if words_per_band < 1:
        raise ParameterError(f"words_per_band is {words_per_band}, expected at least 1")
    common = CommonWords(files)
    size = len(common.words)
    if size < 3:
        raise ParameterError(
            f"the {len(files)} files have {size} words in common, expected at least 3; pass files "
            "of the same language and text"
        )
    topn = min(topn, size - 1)
    words: list[tuple[str, float]] = []
    bands = []
    for begin, end in _band_limits(size):
        chosen = np.sort(permutation(end - begin, begin, SAMPLED_WORDS)[:words_per_band]) + begin
        of_band = [common.words[row] for row in chosen.tolist()]
        overlaps = _overlaps(common.neighbors(of_band, topn))
        bands.append(Band(begin + 1, end, len(of_band), float(overlaps.mean())))
        words += zip(of_band, overlaps.tolist(), strict=True)
    return Stability(fmean(overlap for _, overlap in words), size, tuple(bands), tuple(words))


class CommonWords:
    """The words that all files have, in the order of the first, and their vectors in each.

    Args:
        files: of vectors.
    """

    def __init__(self, files: Sequence[Vectors]) -> None:
        rows_of = [vectors.key_to_index for vectors in files]
        self.words = [word for word in rows_of[0] if all(word in rows for rows in rows_of[1:])]
        self._row_of = {word: row for row, word in enumerate(self.words)}
        # Where each stands in each file, `(V,)` each.
        self.rows = [np.array([of_file[it] for it in self.words], int) for of_file in rows_of]
        self._matrices = [
            vectors.matrix[some] for vectors, some in zip(files, self.rows, strict=True)
        ]  # (V, D) each
        self._norms = [vectors.norms[some] for vectors, some in zip(files, self.rows, strict=True)]

    def row_of(self, word: str) -> int:
        """The number of a word among them.

        Raises:
            UnknownWordError: it is not one of them.
        """
        if word not in self._row_of:
            raise UnknownWordError(
                f'"{word}" is not in the vocabulary of every file; only the '
                f"{len(self.words):,} words that all of them list have neighbors to compare: "
                "try one of those"
            )
        return self._row_of[word]

    def neighbors(self, words: Sequence[str], topn: int) -> list[NDArray[np.int64]]:
        """In each file the rows of the nearest neighbors of words, `(n, topn)`.

        Raises:
            UnknownWordError: a word is not among the common ones.
        """
        rows = np.array([self.row_of(word) for word in words], dtype=np.int64)
        return [
            nearest(matrix, norms, query.normalize(matrix[rows]), topn, rows[:, None]).rows
            for matrix, norms in zip(self._matrices, self._norms, strict=True)
        ]


def _check(files: Sequence[Vectors], topn: int) -> None:
    if len(files) < 2:
        raise ParameterError(
            f"{len(files)} file of vectors says nothing of stability; pass two or more, trained "
            "with different seeds"
        )
    check_topn(topn)


def _band_limits(size: int) -> Iterator[tuple[int, int]]:
    """The first word of every band, and the one after its last: 0 to 100, to 1,000 and so on."""
    begin, end = 0, 100
    while begin < size:
        yield begin, min(end, size)
        begin, end = end, 10 * end


def _overlaps(neighbors: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """The mean share of neighbors that two files have in common. `(n, topn)` each `-> (n,)`."""
    shares = [
        (one[:, :, None] == other[:, None, :]).sum((1, 2)) / one.shape[1]
        for one, other in combinations(neighbors, 2)
    ]
    mean: NDArray[np.float64] = np.mean(shares, axis=0)
    return mean
