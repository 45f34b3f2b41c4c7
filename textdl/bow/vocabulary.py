"""The columns of a matrix: terms that were learnt and kept, or that were given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.bow.names import decode
from textdl.bow.statistics import Dropped, Frequencies, Statistics
from textdl.errors import ParameterError
from textdl.string_array import StringArray


class Columns:
    """The terms of a corpus that are columns.

    Args:
        statistics: of all terms.
        kept: `(V,)` rows of those that are columns, in the order of columns.
    """

    def __init__(self, statistics: Statistics, kept: NDArray[np.int64]) -> None:
        self.statistics, self.kept = statistics, kept

    @property
    def document_frequency(self) -> Frequencies:
        """`(V,)` documents that have the term of each column."""
        return self.statistics.document_frequency[self.kept]

    @property
    def term_frequency(self) -> Frequencies:
        """`(V,)` occurrences of the term of each column."""
        return self.statistics.term_frequency[self.kept]

    @property
    def dropped(self) -> Dropped:
        """Tokens that are in no column."""
        pruned = int(self.statistics.term_frequency.sum() - self.term_frequency.sum())
        dropped = self.statistics.dropped
        return dropped._replace(unknown=dropped.unknown + pruned)

    @cached_property
    def terms(self) -> StringArray:
        """The terms of the columns."""
        if len(self.kept) == len(self.statistics.terms):
            return self.statistics.terms
        names = self.statistics.terms.encoded()
        return StringArray.from_encoded(names[row] for row in self.kept.tolist())

    @cached_property
    def index(self) -> dict[str, int]:
        """Term to column."""
        return {term: column for column, term in enumerate(decode(self.terms))}


def given_terms(vocabulary: Any) -> list[str]:
    """The terms of a vocabulary that a user gives, in the order of columns.

    Args:
        vocabulary: terms, in order; a set of terms, to be sorted; or a map of terms to columns.

    Raises:
        ParameterError: it is empty, names a term or a column twice, or leaves a column out.

    Example:
        >>> given_terms({"cat": 1, "sat": 0}), given_terms({"b", "a"}), given_terms("xy")
        (['sat', 'cat'], ['a', 'b'], ['x', 'y'])
    """
    terms = _by_column(vocabulary) if isinstance(vocabulary, Mapping) else _listed(vocabulary)
    if not terms:
        raise ParameterError("empty vocabulary passed to fit; expected at least one term")
    for term in terms:
        if not isinstance(term, str):
            raise ParameterError(f"the vocabulary holds {term!r}; expected terms of type str")
    return terms


def _listed(vocabulary: Any) -> list[str]:
    if not isinstance(vocabulary, Iterable):
        raise ParameterError(f"vocabulary={vocabulary!r}; expected terms, or a map to columns")
    terms = sorted(vocabulary) if isinstance(vocabulary, set) else list(vocabulary)
    first: dict[str, int] = {}
    for column, term in enumerate(terms):
        if first.setdefault(term, column) != column:
            raise ParameterError(
                f"duplicate term in vocabulary: {term!r} is column {first[term]} and {column}"
            )
    return terms


def _by_column(vocabulary: Mapping[str, int]) -> list[str]:
    terms = {column: term for term, column in vocabulary.items()}
    if len(terms) != len(vocabulary):
        raise ParameterError("the vocabulary contains repeated indices; number its terms from 0")
    for column in range(len(terms)):
        if column not in terms:
            raise ParameterError(
                f"the vocabulary of size {len(terms)} doesn't contain index {column}; number its "
                "terms from 0 without gaps"
            )
    return [terms[column] for column in range(len(terms))]


def untaught(terms: list[str]) -> Statistics:
    """Terms that no corpus has been counted for."""
    labels = StringArray.from_encoded(term.encode("utf-8", "surrogatepass") for term in terms)
    none = np.zeros(len(terms), np.int64)
    return Statistics(labels, none, none, 0)
