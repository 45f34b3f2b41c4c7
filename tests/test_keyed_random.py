"""Counter-based draws: functions of their keys, and the same in every version."""

import numpy as np
import pytest

from textdl.keyed_random import (
    NOISE,
    WINDOWS,
    epoch_permutation,
    permutation,
    random_bits,
    uniform,
    uniform_integers,
)

# Old seeds must give the old results: these are the bits of version 0.1.
FIRST_BITS = [2693167509, 1286888010, 1439471257]


def test_bits_are_a_function_of_their_key():
    assert (random_bits(101, 1, NOISE, 2, 3) == random_bits(101, 1, NOISE, 2, 3)).all()
    keys = [(1, NOISE, 2, 3), (2, NOISE, 2, 3), (1, WINDOWS, 2, 3), (1, NOISE, 3, 2)]
    assert len({random_bits(4, *key).tobytes() for key in keys}) == len(keys)


def test_bits_of_a_seed_never_change():
    assert random_bits(3, 1, NOISE, 0, 0).tolist() == FIRST_BITS


def test_uniform_numbers_are_those_bits():
    assert uniform(3, 1, NOISE, 0, 0).tolist() == [
        np.float32(np.float32(bits) / np.float32(2**32)) for bits in FIRST_BITS
    ]


@pytest.mark.parametrize("below", [1, 2, 7, 2**32])
def test_uniform_integers_are_those_bits_scaled(below):
    expected = [bits * below // 2**32 for bits in FIRST_BITS]
    assert uniform_integers(3, below, 1, NOISE, 0, 0).tolist() == expected


@pytest.mark.parametrize("size", [0, 1, 2, 1001])
def test_permutations_hold_every_number_once(size):
    orders = [permutation(size, 1, NOISE), permutation(size, 2, NOISE)]
    orders += [epoch_permutation(size, 2**127, epoch) for epoch in (0, 1)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(size))
    if size > 2:
        assert len({order.tobytes() for order in orders}) == len(orders)
