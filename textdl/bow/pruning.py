"""Which terms of a corpus become columns."""

from __future__ import annotations

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.bow.statistics import Statistics
from textdl.errors import CorpusError, ParameterError


class Pruning(NamedTuple):
    """Which terms become columns."""

    max_df: float  # a share of the documents if it is no int
    min_df: float
    max_features: int | None
    binary: bool  # a term counts once a document

    def check(self) -> None:
        """Refuse what is out of range.

        Raises:
            ParameterError: a limit is.
        """
        for name, limit in (("max_df", self.max_df), ("min_df", self.min_df)):
            whole = isinstance(limit, Integral) and not isinstance(limit, bool)
            if not (limit >= 1 if whole else isinstance(limit, Real) and 0 <= limit <= 1):
                raise ParameterError(
                    f"{name}={limit!r}; expected a number of documents from 1 (an int), or a share "
                    "of them from 0.0 to 1.0 (a float)"
                )
        most = self.max_features
        if most is not None and not (isinstance(most, Integral) and most >= 1):
            raise ParameterError(f"max_features={most!r}; expected a whole number from 1, or None")

    def kept(self, statistics: Statistics, dtype: np.dtype[np.generic]) -> NDArray[np.int64]:
        """Rows of the terms that become columns, in order.

        Raises:
            CorpusError: there is no term.
            ParameterError: `max_df` and `min_df` contradict each other, or no term remains.
        """
        if not len(statistics.terms):
            raise CorpusError(
                f"empty vocabulary: {statistics.documents:,} documents have no terms; perhaps the "
                "documents only contain stop words"
            )
        most, least = (
            limit if isinstance(limit, Integral) else limit * statistics.documents
            for limit in (self.max_df, self.min_df)
        )
        if most < least:
            raise ParameterError(
                f"max_df={self.max_df} corresponds to < documents than min_df={self.min_df}: of "
                f"{statistics.documents:,} documents that is {most:g} and {least:g}"
            )
        frequency = statistics.document_frequency
        rows = np.flatnonzero((frequency >= least) & (frequency <= most))
        if self.max_features is not None and len(rows) > self.max_features:
            total = frequency if self.binary else statistics.term_frequency
            # scikit-learn breaks ties by this very sort of these very numbers, which are sums.
            sums = total[rows].astype(np.zeros(0, dtype).sum().dtype)
            best = (-sums).argsort()[: self.max_features]
            rows = np.sort(rows[best])
        if not len(rows):
            raise ParameterError(
                f"after pruning, no terms remain of {len(frequency):,}; try a lower min_df (it is "
                f"{self.min_df}) or a higher max_df ({self.max_df})"
            )
        return rows
