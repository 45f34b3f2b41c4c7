"""Update rules: how rows of a table move, given the gradient of every row that was used.

A rule is a pair of pure functions. `rows` may repeat: the rules sum over repetitions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

EPSILON = 1e-8  # keeps the first step of a row finite


class UpdateRule(NamedTuple):
    """A rule: what it remembers of every row, and how it moves rows."""

    init: Callable[[int], Array]  # rows V -> accumulator
    # (table (V, D), accumulator, rows (n,), gradient (n, D), rate ()) -> (table, accumulator)
    apply: Callable[[Array, Array, Array, Array, Array], tuple[Array, Array]]


def _no_accumulator(_size: int) -> Array:
    return jnp.zeros(0, jnp.float32)


def _sgd(
    table: Array, accumulator: Array, rows: Array, gradient: Array, rate: Array
) -> tuple[Array, Array]:
    """x_r <- x_r - rate Σ g, over the occurrences of row r."""
    return table.at[rows].add(-rate * gradient), accumulator


def _row_accumulator(size: int) -> Array:
    return jnp.zeros(size, jnp.float32)  # (V,)


def _adagrad(
    table: Array, accumulator: Array, rows: Array, gradient: Array, rate: Array
) -> tuple[Array, Array]:
    """a_r <- a_r + Σ mean_d(g²), then x_r <- x_r - rate Σ g / sqrt(a_r + ε).

    One accumulator a row (Duchi et al. 2011 has one an entry). Every occurrence of a row in the
    step is counted before any of them moves it, which is what keeps large steps stable.
    """
    accumulator = accumulator.at[rows].add(jnp.mean(gradient**2, axis=-1))
    scale = rate / jnp.sqrt(accumulator[rows] + EPSILON)
    return table.at[rows].add(-scale[..., None] * gradient), accumulator


UPDATE_RULES = {
    "sgd": UpdateRule(_no_accumulator, _sgd),
    "adagrad": UpdateRule(_row_accumulator, _adagrad),
}
