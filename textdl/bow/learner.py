"""Vectorizers that learn a vocabulary: at once, in parts, or put together from several."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.utils import check_array, metadata_routing

from textdl.bow.collecting import Collected, columns_of, learn, recount
from textdl.bow.matrix import as_configured, assemble, place_in
from textdl.bow.names import decode
from textdl.bow.pruning import Pruning
from textdl.bow.statistics import Dropped, Frequencies, Statistics, add, as_saved, from_saved, merge
from textdl.bow.vectorizer import Vectorizer
from textdl.bow.vocabulary import Columns, given_terms, untaught
from textdl.errors import ParameterError, TextdlError
from textdl.parallel import count_jobs


class NotFittedError(TextdlError, SklearnNotFittedError):  # type: ignore[misc]
    """A vectorizer is asked for what it has not learnt yet."""


class Learner(Vectorizer):
    """The methods of a vectorizer that learns a vocabulary."""

    # The documents are no metadata, though they are not called X.
    __metadata_request__fit: ClassVar = {"raw_documents": metadata_routing.UNUSED}
    __metadata_request__partial_fit: ClassVar = {"raw_documents": metadata_routing.UNUSED}
    __metadata_request__transform: ClassVar = {"raw_documents": metadata_routing.UNUSED}

    _parts: tuple[Statistics, ...] = ()  # of what was learnt at different times
    _fixed: bool = False  # whether the vocabulary was given
    _known: Columns | None = None  # follows from the parts

    def fit(self, raw_documents: Any, y: object = None) -> Self:
        """Learn the vocabulary."""
        self._begin()
        self._teach(self._collect(raw_documents, keep=False))
        _ = self._columns  # if no term is left, that is an error now, not later
        return self

    def fit_transform(self, raw_documents: Any, y: object = None) -> Any:
        """Learn the vocabulary and return the matrix `(documents, terms)`, in one pass."""
        return as_configured(self._fit_transform(raw_documents))

    def partial_fit(self, raw_documents: Any, y: object = None) -> Self:
        """Learn from more documents; the result is that of one `fit` to all of them."""
        self._check()
        self._teach(self._collect(raw_documents, keep=False))
        return self

    def merge(self, *others: Self) -> Self:
        """A new vectorizer that has learnt what this one and all `others` have.

        The order makes no difference, and the result is that of one `fit` to all documents.

        Raises:
            ParameterError: their parameters differ.
            NotFittedError: one has learnt nothing.
        """
        for other in others:
            _check_alike(self, other)
        merged: Self = clone(self)
        merged._fixed = self._fixed
        merged._parts = (self._statistics(), *(other._statistics() for other in others))
        return merged

    def transform(self, raw_documents: Any) -> Any:
        """The matrix `(documents, terms)` of documents, in the columns that were learnt."""
        return as_configured(self._transform(raw_documents))

    def inverse_transform(self, X: Any) -> list[NDArray[Any]]:
        """The terms of each row of `X`, in the order of columns."""
        names = np.array(decode(self._columns.terms))
        rows = sparse.csr_array(check_array(X, accept_sparse="csr"))
        rows.eliminate_zeros()
        rows.sort_indices()
        return [names[indices] for indices in np.split(rows.indices, rows.indptr[1:-1])]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """`(V,)` the term of each column."""
        return np.array(decode(self._columns.terms), dtype=object)

    @property
    def vocabulary_(self) -> dict[str, int]:
        """Term to column; may be set, to give a vocabulary instead of learning one."""
        return self._columns.index

    @vocabulary_.setter
    def vocabulary_(self, vocabulary: Any) -> None:
        self._forget()
        self._parts, self._fixed = (untaught(given_terms(vocabulary)),), True

    @property
    def fixed_vocabulary_(self) -> bool:
        """Whether the vocabulary was given, not learnt."""
        _ = self._columns
        return self._fixed

    @property
    def document_frequency_(self) -> Frequencies:
        """`(V,)` documents that have the term of each column."""
        return self._columns.document_frequency

    @property
    def term_frequency_(self) -> Frequencies:
        """`(V,)` occurrences of the term of each column."""
        return self._columns.term_frequency

    @property
    def n_documents_(self) -> int:
        """How many documents were learnt from."""
        return self._statistics().documents

    @property
    def dropped_(self) -> Dropped:
        """Tokens that are in no column."""
        return self._columns.dropped

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self._parts)

    def _content(self) -> tuple[dict[str, Any], dict[str, Any]]:
        arrays, learnt = as_saved(self._statistics())
        _, metadata = super()._content()
        return arrays, metadata | learnt | {"fixed": self._fixed}

    def _restore(self, arrays: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        self._parts = (from_saved(arrays, metadata),)
        self._fixed = metadata["fixed"]
        if not isinstance(self._fixed, bool):
            raise TypeError(f"fixed is {self._fixed!r}, expected true or false")
        if self._fixed:
            self.vocabulary = decode(self._parts[0].terms)

    def _begin(self) -> None:
        self._check()
        self._forget()

    def _forget(self) -> None:
        self._parts, self._fixed, self._known = (), False, None

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._pruning().check()

    def _dtype(self) -> np.dtype[Any]:
        """Of the matrix."""
        dtype: np.dtype[Any] = np.dtype(self.dtype)
        return dtype

    def _oddities(self) -> Iterator[str]:
        yield from super()._oddities()
        given = () if self.vocabulary is None or not self.lowercase else self.vocabulary
        if isinstance(given, Collection) and any(map(_has_upper_case, given)):
            yield (
                "Upper case characters found in vocabulary while 'lowercase' is True. These "
                "entries will not be matched with any documents"
            )

    def _pruning(self) -> Pruning:
        return Pruning(self.max_df, self.min_df, self.max_features, self.binary)

    def _teach(self, found: Collected) -> NDArray[np.int32]:
        """Add what was found; `(N + 1,)` the row of each number in its statistics, or -1."""
        if self.vocabulary is not None and not self._parts:
            self.vocabulary_ = self.vocabulary
        if self._fixed:
            rows = columns_of(found, self.vocabulary_)
            statistics = recount(found, rows, self._statistics().terms)
        else:
            statistics, rows = learn(found)
        self._parts = add(self._parts, statistics, fixed=self._fixed)
        self._known = None
        return rows

    def _statistics(self) -> Statistics:
        """All that was learnt."""
        if not self._parts:
            if self.vocabulary is None:
                raise NotFittedError(
                    f"vocabulary not fitted or provided: this {type(self).__name__} has learnt "
                    "nothing yet; call fit, or pass a vocabulary"
                )
            self.vocabulary_ = self.vocabulary
        self._parts = (merge(self._parts, fixed=self._fixed),)
        return self._parts[0]

    @property
    def _columns(self) -> Columns:
        """The terms that are columns."""
        if self._known is None:
            statistics = self._statistics()
            kept = np.arange(len(statistics.terms))
            if not self._fixed:
                kept = self._pruning().kept(statistics, np.dtype(self.dtype))
            self._known = Columns(statistics, kept)
        return self._known

    @property
    def _width(self) -> int:
        return len(self._columns.kept)

    def _fit_transform(self, raw_documents: Any) -> sparse.csr_array:
        self._begin()
        found = self._collect(raw_documents)
        rows = self._teach(found)
        column = np.full(len(self._statistics().terms) + 1, -1, np.int32)  # the last is for row -1
        column[self._columns.kept] = np.arange(len(self._columns.kept))
        return self._matrix(found.rows, column[rows])

    def _transform(self, raw_documents: Any) -> sparse.csr_array:
        self._check()
        index = self._columns.index
        parts = [
            self._matrix(found.rows, columns_of(found, index))
            for found in self._collect_parts(raw_documents)
        ]
        if not parts:
            return sparse.csr_array((0, len(index)), dtype=self._dtype())
        return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")

    def _matrix(
        self, blocks: list[sparse.csr_array], columns: NDArray[np.int32]
    ) -> sparse.csr_array:
        place = place_in(columns, self._width)
        matrix = assemble(blocks, place, self._width, self._dtype(), count_jobs(self.n_jobs))
        if self.binary:
            matrix.data.fill(1)
        return matrix


def _has_upper_case(term: Any) -> bool:
    return isinstance(term, str) and any(map(str.isupper, term))


def _check_alike(one: Learner, other: Learner) -> None:
    """Refuse to merge what was learnt in different ways."""
    ours, theirs = one.get_params(deep=False), other.get_params(deep=False)
    for name in (*ours, *theirs):
        differ = name != "n_jobs" and str(ours.get(name)) != str(theirs.get(name))
        if differ or type(one) is not type(other):
            raise ParameterError(
                f"cannot merge {type(one).__name__}({name}={ours.get(name)!r}) with "
                f"{type(other).__name__}({name}={theirs.get(name)!r}); fit both alike"
            )
