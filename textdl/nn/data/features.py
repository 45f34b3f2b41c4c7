"""Features of examples: what training and prediction know of them, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, Self

import jax
import numpy as np
from jax import Array
from jax.experimental.sparse import BCOO
from numpy.typing import NDArray

from textdl.nn.data.dense import DenseRows
from textdl.nn.data.sequences import Sequences
from textdl.nn.data.sparse import SparseRows, from_bcoo, from_csr


class Features(Protocol):
    """The features of N examples: a NamedTuple of arrays, on the host or on the device."""

    @property
    def size(self) -> int:
        """N."""
        ...

    def take(self, rows: Array, capacity: int) -> Any:
        """The rows `(B,)` as a layer takes them, under `jit`; a row N has any content."""
        ...

    def select(self, rows: NDArray[np.int64]) -> Self:
        """Some of the examples, in the order of `rows` `(M,)`."""
        ...

    def capacity(self, order: NDArray[np.int32], before: int = 0) -> int:
        """Entries to reserve in every batch of `order` `(S, B)`; 0 where their number is fixed.

        It stays what it was `before` if that is enough, for every capacity is compiled for.
        """
        ...

    def batches(self, batch_size: int) -> Iterator[Any]:
        """All examples in order, in batches of equal shapes: at least one, the last filled up."""
        ...

    def to_device(self) -> Self:
        """The same, where JAX computes."""
        ...


def as_features(features: Any) -> Features:
    """Features of any kind behind the protocol.

    Args:
        features: `(N, ...)` array-like, a SciPy sparse matrix or a `BCOO`, which stay sparse, or
            what is behind the protocol already, such as `Sequences`.

    Raises:
        DataError: a `BCOO` has not two sparse axes.

    Example:
        >>> as_features([[1.0, 2.0], [3.0, 4.0]]).size
        2
    """
    if isinstance(features, DenseRows | SparseRows | Sequences):
        return features
    features = without_bcoo(features)
    if hasattr(features, "tocsr"):
        return from_csr(features.tocsr())
    values: Any = features if isinstance(features, jax.Array) else np.asarray(features)
    return DenseRows(values)


def without_bcoo(features: Any) -> Any:
    """Features of any kind, a `BCOO` as a SciPy matrix.

    Raises:
        DataError: as `from_bcoo` does.

    Example:
        >>> without_bcoo([[1.0]])
        [[1.0]]
    """
    return from_bcoo(features) if isinstance(features, BCOO) else features
