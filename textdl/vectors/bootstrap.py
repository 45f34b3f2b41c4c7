"""The bootstrap: how far a figure might be off, had the questions of a test been others.

The questions that were asked are drawn anew, with replacement, as many as there are; the figure
over what was drawn, again and again, spreads as the figure does between such tests.

References:
    Efron and Tibshirani 1993, "An introduction to the bootstrap" (percentile intervals).
    Berg-Kirkpatrick et al. 2012, "An empirical investigation of statistical significance in NLP"
    (paired differences).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from textdl.keyed_random import BOOTSTRAP, uniform_integers

# Of columns of questions drawn anew, `(R, n)` each, the figure of every row, `(R,)`.
Statistic: TypeAlias = Callable[..., NDArray[np.float64]]

RESAMPLES = 1_000
TAILS = (0.025, 0.975)  # of the draws, which an interval leaves out
_NUMBERS_PER_BLOCK = 1 << 20


class Interval(NamedTuple):
    """Where a figure lies, at 95 % confidence."""

    low: float
    high: float


NOWHERE = Interval(float("nan"), float("nan"))


def figure_of(statistic: Statistic, columns: Sequence[NDArray[Any]]) -> float:
    """The figure of the questions as they were asked."""
    if len(columns[0]) == 0:
        return float("nan")
    return float(statistic(*(column[None] for column in columns))[0])


def interval_of(statistic: Statistic, columns: tuple[NDArray[Any], ...]) -> Interval:
    """Where the figure lies; nowhere, of fewer than two questions."""
    if len(columns[0]) < 2:
        return NOWHERE
    return percentile_interval(resampled(statistic, columns))


def resampled(
    statistic: Statistic, columns: tuple[NDArray[Any], ...], resamples: int = RESAMPLES
) -> NDArray[np.float64]:
    """A figure over questions that are drawn anew, again and again; the same draws every time.

    Args:
        statistic: of columns of questions.
        columns: `(n,)` each, what is known of every question.
        resamples: R, how often.

    Returns:
        `(R,)`.

    Example:
        >>> figures = resampled(mean_of_rows, (np.array([0.0, 1.0, 1.0, 1.0]),))
        >>> figures.shape, bool(0.7 < figures.mean() < 0.8)
        ((1000,), True)
    """
    size = len(columns[0])
    rows_per_block = max(1, _NUMBERS_PER_BLOCK // size)
    figures = []
    for number, begin in enumerate(range(0, resamples, rows_per_block)):
        rows = min(rows_per_block, resamples - begin)
        drawn = uniform_integers(rows * size, size, BOOTSTRAP, number).reshape(rows, size)
        figures.append(statistic(*(column[drawn] for column in columns)))
    return np.concatenate(figures)


def percentile_interval(figures: NDArray[np.float64]) -> Interval:
    """The middle 95 % of resampled figures; those that are not defined are left out.

    Example:
        >>> percentile_interval(np.arange(1001.0))
        Interval(low=25.0, high=975.0)
    """
    defined = figures[np.isfinite(figures)]
    if not len(defined):
        return NOWHERE
    low, high = np.quantile(defined, TAILS)
    return Interval(float(low), float(high))


def p_value(differences: NDArray[np.float64]) -> float:
    """How probable a difference so far from 0 is where there is none, on either side.

        p = 2 min(P(d <= 0), P(d >= 0))

    Each count has one added to it, for the test as it was asked is one of the draws.

    Args:
        differences: `(R,)`, resampled.

    Example:
        >>> p_value(np.ones(999)), p_value(np.tile([-1.0, 1.0], 500))
        (0.002, 1.0)
    """
    defined = differences[np.isfinite(differences)]
    sides = (np.count_nonzero(defined <= 0) + 1, np.count_nonzero(defined >= 0) + 1)
    return float(min(1.0, 2 * min(sides) / (len(defined) + 1)))


# Statistics


def mean_of_rows(values: NDArray[Any]) -> NDArray[np.float64]:
    """`(R, n) -> (R,)`."""
    means: NDArray[np.float64] = values.mean(axis=-1, dtype=np.float64)
    return means


def pearson_of_rows(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """The correlation of every row, NaN where one side does not vary. `(R, n)` twice `-> (R,)`."""
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    spread = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    with np.errstate(invalid="ignore"):
        correlation: NDArray[np.float64] = (x * y).sum(-1) / np.where(spread > 0, spread, np.nan)
    return correlation


def spearman_of_rows(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """The rank correlation of every row, ties sharing their mean rank. `(R, n)` twice `-> (R,)`."""
    return pearson_of_rows(rankdata(x, axis=-1), rankdata(y, axis=-1))
