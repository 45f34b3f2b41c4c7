"""Updating only the rows of a table that a batch uses: an option for very wide sparse features.

Adam moves every weight at every step, for its averages decay even where the gradient is 0. With a
vocabulary of a million words nearly all of that work is on rows that the batch does not touch. Here
a step sees the rows of the batch alone, their averages included, and the others stay as they were.
That is another algorithm ("lazy Adam"): rare rows keep their momentum from one use to the next, and
a regularizer shrinks the rows of the batch only.
"""

from __future__ import annotations

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax import Array

from textdl.nn.data.sparse import NO_COLUMN, SparseBatch

Tree = TypeVar("Tree")


def unique_columns(batch: SparseBatch, size: int) -> tuple[Array, SparseBatch]:
    """The distinct columns of a batch, each once at one of `P` places, and the batch over places.

    Args:
        batch: with columns below `size`, `(P,)`.
        size: rows of the table.

    Returns:
        The column at each place, `NO_COLUMN` where there is none, and the renumbered batch.

    Example:
        >>> batch = SparseBatch(jnp.array([3]), jnp.array([7, 2, 7]), jnp.ones(3))
        >>> columns, local = unique_columns(batch, 8)
        >>> columns.tolist() == [NO_COLUMN, 2, 7], local.columns.tolist()
        (True, [2, 1, 2])
    """
    places = jnp.arange(len(batch.columns), dtype=jnp.int32)
    # Of a column's places the last to be written stands for all: no sorting, which XLA is slow at.
    chosen = jnp.zeros(size, jnp.int32).at[batch.columns].set(places, mode="drop")
    place = chosen.at[batch.columns].get(mode="fill", fill_value=0)
    columns = jnp.where(place == places, batch.columns, NO_COLUMN)
    return columns, batch._replace(columns=place)


def has_rows(
    params: Any, state: optax.OptState, table: Array, optimizer: optax.GradientTransformation
) -> tuple[Any, Any]:
    """Mark the leaf `table` among the parameters, and what goes with it in the optimizer's state.

    Args:
        params: of a network.
        state: of the optimizer.
        table: `(V, ...)`, the leaf itself.
        optimizer: whose state it is.

    Returns:
        The two trees, with a bool in the place of every leaf.
    """
    is_table = jax.tree.map(lambda leaf: leaf is table, params)
    goes_with = optax.tree_map_params(
        optimizer, lambda _, it: it, state, is_table, transform_non_params=lambda _: False
    )
    return is_table, goes_with


def take_rows(tree: Tree, rows: Array, mask: Any) -> Tree:
    """The tree with only `rows` of those leaves that have them.

    Args:
        tree: of arrays.
        rows: `(P,)` int; `NO_COLUMN` gives a row of 0.
        mask: a bool for every leaf, whether it has the rows; see `has_rows`.

    Example:
        >>> take_rows((jnp.arange(3.0), jnp.ones(1)), jnp.array([2]), (True, False))[0].tolist()
        [2.0]
    """
    part: Tree = jax.tree.map(
        lambda leaf, it: leaf.at[rows].get(mode="fill", fill_value=0) if it else leaf, tree, mask
    )
    return part


def scatter_rows(tree: Tree, part: Tree, rows: Array, mask: Any) -> Tree:
    """The part, put back into the tree it was taken from.

    Args:
        tree: of arrays.
        part: what `take_rows` made of it, changed.
        rows: `(P,)` int; what is at `NO_COLUMN` goes nowhere.
        mask: as for `take_rows`.

    Example:
        >>> scatter_rows((jnp.zeros(3),), (jnp.array([7.0]),), jnp.array([2]), (True,))[0].tolist()
        [0.0, 0.0, 7.0]
    """
    whole: Tree = jax.tree.map(
        lambda leaf, new, it: leaf.at[rows].set(new, mode="drop") if it else new, tree, part, mask
    )
    return whole
