"""Training data on the device, and the mini-batches drawn from it.

A batch is named by its row numbers, so an epoch is an array `order` `(S, B)` of row numbers: the
data stay where they are. The last batch is filled up with the row number N, which does not exist:
its weight is 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError, ParameterError
from textdl.keyed_random import epoch_permutation
from textdl.nn.bcoo import without_bcoo
from textdl.nn.sparse import SparseBatch, SparseRows, capacity_for, from_csr


class Data(NamedTuple):
    """`N` examples."""

    features: Array | SparseRows  # (N, ...), or the sparse rows of a matrix
    targets: Array  # (N, ...)
    weights: Array  # (N,) float

    @property
    def size(self) -> int:
        """N."""
        return int(self.weights.shape[0])


class Batch(NamedTuple):
    """`B` examples; those that only fill the batch up have the weight 0."""

    features: Array | SparseBatch  # (B, ...)
    targets: Array  # (B, ...)
    weights: Array  # (B,) float


def make_data(features: Any, targets: ArrayLike, weights: ArrayLike | None = None) -> Data:
    """Put examples on the device.

    Args:
        features: `(N, ...)` array-like, or a SciPy sparse matrix or `BCOO`, which stay sparse.
        targets: `(N, ...)`.
        weights: `(N,)` of the examples; None: 1 each.

    Raises:
        DataError: there is no example, or the lengths differ.

    Example:
        >>> make_data([[0.0], [1.0]], [0, 1]).size
        2
    """
    size, targets = np.shape(features)[0] if np.shape(features) else 0, jnp.asarray(targets)
    weights = jnp.ones(size) if weights is None else jnp.asarray(weights, float)
    if size == 0:
        raise DataError(f"no examples: features have the shape {np.shape(features)}")
    if not size == len(targets) == len(weights):
        raise DataError(
            f"{size:,} examples, {len(targets):,} targets and {len(weights):,} weights; expected "
            "one of each an example"
        )
    return Data(put_features(features), targets, weights)


def put_features(features: Any) -> Array | SparseRows:
    """Features on the device as floats, sparse if they are."""
    features = without_bcoo(features)
    if hasattr(features, "tocsr"):
        return from_csr(features.tocsr())
    return jnp.asarray(features, float)


def split(data: Data, fraction: float, key: Array) -> tuple[Data, Data]:
    """Set a random fraction of the examples aside for validation.

    Returns:
        The rest, and the examples set aside (at least one of each).

    Example:
        >>> rest, aside = split(make_data(np.eye(10), np.arange(10)), 0.2, jax.random.key(0))
        >>> rest.size, aside.size
        (8, 2)
    """
    if not 0 < fraction < 1 or data.size < 2:
        raise ParameterError(
            f"cannot set a fraction of {fraction} of {data.size:,} examples aside; expected a "
            "fraction between 0 and 1 and two examples"
        )
    order = shuffled(data.size, key)
    aside = min(max(round(fraction * data.size), 1), data.size - 1)

    return select(data, order[aside:]), select(data, order[:aside])


def select(data: Data, rows: NDArray[np.int64]) -> Data:
    """Some of the examples, in the order of `rows`."""
    features = data.features
    if isinstance(features, SparseRows):
        return Data(features.select(rows), data.targets[rows], data.weights[rows])
    return Data(features[rows], data.targets[rows], data.weights[rows])


def shuffled(size: int, key: Array, epoch: int = 0) -> NDArray[np.int64]:
    """The numbers below `size` in a random order, on the host, for that takes no compilation."""
    seed = int.from_bytes(np.asarray(jax.random.key_data(key)).tobytes()[:16], "little")
    return epoch_permutation(size, seed, epoch)


def batches(
    size: int, batch_size: int, key: Array | None = None, epoch: int = 0
) -> NDArray[np.int32]:
    """The row numbers of an epoch, `(S, B)`: shuffled by `key`, in order without.

    Example:
        >>> batches(5, 2).tolist()
        [[0, 1], [2, 3], [4, 5]]
    """
    rows = np.arange(size) if key is None else shuffled(size, key, epoch)
    order = np.full(-(-size // batch_size) * batch_size, size, np.int32)
    order[:size] = rows
    return order.reshape(-1, batch_size)


def capacity(data: Data, order: NDArray[np.int32], before: int = 0) -> int:
    """Non-zeros to make room for in a batch, `before` if enough; 0 for dense features."""
    if isinstance(data.features, SparseRows):
        return capacity_for(np.asarray(data.features.starts), order, before)
    return 0


def take(data: Data, rows: Array, room: int) -> Batch:
    """The examples `rows` `(B,)`; where a row is N, its weight is 0."""
    if isinstance(data.features, SparseRows):
        features: Array | SparseBatch = data.features.take(rows, room)
    else:
        features = data.features.at[rows].get(mode="clip")
    targets = data.targets.at[rows].get(mode="clip")
    return Batch(features, targets, data.weights.at[rows].get(mode="fill", fill_value=0))
