"""Examples on the device: features, targets and weights; and batches of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from textdl.errors import DataError, ParameterError
from textdl.nn.data.batching import shuffled
from textdl.nn.data.features import Features, as_features


class Dataset(NamedTuple):
    """`N` examples, made by `make_dataset`."""

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
            self.targets.at[rows].get(mode="clip"),
            self.weights.at[rows].get(mode="fill", fill_value=0),
        )

    def select(self, rows: NDArray[np.int64]) -> Dataset:
        """Some of the examples, in the order of `rows` `(M,)`."""
        features = self.features.select(rows).to_device()
        return Dataset(features, self.targets[rows], self.weights[rows])


class Batch(NamedTuple):
    """`B` examples; those that only fill the batch up have the weight 0."""

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

    Raises:
        DataError: there is no example, or the lengths differ.

    Example:
        >>> make_dataset([[0.0], [1.0]], [0, 1]).size
        2
    """
    known = as_features(features)
    size = known.size
    targets = jnp.asarray(targets)
    if size == 0:
        raise DataError(f"no examples: features have the shape {np.shape(features)}")
    weights = jnp.ones(size) if weights is None else jnp.asarray(weights, float)
    if not targets.ndim or not size == len(targets) == len(weights):
        found = f"{len(targets):,}" if targets.ndim else "no"
        raise DataError(
            f"{size:,} examples, {found} targets and {len(weights):,} weights; expected one of "
            "each per example"
        )
    return Dataset(known.to_device(), targets, weights)


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
    """Set a random fraction of the examples aside for validation.

    Args:
        data: N examples.
        fraction: above 0 and below 1.
        key: of the choice.

    Returns:
        The rest, and the examples set aside (at least one of each).

    Raises:
        ParameterError: the fraction is out of range, or there is one example only.

    Example:
        >>> import jax
        >>> data = make_dataset(np.eye(10), np.arange(10))
        >>> rest, validation = split_dataset(data, 0.2, jax.random.key(0))
        >>> rest.size, validation.size
        (8, 2)
    """
    if not 0 < fraction < 1 or data.size < 2:
        raise ParameterError(
            f"cannot set a fraction of {fraction} of {data.size:,} examples aside; expected a "
            "fraction between 0 and 1 and two examples"
        )
    order = shuffled(data.size, key)
    aside = min(max(round(fraction * data.size), 1), data.size - 1)
    return data.select(order[aside:]), data.select(order[:aside])
