"""Counter-based random draws: each is a function of its key, such as (seed, purpose, epoch).

They are made on the host, from the raw bits of Philox (Salmon et al. 2011), which NumPy never
changes, so they depend neither on the number of threads nor on what was drawn before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Purposes: the second number of a key. One never changes its meaning, or old seeds would give other
# results.
SUBSAMPLING: Final = 0
WINDOWS: Final = 1
NOISE: Final = 2
BLOCK_ORDER: Final = 3
INITIAL_VALUES: Final = 4
MEMBER_SEED: Final = 5
HELD_OUT: Final = 8
INFERENCE: Final = 9
SEGMENT_ORDER: Final = 10
BOOTSTRAP: Final = 11
SAMPLED_WORDS: Final = 12
RANDOM_SPLIT: Final = 13
CROSS_VALIDATION: Final = 15

UINT32_RANGE: Final = 2**32  # how many numbers 32 bits are


def random_bits(size: int, *key: int) -> NDArray[np.uint32]:
    """Draw `size` words of 32 random bits; the same key gives the same bits.

    Example:
        >>> bool((random_bits(4, 1, NOISE, 0, 7) == random_bits(4, 1, NOISE, 0, 7)).all())
        True
    """
    generator = np.random.Philox(np.random.SeedSequence(key))
    return generator.random_raw((size + 1) // 2).view(np.uint32)[:size]


def uniform(size: int, *key: int) -> NDArray[np.float32]:
    """Draw `size` numbers from 0 to 1.

    Example:
        >>> bool((uniform(100, 1, INITIAL_VALUES) <= 1).all())
        True
    """
    return random_bits(size, *key).astype(np.float32) / np.float32(UINT32_RANGE)


def uniform_integers(size: int, below: int, *key: int) -> NDArray[np.int64]:
    """Draw `size` whole numbers from 0 to `below` - 1; `below` is at most 2^32.

    Example:
        >>> sorted(set(uniform_integers(100, 3, 1, WINDOWS).tolist()))
        [0, 1, 2]
    """
    return scaled_bits(random_bits(size, *key), below)


def scaled_bits(bits: NDArray[np.uint32], below: int) -> NDArray[np.int64]:
    """Random bits as whole numbers from 0 to `below` - 1 (Lemire 2019, without rejection)."""
    return ((bits.astype(np.uint64) * np.uint64(below)) >> np.uint64(32)).astype(np.int64)


def permutation(size: int, *key: int) -> NDArray[np.intp]:
    """Draw an order of `size` things.

    Example:
        >>> sorted(permutation(4, 1, BLOCK_ORDER).tolist())
        [0, 1, 2, 3]
    """
    return np.argsort(random_bits(size, *key), kind="stable")


def epoch_permutation(size: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """Draw an order of `size` things for an epoch.

    Args:
        size: of the order.
        seed: of 128 bits, such as the data of a JAX key.
        epoch: each has its own place in the stream of the seed.

    Returns:
        `(size,)` every number from 0 to `size - 1` once.

    Example:
        >>> sorted(epoch_permutation(4, seed=1, epoch=0).tolist())
        [0, 1, 2, 3]
    """
    stream = np.random.Philox(key=seed, counter=epoch << 192)
    return np.argsort(stream.random_raw(size), kind="stable")
