"""How the tables of workers are copied, synchronized and merged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.tables import Tables
from textdl.embed.update import bounded_merge, copy_tables

# The rows of a table: its first ones, as their number, or any, as `(n,)` int32.
Rows: TypeAlias = "int | Array"
RowWeights: TypeAlias = Mapping[str, Any]  # (rows,) float32, by table


def frequent_rows(expected_updates: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The rows of a table that have the most expected updates, in ascending order.

    Args:
        expected_updates: `(rows,)`.
        count: of rows, at most.

    Example:
        >>> frequent_rows(np.array([1.0, 9.0, 4.0]), 2).tolist()
        [1, 2]
    """
    return np.sort(np.argsort(-expected_updates, kind="stable")[:count])


def as_rows(ids: NDArray[np.intp]) -> Rows:
    """The fastest way to say which rows: those that come first are copied as one piece.

    Example:
        >>> as_rows(np.array([0, 1, 2])), as_rows(np.array([1, 2])).tolist()
        (3, [1, 2])
    """
    is_prefix = len(ids) == 0 or ids[-1] == len(ids) - 1
    return len(ids) if is_prefix else jnp.asarray(ids, jnp.int32)


def sync_frequent_rows(
    shared: Tables,
    workers: tuple[Tables, ...],
    weights: RowWeights,
    rows: Mapping[str, Rows],
) -> tuple[Tables, tuple[Tables, ...]]:
    """Merge some rows of each table, and leave the others as they are.

    Two calls, because XLA copies the tables when one call both reads and writes them.

    Args:
        shared: what the workers agreed on.
        workers: the tables of each; like `shared`, they are donated.
        weights: from `merge_weights`, `(rows,)` float32 by table.
        rows: of each table.

    Returns:
        The shared tables and the workers', which now agree on those rows.
    """
    prefixes = tuple((name, some) for name, some in rows.items() if isinstance(some, int))
    ids = {name: some for name, some in rows.items() if not isinstance(some, int)}
    merged = _merged_rows(shared, workers, weights, ids, prefixes)
    put = partial(_put_rows, rows=merged, ids=ids)
    return put(shared), tuple(put(worker) for worker in workers)


@partial(jax.jit, static_argnames="prefixes")
def _merged_rows(
    shared: Tables,
    workers: tuple[Tables, ...],
    weights: RowWeights,
    ids: Mapping[str, Array],
    prefixes: tuple[tuple[str, int], ...],
) -> Tables:
    def taken(tables: Mapping[str, Array]) -> Tables:
        first = {name: tables[name][:size] for name, size in prefixes}
        return first | {name: tables[name][some] for name, some in ids.items()}

    return apply_deltas(taken(shared), tuple(map(taken, workers)), taken(weights))


@partial(jax.jit, donate_argnames="tables")
def _put_rows(tables: Tables, rows: Tables, ids: Mapping[str, Array]) -> Tables:
    def put(name: str, table: Array) -> Array:
        if name in ids:
            return table.at[ids[name]].set(rows[name], unique_indices=True, indices_are_sorted=True)
        return lax.dynamic_update_slice(table, rows[name], (0,) * table.ndim)

    return {name: put(name, table) for name, table in tables.items()}


@partial(jax.jit, donate_argnames="shared")
def merge(shared: Tables, workers: tuple[Tables, ...], weights: RowWeights) -> Tables:
    """Merge every row.

    Args:
        shared: what the workers agreed on; it is donated.
        workers: the tables of each.
        weights: from `merge_weights`, `(rows,)` float32 by table.

    Returns:
        What they agree on now.
    """
    return apply_deltas(shared, workers, weights)


def apply_deltas(shared: Tables, workers: tuple[Tables, ...], weights: RowWeights) -> Tables:
    """Move row r by x <- x + weight_r Σ_w (x_w - x), not far beyond the mean of the workers.

    Args:
        shared: x, by table.
        workers: x_w, by worker and table.
        weights: from `merge_weights`, `(rows,)` float32 by table.

    Returns:
        The new tables.
    """

    def moved(name: str, start: Array) -> Array:
        ends = [worker[name] for worker in workers]
        deltas = sum((end - start for end in ends), jnp.zeros_like(start))
        return bounded_merge(start, deltas, weights[name], len(ends))

    return {name: moved(name, start) for name, start in shared.items()}


# Rows of the tables


def take_rows(tables: Tables, working: Mapping[str, Array]) -> Tables:
    """What the workers copy: the working set of a large table, all of the others.

    Args:
        tables: by name.
        working: `(C,)` int32 by table; a number beyond the table stands for no row.

    Returns:
        Tables, of which those with a working set have `C` rows.
    """
    taken: Tables = _taken({name: tables[name] for name in working}, working)
    return tables | taken


@jax.jit
def _taken(tables: Tables, working: Mapping[str, Array]) -> Tables:
    return {name: tables[name].at[rows].get(mode="clip") for name, rows in working.items()}


def put_rows(tables: Tables, merged: Tables, working: Mapping[str, Array]) -> Tables:
    """Put what `take_rows` took, and the workers changed, back into the tables.

    Args:
        tables: by name; those with a working set are donated.
        merged: what the workers agree on.
        working: as in `take_rows`.

    Returns:
        The whole tables.
    """
    large = {name: tables[name] for name in working}
    put: Tables = _put_working(large, {name: merged[name] for name in working}, working)
    return merged | put


@partial(jax.jit, donate_argnames="tables")
def _put_working(tables: Tables, merged: Tables, working: Mapping[str, Array]) -> Tables:
    return {
        name: tables[name].at[rows].set(merged[name], mode="drop") for name, rows in working.items()
    }


def copies_of(tables: Tables, into: tuple[Tables, ...], count: int) -> tuple[Tables, ...]:
    """Copy the tables for each worker, into the memory of its last copy where that fits.

    Args:
        tables: by name.
        into: the copies of the round before; they are donated.
        count: of copies.

    Returns:
        The copies.
    """
    shapes = {name: table.shape for name, table in tables.items()}
    if into and shapes == {name: table.shape for name, table in into[0].items()}:
        return tuple(_copied_into(memory, tables) for memory in into)
    return tuple(copy_tables(tables) for _ in range(count))


@partial(jax.jit, donate_argnames="memory", keep_unused=True)
def _copied_into(memory: Tables, tables: Tables) -> Tables:
    return {name: jnp.copy(table) for name, table in tables.items()}
