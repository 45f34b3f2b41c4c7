"""`HashingVectorizer`: columns by the hash of a term, so that nothing need be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import murmurhash3_32

from textdl.bow.engine.counting import CorpusCounts
from textdl.bow.engine.documents import make_reader
from textdl.bow.engine.matrix import Place, TermCounts, assemble, normalize_rows, to_sklearn_sparse
from textdl.bow.parameters import HashingParameters
from textdl.bow.vectorizer import Vectorizer
from textdl.io.archive import ArchiveKind
from textdl.parallel import count_jobs
from textdl.parameters import document_parameters


@document_parameters
@dataclass(kw_only=True, eq=False, repr=False)
class HashingVectorizer(HashingParameters, Vectorizer):
    """Documents to a sparse matrix of hashed term counts, entry for entry as scikit-learn's.

    Documents are those of `CountVectorizer`.

    Args:
        {parameters}

    Raises:
        ParameterError, CorpusError, CorpusReadError: as `CountVectorizer` does.

    References:
        Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning".

    Example:
        >>> vectorizer = HashingVectorizer(n_features=8, norm=None)
        >>> vectorizer.transform(["The cat sat on the cat"]).toarray()
        array([[ 0.,  0.,  0.,  0.,  1.,  0., -2.,  1.]])
    """

    _KIND: ClassVar = ArchiveKind("HashingVectorizer", {})

    def fit(self, X: Any, y: object = None) -> Self:
        """Check the parameters; there is nothing to learn."""
        self._check()
        make_reader(self).check(X)
        return self

    def partial_fit(self, X: Any, y: object = None) -> Self:
        """Check the parameters; there is nothing to learn."""
        return self.fit(X)

    def fit_transform(self, X: Any, y: object = None) -> Any:
        """The matrix `(documents, n_features)` of documents."""
        return self.transform(X)

    def transform(self, X: Any) -> Any:
        """The matrix `(documents, n_features)` of documents."""
        self._check()
        dtype = np.dtype(self.dtype)
        jobs = count_jobs(self.n_jobs)
        parts = [
            assemble(counts.chunks, self._place(counts), self.n_features, dtype, jobs)
            for counts in self._count_parts(X)
        ] or [sparse.csr_array((0, self.n_features), dtype=dtype)]
        matrix = parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")
        if self.binary:
            matrix.data.fill(1)
        return to_sklearn_sparse(normalize_rows(matrix, self.norm))

    def column_of(self, term: str) -> int:
        """The column of a term, which others of the same hash share."""
        hashed: int = murmurhash3_32(term.encode("utf-8", "surrogatepass"))
        return abs(hashed) % self.n_features

    @property
    def _width(self) -> int:
        return self.n_features

    def _place(self, counts: CorpusCounts) -> Place:
        """What gives each term the column of its hash."""
        columns, signs = self._hash(counts)
        width = self.n_features

        def place(block: TermCounts) -> sparse.csr_array:
            order = np.argsort(columns[block.terms], kind="stable").astype(np.int32)
            terms = block.terms[order]
            placed = block.in_columns(columns[terms], order, width, signs[terms])
            placed.sum_duplicates()
            return placed

        return place

    def _hash(self, counts: CorpusCounts) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """`(N + 1,)` the column of every id, and its sign."""
        present = counts.present()
        names = counts.names().encoded(present)
        hashes = np.zeros(len(counts.document_frequency), np.int64)
        hashes[present] = [murmurhash3_32(name) for name in names]
        signs = np.where(hashes >= 0, 1, -1) if self.alternate_sign else np.ones_like(hashes)
        return (np.abs(hashes) % self.n_features).astype(np.int32), signs.astype(np.int32)

    def _check_own_parameters(self) -> None:
        count_jobs(self.n_jobs)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
