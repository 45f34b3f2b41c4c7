"""Whether one file of vectors is better than another on a benchmark, or the difference is noise.

Both are asked what both know, and the bootstrap draws the same questions for both, so that a
question which is hard for both does not count as a difference.

References:
    Berg-Kirkpatrick et al. 2012, "An empirical investigation of statistical significance in NLP".
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.vectors.bootstrap import (
    NOWHERE,
    Interval,
    Statistic,
    figure_of,
    mean_of_rows,
    p_value,
    percentile_interval,
    resampled,
    spearman_of_rows,
)
from textdl.vectors.evaluate import RESTRICT_VOCAB, answer_analogies, score_pairs
from textdl.vectors.vectors import Vectors


class Comparison(NamedTuple):
    """Two files of vectors on the questions that both can be asked."""

    first: float  # the figure of the first
    second: float
    difference: float  # of the second from the first
    interval: Interval  # of the difference
    p_value: float  # of a difference so large, or larger, where there is none
    questions: int


def compare_word_pairs(first: Vectors, second: Vectors, path: str | os.PathLike[str]) -> Comparison:
    r"""Whether the rank correlation of one file's cosines with human scores is above another's.

    Args:
        first: one file of vectors.
        second: another.
        path: of the pairs, as `evaluate_word_pairs` reads them.

    Returns:
        Both correlations over the pairs that both know, and what can be said of their difference.

    References:
        Berg-Kirkpatrick et al. 2012, "An empirical investigation of statistical significance in
        NLP".

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> one = Vectors(["cat", "dog", "car"], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
        >>> other = Vectors(["cat", "dog", "car"], [[1.0, 0.0], [0.1, 0.9], [0.9, 0.1]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "pairs.txt")
        ...     _ = file.write_text("cat dog 9\ndog car 3\ncat car 2\n")
        ...     result = compare_word_pairs(one, other, file)
        >>> round(result.first, 3), round(result.second, 3), result.questions
        (1.0, -1.0, 3)
    """
    ours, human = score_pairs(first, path)
    theirs, _ = score_pairs(second, path)
    known = np.isfinite(ours) & np.isfinite(theirs)
    return _compare(spearman_of_rows, ours[known], theirs[known], human[known])


def compare_analogies(
    first: Vectors,
    second: Vectors,
    path: str | os.PathLike[str],
    restrict_vocab: int = RESTRICT_VOCAB,
    method: str = "3cosadd",
) -> Comparison:
    r"""Whether one file answers more analogies than another.

    Args:
        first: one file of vectors.
        second: another.
        path: of the questions, as `evaluate_analogies` reads them.
        restrict_vocab: as there.
        method: as there.

    Returns:
        Both shares of right answers to the questions that both can be asked, and what can be said
        of their difference.

    References:
        Berg-Kirkpatrick et al. 2012, "An empirical investigation of statistical significance in
        NLP".

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> words = ["man", "woman", "king", "queen"]
        >>> one = Vectors(words, [[1.0, 0.0], [-1.0, 0.0], [1.0, 1.0], [-1.0, 1.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "questions.txt")
        ...     _ = file.write_text("man woman king queen\nking queen man woman\n")
        ...     compare_analogies(one, one, file).difference
        0.0
    """
    _, ours = answer_analogies(first, path, restrict_vocab, method)
    _, theirs = answer_analogies(second, path, restrict_vocab, method)
    known = np.isfinite(ours) & np.isfinite(theirs)
    return _compare(mean_of_rows, ours[known], theirs[known])


def _compare(
    statistic: Statistic,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    *shared: NDArray[np.float64],
) -> Comparison:
    """Compare the figures of two columns, each beside the columns that are shared."""

    def difference(
        ours: NDArray[np.float64], theirs: NDArray[np.float64], *others: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return statistic(theirs, *others) - statistic(ours, *others)

    ours, theirs = (figure_of(statistic, (column, *shared)) for column in (first, second))
    found = Comparison(ours, theirs, theirs - ours, NOWHERE, float("nan"), len(first))
    if len(first) < 2:
        return found
    differences = resampled(difference, (first, second, *shared))
    return found._replace(interval=percentile_interval(differences), p_value=p_value(differences))
