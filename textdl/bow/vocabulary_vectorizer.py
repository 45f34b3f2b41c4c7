"""Learning a vocabulary: from documents to a matrix whose columns are terms.

`VocabularyVectorizer.fit_transform` is the whole way: count, learn columns, weigh. A subclass says
how counts are weighed (`_weigh`), and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.utils import check_array, metadata_routing

from textdl.bow import persistence
from textdl.bow.engine.counting import (
    CorpusCounts,
    DroppedTokens,
    Frequencies,
    count_corpus,
    make_counter,
)
from textdl.bow.engine.documents import make_reader
from textdl.bow.engine.matrix import assemble, count_term_lists, place_in, to_sklearn_sparse
from textdl.bow.parameters import VocabularyParameters, given_terms
from textdl.bow.vectorizer import Vectorizer
from textdl.bow.vocabulary import (
    Columns,
    CorpusStatistics,
    Pruning,
    add_part,
    build_statistics,
    columns_of_terms,
    decode_terms,
    merge,
    recount,
    zero_statistics,
)
from textdl.errors import ParameterError, TextdlError
from textdl.io.archive import Archive, ArchiveContent
from textdl.parallel import count_jobs

FEW_CHARACTERS = 10_000  # of documents that are cut and counted one by one, without a hash table


class NotFittedError(TextdlError, SklearnNotFittedError):  # type: ignore[misc]
    """A vectorizer is asked for what it has not learned yet."""


@dataclass(kw_only=True, eq=False, repr=False)
class VocabularyVectorizer(VocabularyParameters, Vectorizer):
    """A vectorizer that learns a vocabulary: at once, in parts, or put together from several."""

    # The documents are not metadata, though they are not called X.
    __metadata_request__fit: ClassVar = {"raw_documents": metadata_routing.UNUSED}
    __metadata_request__partial_fit: ClassVar = {"raw_documents": metadata_routing.UNUSED}
    __metadata_request__transform: ClassVar = {"raw_documents": metadata_routing.UNUSED}

    # Not annotated, or they would be parameters.
    _parts = cast("tuple[CorpusStatistics, ...]", ())  # of what was learned at different times
    _is_given = False  # the vocabulary was given
    _kept_columns = cast("Columns | None", None)  # follow from the parts

    def fit(self, raw_documents: Any, y: object = None) -> Self:
        """Learn the vocabulary.

        Args:
            raw_documents: texts, or what `input` says; or a `Path` or several, whose lines are
                texts.
            y: ignored, for pipelines.
        """
        self._check()
        self._forget()
        self._update_statistics(self._count(raw_documents, keep_documents=False))
        self._columns()  # if no term is left, that is an error now, not later
        return self

    def fit_transform(self, raw_documents: Any, y: object = None) -> Any:
        """Learn the vocabulary and make the matrix, in one pass over the documents.

        Args:
            raw_documents: texts, or what `input` says; or a `Path` or several, whose lines are
                texts.
            y: ignored, for pipelines.

        Returns:
            `(documents, terms)` sparse.
        """
        self._check()
        self._forget()
        counts = self._count(raw_documents, keep_documents=True)
        rows = self._update_statistics(counts)
        matrix = self._matrix(counts, self._columns().of_rows(rows))
        return to_sklearn_sparse(self._weigh(matrix))

    def partial_fit(self, raw_documents: Any, y: object = None) -> Self:
        """Learn from more documents; the result is that of one `fit` to all of them.

        Args:
            raw_documents: as `fit` takes them.
            y: ignored, for pipelines.
        """
        self._check()
        self._update_statistics(self._count(raw_documents, keep_documents=False))
        return self

    def transform(self, raw_documents: Any) -> Any:
        """The matrix `(documents, terms)` of documents, in the columns that were learned."""
        self._check_parameters()  # its warnings were given by fit
        self._check_weights()
        return to_sklearn_sparse(self._weigh(self._count_known(raw_documents)))

    def merge(self, *others: Self) -> Self:
        """A new vectorizer that has learned what this one and all `others` have.

        The order makes no difference, and the result is that of one `fit` to all documents.

        Raises:
            ParameterError: their parameters differ.
            NotFittedError: one has learned nothing.
        """
        for other in others:
            _require_same_parameters(self, other)
        merged: Self = clone(self)
        merged._is_given = self._is_given
        merged._parts = (self._statistics(), *(other._statistics() for other in others))
        return merged

    def inverse_transform(self, X: Any) -> list[NDArray[Any]]:
        """The terms of each row of `X`, in the order of columns."""
        names = np.array(decode_terms(self._columns().terms))
        rows = sparse.csr_array(check_array(X, accept_sparse="csr"))
        rows.eliminate_zeros()
        rows.sort_indices()
        return [names[indices] for indices in np.split(rows.indices, rows.indptr[1:-1])]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """`(V,)` the term of each column."""
        return np.array(decode_terms(self._columns().terms), dtype=object)

    @property
    def vocabulary_(self) -> dict[str, int]:
        """Term to column; may be set, to give a vocabulary instead of learning one."""
        return self._columns().index

    @vocabulary_.setter
    def vocabulary_(self, vocabulary: Any) -> None:
        self._forget()
        self._parts = (zero_statistics(given_terms(vocabulary)),)
        self._is_given = True

    @property
    def fixed_vocabulary_(self) -> bool:
        """Whether the vocabulary was given, not learned."""
        if not self._parts:
            return self.vocabulary is not None
        self._columns()
        return self._is_given

    @property
    def document_frequency_(self) -> Frequencies:
        """`(V,)` documents that have the term of each column."""
        return self._columns().document_frequency

    @property
    def term_frequency_(self) -> Frequencies:
        """`(V,)` occurrences of the term of each column."""
        return self._columns().term_frequency

    @property
    def n_documents_(self) -> int:
        """How many documents were learned from."""
        return self._statistics().documents

    @property
    def dropped_(self) -> DroppedTokens:
        """Tokens that are in no column."""
        return self._columns().dropped

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self._parts)

    # How counts become weights: a subclass overrides these.

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        """The weights of counts, whose matrix may be changed."""
        return counts

    def _matrix_dtype(self) -> np.dtype[Any]:
        """Of the matrix that is weighed."""
        dtype: np.dtype[Any] = np.dtype(self.dtype)
        return dtype

    def _check_weights(self) -> None:
        """Where weights were not learned, that is known before documents are read.

        Raises:
            NotFittedError: they were not.
        """

    def _forget_weights(self) -> None:
        """Forget weights that were set, which were for other statistics."""

    def _given_weights(self) -> dict[str, NDArray[Any]]:
        """Weights that were set, to be saved.

        Raises:
            ParameterError: one is not finite.
        """
        return {}

    def _restore_weights(self, weights: dict[str, NDArray[Any]]) -> None:
        """Take what `_given_weights` gave, which are among the arrays of a file.

        Raises:
            ValueError: they do not fit.
        """

    # What was learned.

    def _update_statistics(self, counts: CorpusCounts) -> NDArray[np.int32]:
        """Learn from counts; `(N + 1,)` the row of each id in its statistics, or -1."""
        if self.vocabulary is not None and not self._parts:
            self.vocabulary_ = self.vocabulary
        if self._is_given:
            rows = columns_of_terms(counts, self.vocabulary_)
            statistics = recount(counts, rows, self._statistics().terms)
        else:
            statistics, rows = build_statistics(counts)
        self._parts = add_part(self._parts, statistics, is_given=self._is_given)
        self._kept_columns = None
        self._forget_weights()
        return rows

    def _statistics(self) -> CorpusStatistics:
        """All that was learned.

        Raises:
            NotFittedError: nothing.
        """
        if not self._parts:
            if self.vocabulary is None:
                raise NotFittedError(
                    f"vocabulary not fitted or provided: this {type(self).__name__} has learned "
                    "nothing yet; call fit, or pass a vocabulary"
                )
            self.vocabulary_ = self.vocabulary
        self._parts = (merge(self._parts, is_given=self._is_given),)
        return self._parts[0]

    def _columns(self) -> Columns:
        """The terms that are columns."""
        if self._kept_columns is None:
            statistics = self._statistics()
            if self._is_given:
                kept = np.arange(len(statistics.document_frequency))
            else:
                kept = self._pruning().select(statistics, np.dtype(self.dtype))
            self._kept_columns = Columns(statistics, kept)
        return self._kept_columns

    def _pruning(self) -> Pruning:
        return Pruning(self.max_df, self.min_df, self.max_features, self.binary)

    def _forget(self) -> None:
        self._parts = ()
        self._is_given = False
        self._kept_columns = None
        self._forget_weights()

    @property
    def _width(self) -> int:
        return len(self._columns())

    def _count(self, documents: Any, *, keep_documents: bool) -> CorpusCounts:
        """Count the terms of all documents."""
        counter = make_counter(self)
        chunks = make_reader(self).chunks(documents, counter.size)
        return count_corpus(counter, chunks, count_jobs(self.n_jobs), keep_documents=keep_documents)

    def _matrix(self, counts: CorpusCounts, columns: NDArray[np.int32]) -> sparse.csr_array:
        """The counts of documents, given `(N + 1,)` the column of every id, or -1."""
        place = place_in(columns, self._width)
        jobs = count_jobs(self.n_jobs)
        matrix = assemble(counts.chunks, place, self._width, self._matrix_dtype(), jobs)
        if self.binary:
            matrix.data.fill(1)
        return matrix

    def _count_known(self, raw_documents: Any) -> sparse.csr_array:
        """The counts of documents in the columns that were learned."""
        index = self._columns().index
        if self._is_cut_by_pattern and _are_few(raw_documents):
            analyze = self.build_analyzer()
            counts = count_term_lists(map(analyze, raw_documents), index, self._matrix_dtype())
            if self.binary:
                counts.data.fill(1)
            return counts
        parts = [
            self._matrix(counts, columns_of_terms(counts, index))
            for counts in self._count_parts(raw_documents)
        ]
        if not parts:
            return sparse.csr_array((0, len(index)), dtype=self._matrix_dtype())
        return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")

    @property
    def _is_cut_by_pattern(self) -> bool:
        """Whether documents are texts, and neither a tokenizer nor a function makes the terms."""
        functions = (self.analyzer, self.preprocessor, self.strip_accents)
        return (
            self.input == "content" and self.tokenizer is None and not any(map(callable, functions))
        )

    def _to_archive(self) -> ArchiveContent:
        state, arrays = persistence.encode_statistics(self._statistics())
        return ArchiveContent(
            self._KIND,
            parameters=persistence.encode_parameters(self),
            state={**state, "is_given": self._is_given},
            arrays={**arrays, **self._given_weights()},
        )

    def _restore(self, archive: Archive) -> None:
        self._parts = (persistence.decode_statistics(archive),)
        self._is_given = archive.state["is_given"]
        if not isinstance(self._is_given, bool):
            raise TypeError(f"is_given is {self._is_given!r}, expected true or false")
        if self._is_given:
            self.vocabulary = decode_terms(self._parts[0].terms)
        self._restore_weights(archive.arrays)

    def _check_own_parameters(self) -> None:
        count_jobs(self.n_jobs)
        self._pruning().check()

    def _unused_parameter_warnings(self) -> Iterator[str]:
        given = () if self.vocabulary is None or not self.lowercase else self.vocabulary
        if isinstance(given, Collection) and any(map(_has_upper_case, given)):
            yield (
                "Upper case characters found in vocabulary while 'lowercase' is True. These "
                "entries will not be matched with any documents"
            )
        used = self._matrix_dtype()
        if used != np.dtype(self.dtype):
            yield f"Only float64 and float32 'dtype' should be used; {self.dtype} becomes {used}."


def _are_few(documents: Any) -> bool:
    """Whether documents are so few that a Python loop over their terms is faster."""
    return (
        isinstance(documents, list | tuple)
        and 0 < len(documents) <= FEW_CHARACTERS
        and all(isinstance(document, str) for document in documents)
        and sum(map(len, documents)) <= FEW_CHARACTERS
    )


def _has_upper_case(term: Any) -> bool:
    return isinstance(term, str) and any(map(str.isupper, term))


def _require_same_parameters(one: VocabularyVectorizer, other: VocabularyVectorizer) -> None:
    """Refuse to merge what was learned in different ways."""
    ours = one.get_params(deep=False)
    theirs = other.get_params(deep=False)
    for name in (*ours, *theirs):
        differ = name != "n_jobs" and str(ours.get(name)) != str(theirs.get(name))
        if differ or type(one) is not type(other):
            raise ParameterError(
                f"cannot merge {type(one).__name__}({name}={ours.get(name)!r}) with "
                f"{type(other).__name__}({name}={theirs.get(name)!r}); fit both alike"
            )
