"""The merge of workers that trained copies of the same tables side by side."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from textdl.embed.bounds import bounded_merge
from textdl.embed.step import State


def merge_head(
    base: State, workers: tuple[State, ...], weight: Array, *, rows: int
) -> tuple[State, tuple[State, ...]]:
    """Merge the first `rows` rows, the frequent words, and leave the others as they are.

    Two dispatches, because XLA copies the tables when one dispatch both reads and writes them.

    Returns:
        The base and the workers, which are given away and now agree on those rows.
    """
    head = _merged_head(base, workers, weight, rows=rows)
    return _put_head(base, head), tuple(_put_head(worker, head) for worker in workers)


@partial(jax.jit, static_argnames="rows")
def _merged_head(base: State, workers: tuple[State, ...], weight: Array, *, rows: int) -> State:
    def first(state: State) -> State:
        return State(*(x[:rows] for x in state))

    return _sum_changes(first(base), tuple(map(first, workers)), weight[:rows])


@partial(jax.jit, donate_argnames="state")
def _put_head(state: State, head: State) -> State:
    def put(table: Array, rows: Array) -> Array:
        return lax.dynamic_update_slice(table, rows, (0,) * table.ndim)

    return State(*map(put, state, head))


@partial(jax.jit, donate_argnames=("base", "workers"))
def merge(
    base: State, workers: tuple[State, ...], weight: Array
) -> tuple[State, tuple[State, ...]]:
    """Merge every row.

    Returns:
        The base and the workers, which are given away and now agree: every worker starts its next
        round from its own copy, in the memory it had.
    """
    merged = _sum_changes(base, workers, weight)
    return merged, tuple(State(*map(jnp.copy, merged)) for _ in workers)


def _sum_changes(base: State, workers: tuple[State, ...], weight: Array) -> State:
    """Move row r by x <- x + weight_r Σ_w (x_w - x), not far beyond the mean of the workers."""

    def add(start: Array, *ends: Array) -> Array:
        changes = sum((end - start for end in ends), jnp.zeros_like(start))
        return bounded_merge(start, changes, weight, len(ends))

    return State(*map(add, base, *workers))
