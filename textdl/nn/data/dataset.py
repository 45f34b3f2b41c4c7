"""Examples: features behind one protocol, with targets and weights; and batches of them.

The data stay where they are: an epoch is an array `(S, B)` of row numbers, of which each row is a
batch. The last batch is padded with the row number N, which does not exist: its weight is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental.sparse import BCOO
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError, ParameterError
from textdl.keyed_random import epoch_permutation
from textdl.nn.data.dense import DenseRows, gather_rows
from textdl.nn.data.packed_sequences import PackedSequences
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

        It stays what it was `before` if that is enough, because each capacity is compiled
        separately.
        """
        ...

    def groups(self) -> list[NDArray[np.int64]]:
        """The numbers of the examples, divided by the shape that their batches have."""
        ...

    def arrange(self, order: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """The batches of `order` `(S, B)` in parts, each with a capacity of its own.

        Examples may change places, so that those of a batch suit each other.
        """
        ...

    def batches(self, batch_size: int) -> Iterator[Any]:
        """All examples in order, in batches of equal shapes: at least one, the last padded."""
        ...

    def padded(self) -> Self:
        """The same with examples without content behind them, where that saves compilations."""
        ...

    def to_device(self) -> Self:
        """The same features as arrays on the device."""
        ...


def as_features(features: Any) -> Features:
    """Put features of any kind behind the protocol.

    Args:
        features: `(N, ...)` array-like, a SciPy sparse matrix or a `BCOO`, which stay sparse, or
            what is behind the protocol already, such as `Sequences`.

    Returns:
        The features, not yet copied to the device.

    Raises:
        DataError: a `BCOO` does not have two sparse axes.

    Example:
        >>> as_features([[1.0, 2.0], [3.0, 4.0]]).size
        2
    """
    if isinstance(features, DenseRows | SparseRows | Sequences | PackedSequences):
        return features
    features = without_bcoo(features)
    if hasattr(features, "tocsr"):
        return from_csr(features.tocsr())
    values: Any = features if isinstance(features, jax.Array) else np.asarray(features)
    return DenseRows(values)


def without_bcoo(features: Any) -> Any:
    """Features of any kind, a `BCOO` converted to a SciPy matrix.

    Raises:
        DataError: a `BCOO` does not have two sparse axes.

    Example:
        >>> without_bcoo([[1.0]])
        [[1.0]]
    """
    return from_bcoo(features) if isinstance(features, BCOO) else features


class Dataset(NamedTuple):
    """`N` examples, made by `make_dataset`.

    Example:
        >>> data = make_dataset([[0.0], [1.0], [2.0]], [0, 1, 1])
        >>> data.size, data.targets.shape, data.select(np.array([2])).targets.tolist()
        (3, (3,), [1])
    """

    features: Features  # of N examples
    targets: Array  # (N, ...)
    weights: Array  # (N,) float

    @property
    def size(self) -> int:
        """N."""
        return int(self.weights.shape[0])

    def take(self, rows: Array, capacity: int) -> Batch:
        """The examples `rows` `(B,)`, under `jit`; where a row is N, its weight is 0."""
        return Batch(
            self.features.take(rows, capacity),
            gather_rows(self.targets, rows, "clip"),
            gather_rows(self.weights, rows, "fill"),
        )

    def padded(self) -> Dataset:
        """With examples of weight 0 behind them, of a round number where the features are padded.

        Programs are compiled for sizes of arrays: so one serves data of similar sizes.
        """
        features = self.features.padded()
        if features is self.features:
            return self
        more = features.size - self.size
        targets = np.asarray(self.targets)
        rows_only = [(0, more)] + [(0, 0)] * (targets.ndim - 1)
        return Dataset(
            features.to_device(),
            jnp.asarray(np.pad(targets, rows_only)),
            jnp.asarray(np.pad(np.asarray(self.weights), (0, more))),
        )

    def select(self, rows: NDArray[np.int64]) -> Dataset:
        """Some of the examples, in the order of `rows` `(M,)`."""
        features = self.features.select(rows).to_device()
        return Dataset(features, self.targets[rows], self.weights[rows])


class Batch(NamedTuple):
    """`B` examples; padding has the weight 0."""

    features: Any  # (B, ...), a `SparseBatch` or a `SequenceBatch`
    targets: Array  # (B, ...)
    weights: Array  # (B,) float


def make_dataset(features: Any, targets: ArrayLike, weights: ArrayLike | None = None) -> Dataset:
    """Put examples on the device.

    Args:
        features: `(N, ...)` array-like, a SciPy sparse matrix or `BCOO`, which stay sparse, or
            `Sequences`.
        targets: `(N, ...)`.
        weights: `(N,)` of the examples; None: 1 each.

    Returns:
        The examples, whose arrays are on the device.

    Raises:
        DataError: there is no example, or the lengths differ.

    Example:
        >>> make_dataset([[0.0], [1.0]], [0, 1]).size
        2
    """
    known = as_features(features)
    size = known.size
    targets = _to_device(targets)
    if size == 0:
        raise DataError(f"no examples: features have the shape {np.shape(features)}")
    weights = jnp.asarray(np.ones(size) if weights is None else weights, float)
    if not targets.ndim or not size == len(targets) == len(weights):
        found = f"{len(targets):,}" if targets.ndim else "no"
        raise DataError(
            f"{size:,} examples, {found} targets and {len(weights):,} weights; expected one of "
            "each per example"
        )
    return Dataset(known.to_device(), targets, weights)


def _to_device(values: ArrayLike) -> Array:
    """Values on the device; for those of NumPy `jnp.asarray` compiles a program for each shape."""
    if type(values) is np.ndarray:
        # A copy, or the device may read what the caller changes.
        copy: Array = jax.device_put(values.copy())
        return copy
    return jnp.asarray(values)


def check_dataset(data: Any, name: str = "data") -> None:
    """Refuse what is not a dataset.

    Raises:
        DataError: it is not.

    Example:
        >>> check_dataset([1.0], "x")
        Traceback (most recent call last):
            ...
        textdl.errors.DataError: x is of type list; expected nn.make_dataset(features, targets)
    """
    if not isinstance(data, Dataset):
        raise DataError(
            f"{name} is of type {type(data).__name__}; expected nn.make_dataset(features, targets)"
        )


def split_dataset(data: Dataset, fraction: float, key: Array) -> tuple[Dataset, Dataset]:
    """Hold out a random fraction of the examples for validation.

    Args:
        data: N examples.
        fraction: above 0 and below 1.
        key: of the choice.

    Returns:
        The training examples and the validation examples, at least one of each.

    Raises:
        ParameterError: the fraction is out of range, or there is only one example.

    Example:
        >>> data = make_dataset(np.eye(10), np.arange(10))
        >>> training, validation = split_dataset(data, 0.2, jax.random.key(0))
        >>> training.size, validation.size
        (8, 2)
    """
    if not 0 < fraction < 1 or data.size < 2:
        raise ParameterError(
            f"fraction={fraction} of {data.size:,} examples cannot be held out; expected a "
            "fraction above 0 and below 1, and at least two examples"
        )
    order = permutation(data.size, key)
    held_out = min(max(round(fraction * data.size), 1), data.size - 1)
    return data.select(order[held_out:]), data.select(order[:held_out])


def epoch_batches(
    size: int, batch_size: int, key: Array | int | None = None, epoch: int = 0
) -> NDArray[np.int32]:
    """The row numbers of an epoch: shuffled by `key`, in order without one.

    Args:
        size: N examples.
        batch_size: B.
        key: of the order, or what `shuffling_seed` made of it; None: in order.
        epoch: each has its own order.

    Returns:
        `(S, B)`, N in the padding of the last batch.

    Example:
        >>> epoch_batches(5, 2).tolist()
        [[0, 1], [2, 3], [4, 5]]
    """
    rows = np.arange(size) if key is None else permutation(size, key, epoch)
    order = np.full(-(-size // batch_size) * batch_size, size, np.int32)
    order[:size] = rows
    return order.reshape(-1, batch_size)


def permutation(size: int, key: Array | int, epoch: int = 0) -> NDArray[np.int64]:
    """The numbers below `size` in a random order, drawn on the host, which needs no compilation.

    Args:
        size: how many numbers.
        key: of the order, or what `shuffling_seed` made of it.
        epoch: each has its own order.

    Returns:
        `(size,)`.

    Example:
        >>> sorted(permutation(4, jax.random.key(0)).tolist())
        [0, 1, 2, 3]
    """
    seed = key if isinstance(key, int) else shuffling_seed(key)
    return epoch_permutation(size, seed, epoch)


def shuffling_seed(key: Array) -> int:
    """The number that orders are drawn from, for who draws many: to read a key takes a while.

    Example:
        >>> key = jax.random.key(0)
        >>> bool((permutation(9, shuffling_seed(key)) == permutation(9, key)).all())
        True
    """
    return int.from_bytes(np.asarray(jax.random.key_data(key)).tobytes()[:16], "little")
