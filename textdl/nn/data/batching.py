"""The order of the examples in an epoch, as row numbers: the data stay where they are.

An epoch is an array `(S, B)`, a batch being a row of it. The last batch is filled up with the row
number N, which does not exist: its weight is 0.
"""

from __future__ import annotations

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.keyed_random import epoch_permutation


def epoch_batches(
    size: int, batch_size: int, key: Array | None = None, epoch: int = 0
) -> NDArray[np.int32]:
    """The row numbers of an epoch: shuffled by `key`, in order without.

    Args:
        size: N examples.
        batch_size: B.
        key: of the order; None: in order.
        epoch: each has an order of its own.

    Returns:
        `(S, B)`, N where the last batch is filled up.

    Example:
        >>> epoch_batches(5, 2).tolist()
        [[0, 1], [2, 3], [4, 5]]
    """
    rows = np.arange(size) if key is None else shuffled(size, key, epoch)
    order = np.full(-(-size // batch_size) * batch_size, size, np.int32)
    order[:size] = rows
    return order.reshape(-1, batch_size)


def shuffled(size: int, key: Array, epoch: int = 0) -> NDArray[np.int64]:
    """The numbers below `size` in a random order, on the host, for that takes no compilation.

    Args:
        size: how many numbers.
        key: of the order.
        epoch: each has an order of its own.

    Returns:
        `(size,)`.

    Example:
        >>> sorted(shuffled(4, jax.random.key(0)).tolist())
        [0, 1, 2, 3]
    """
    seed = int.from_bytes(np.asarray(jax.random.key_data(key)).tobytes()[:16], "little")
    return epoch_permutation(size, seed, epoch)
