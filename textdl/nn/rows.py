"""Updating only the rows of a table that a batch uses: an option for very wide sparse features.

Adam moves every weight at every step, for its averages decay even where the gradient is 0. With a
vocabulary of a million words nearly all of that work is on rows that the batch does not touch. Here
a step sees the rows of the batch alone, their averages included, and the others stay as they were.
That is another algorithm ("lazy Adam"): rare rows keep their momentum from one use to the next, and
a penalty shrinks the rows of the batch only.
"""

from __future__ import annotations

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax import Array

from textdl.nn.sparse import NO_COLUMN, SparseBatch

Tree = TypeVar("Tree")


def renumber(batch: SparseBatch) -> tuple[Array, SparseBatch]:
    """The distinct columns `(P,)` of a batch, filled up with `NO_COLUMN`, and the batch over them.

    Example:
        >>> batch = SparseBatch(jnp.array([3]), jnp.array([7, 2, 7]), jnp.ones(3))
        >>> columns, local = renumber(batch)
        >>> columns[:2].tolist(), local.columns.tolist()
        ([2, 7], [1, 0, 1])
    """
    columns, places = jnp.unique(
        batch.columns, size=len(batch.columns), return_inverse=True, fill_value=NO_COLUMN
    )
    return columns, batch._replace(columns=places)


def has_rows(
    params: Any, state: optax.OptState, table: Array, optimizer: optax.GradientTransformation
) -> tuple[Any, Any]:
    """Mark the leaf `table` among the parameters, and what goes with it in the optimizer's state.

    Returns:
        The two trees, with a bool in the place of every leaf.
    """
    is_table = jax.tree.map(lambda leaf: leaf is table, params)
    goes_with = optax.tree_map_params(
        optimizer, lambda _, it: it, state, is_table, transform_non_params=lambda _: False
    )
    return is_table, goes_with


def take_rows(tree: Tree, rows: Array, has: Any) -> Tree:
    """The tree with only `rows` of those leaves that have them."""
    part: Tree = jax.tree.map(
        lambda leaf, it: leaf.at[rows].get(mode="fill", fill_value=0) if it else leaf, tree, has
    )
    return part


def put_rows(tree: Tree, part: Tree, rows: Array, has: Any) -> Tree:
    """The part, put back into the tree it was taken from; `NO_COLUMN` goes nowhere."""
    whole: Tree = jax.tree.map(
        lambda leaf, new, it: leaf.at[rows].set(new, mode="drop") if it else new, tree, part, has
    )
    return whole
