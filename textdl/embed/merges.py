"""How the tables of workers are copied, synchronized and merged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.embed.tables import Tables
from textdl.embed.update import bounded_merge

ROWS_PER_SLICE = 1 << 11  # of a working set that are merged at once

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


def merge(
    tables: Tables,
    shared: Tables,
    workers: tuple[Tables, ...],
    weights: RowWeights,
    working: Mapping[str, Array],
) -> Tables:
    """Merge every row that the workers have.

    Args:
        tables: by name; those with a working set are donated.
        shared: what the workers agreed on: of a working set its first rows, all of other tables; it
            is donated.
        workers: the tables of each, as `copies_of` made them.
        weights: from `merge_weights`, `(rows,)` float32 by table.
        working: `(C,)` int32 by table, the rows of its working set.

    Returns:
        The tables, with what the workers agree on now.
    """
    whole = shared.keys() - working.keys()
    of_whole = partial(_only, whole)
    of_sets = partial(_only, working)
    merged: Tables = _merge_whole(
        of_whole(shared), tuple(map(of_whole, workers)), of_whole(weights)
    )
    put: Tables = _merge_working_sets(
        of_sets(tables), of_sets(shared), tuple(map(of_sets, workers)), of_sets(weights), working
    )
    return merged | put


def _only(names: Iterable[str], tables: Mapping[str, Array]) -> Tables:
    return {name: tables[name] for name in sorted(names)}


@partial(jax.jit, donate_argnames="shared")
def _merge_whole(shared: Tables, workers: tuple[Tables, ...], weights: RowWeights) -> Tables:
    return apply_deltas(shared, workers, weights)


@partial(jax.jit, donate_argnames="tables")
def _merge_working_sets(
    tables: Tables,
    frequent: Tables,
    workers: tuple[Tables, ...],
    weights: RowWeights,
    working: Mapping[str, Array],
) -> Tables:
    """Merge working sets into the tables that they were taken from.

    A few rows at a time, so that it takes next to no memory.
    """

    def merged(name: str) -> Array:
        rows = working[name]
        of_set = tuple(worker[name] for worker in workers), weights[name], rows
        size = math.gcd(len(rows), ROWS_PER_SLICE)

        def merge_slice(number: Array, table: Array) -> Array:
            ends, its_weights, its_rows = jax.tree.map(
                lambda whole: lax.dynamic_slice_in_dim(whole, number * size, size), of_set
            )
            start = _rows_of(table, its_rows)
            moved = _apply_deltas(start, ends, its_weights)
            return table.at[its_rows].set(moved, mode="drop")

        # The workers agree on these, so that the merge leaves them as they are.
        of_frequent = rows[: len(frequent[name])]
        table = tables[name].at[of_frequent].set(frequent[name], mode="drop")
        whole: Array = lax.fori_loop(0, len(rows) // size, merge_slice, table)
        return whole

    return {name: merged(name) for name in tables}


def apply_deltas(shared: Tables, workers: tuple[Tables, ...], weights: RowWeights) -> Tables:
    """Move row r by x <- x + weight_r Σ_w (x_w - x), not far beyond the mean of the workers.

    Args:
        shared: x, by table.
        workers: x_w, by worker and table.
        weights: from `merge_weights`, `(rows,)` float32 by table.

    Returns:
        The new tables.
    """
    return {
        name: _apply_deltas(start, [worker[name] for worker in workers], weights[name])
        for name, start in shared.items()
    }


def _apply_deltas(start: Array, ends: Sequence[Array], weights: Array) -> Array:
    deltas = sum((end - start for end in ends), jnp.zeros_like(start))
    return bounded_merge(start, deltas, weights, len(ends))


# Working sets


def take_rows(tables: Tables, rows: Mapping[str, Array]) -> Tables:
    """Some rows of each table that has an entry in `rows`.

    Args:
        tables: by name.
        rows: `(n,)` int32 by table; a number beyond the table stands for no row.
    """
    taken: Tables = _taken({name: tables[name] for name in rows}, rows)
    return taken


@jax.jit
def _taken(tables: Tables, rows: Mapping[str, Array]) -> Tables:
    return {name: _rows_of(tables[name], some) for name, some in rows.items()}


def _rows_of(table: Array, rows: Array) -> Array:
    return table.at[rows].get(mode="clip")


def copies_of(
    tables: Tables, working: Mapping[str, Array], into: tuple[Tables, ...], count: int
) -> tuple[Tables, ...]:
    """Copy what each worker trains: the working set of a large table, all of the others.

    It goes into the memory of the last copies where that fits, and that is freed where not.

    Args:
        tables: by name.
        working: `(C,)` int32 by table, as in `take_rows`.
        into: the copies of the round before; they are donated.
        count: of copies.

    Returns:
        The copies, in which a table with a working set has `C` rows.
    """
    rows = {name: len(working.get(name, table)) for name, table in tables.items()}
    if into and rows == {name: len(table) for name, table in into[0].items()}:
        return tuple(_copied_into(memory, tables, working) for memory in into)
    for table in jax.tree.leaves(into):
        table.delete()
    return tuple(_copied(tables, working) for _ in range(count))


def _copy(tables: Tables, working: Mapping[str, Array]) -> Tables:
    return {
        name: _rows_of(table, working[name]) if name in working else jnp.copy(table)
        for name, table in tables.items()
    }


_copied = jax.jit(_copy)


@partial(jax.jit, donate_argnames="memory", keep_unused=True)
def _copied_into(memory: Tables, tables: Tables, working: Mapping[str, Array]) -> Tables:
    return _copy(tables, working)
