"""`HashingVectorizer`: columns by the hash of a term, so that nothing need be learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import murmurhash3_32

from textdl.bow.collecting import Collected
from textdl.bow.matrix import Block, as_configured, assemble
from textdl.bow.names import name_terms
from textdl.bow.vectorizer import Vectorizer
from textdl.bow.weighting import scaled
from textdl.errors import ParameterError
from textdl.parallel import count_jobs

MOST_FEATURES = np.iinfo(np.int32).max


@dataclass(kw_only=True, eq=False, repr=False)
class HashingVectorizer(Vectorizer):
    """Documents to a sparse matrix of hashed term counts, entry for entry as scikit-learn's.

    The parameters of `Vectorizer`, and these:

    Args:
        n_features: columns; different terms may share one.
        norm: ``l2``, ``l1`` or None, to which each row is scaled.
        alternate_sign: half of the terms count negative, so that collisions cancel out on average.

    Raises:
        ParameterError, CorpusError, CorpusReadError: as `CountVectorizer` does.

    Example:
        >>> vectorizer = HashingVectorizer(n_features=8, norm=None)
        >>> vectorizer.transform(["The cat sat on the cat"]).toarray()
        array([[ 0.,  0.,  0.,  0.,  1.,  0., -2.,  1.]])
    """

    n_features: int = 2**20
    norm: str | None = "l2"
    alternate_sign: bool = True

    def fit(self, X: Any, y: object = None) -> Self:
        """Check the parameters; there is nothing to learn."""
        self._check()
        self._source().check(X)
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
        dtype, jobs = np.dtype(self.dtype), count_jobs(self.n_jobs)
        parts = [
            assemble(found.rows, self._place(found), self.n_features, dtype, jobs)
            for found in self._collect_parts(X)
        ] or [sparse.csr_array((0, self.n_features), dtype=dtype)]
        matrix = parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")
        if self.binary:
            matrix.data.fill(1)
        return as_configured(scaled(matrix, self.norm))

    def column_of(self, term: str) -> int:
        """The column of a term, which others of the same hash share."""
        hashed: int = murmurhash3_32(term.encode("utf-8", "surrogatepass"))
        return abs(hashed) % self.n_features

    @property
    def _width(self) -> int:
        return self.n_features

    def _place(self, found: Collected) -> Callable[[Block], Block]:
        """Gives each term the column of its hash."""
        columns, signs = self._hash(found)
        width = self.n_features

        def place(block: Block) -> Block:
            data = block.data * signs.take(block.indices)
            entries = (data, columns.take(block.indices), block.indptr.copy())
            placed = sparse.csr_array(entries, shape=(block.shape[0], width))
            placed.sum_duplicates()
            return placed

        return place

    def _hash(self, found: Collected) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """`(N + 1,)` the column of every number, and its sign."""
        counter, present = found.counter, found.present()
        names = name_terms(counter.lexicon, counter.joint, counter.longest).of(present).encoded()
        hashes = np.zeros(len(found.document_frequency), np.int64)
        hashes[present] = [murmurhash3_32(name) for name in names]
        signs = np.where(hashes >= 0, 1, -1) if self.alternate_sign else np.ones_like(hashes)
        return (np.abs(hashes) % self.n_features).astype(np.int32), signs.astype(np.int32)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        features = self.n_features
        whole = isinstance(features, int | np.integer) and not isinstance(features, bool)
        if not whole or not 1 <= features <= MOST_FEATURES:
            raise ParameterError(
                f"n_features={features!r}; expected a whole number from 1 to {MOST_FEATURES:,}"
            )

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
