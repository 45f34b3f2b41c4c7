"""One gradient step, and steps one after another: an epoch, or a part of one, in one dispatch.

`lazy_step` updates only the rows of a table that a batch uses: an option for very wide sparse
features. Adam moves every weight at every step, because its averages decay even where the gradient
is 0. With a vocabulary of a million words nearly all of that work is on rows that the batch does
not touch. A lazy step sees only the rows of the batch, including their averages, and the others
stay unchanged. That is another algorithm ("lazy Adam"): rare rows keep their momentum from one use
to the next, and a regularizer shrinks the rows of the batch only.

References:
    Bottou, Curtis and Nocedal 2018, "Optimization methods for large-scale machine learning";
    TensorFlow Addons, `LazyAdam`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from jax.extend.core import Literal

from textdl.jax_settings import loop_body
from textdl.nn.data.dataset import Batch, Dataset
from textdl.nn.data.sparse import NO_COLUMN, SparseBatch
from textdl.nn.layers.sequential import Params
from textdl.nn.regularizers import Regularizer
from textdl.nn.training.objective import Objective, compute_metrics, means_of, with_penalty

Tree = TypeVar("Tree")

MOST_FILLED_ON_HOST = 1 << 20  # numbers; more would be in memory twice while they are copied


class TrainState(NamedTuple):
    """Everything that training changes.

    Example:
        >>> params = (jnp.zeros(2),)
        >>> TrainState(params, optax.adam(1e-3).init(params)).params[0].shape
        (2,)
    """

    params: Params
    optimizer: optax.OptState


def initial_state(params: Params, optimizer: optax.GradientTransformation) -> TrainState:
    """The state before the first step.

    Optimizers begin with arrays of one number. Small ones are filled on the host: to compile a
    program for them, or to load it from a cache, takes longer than many an epoch.

    Args:
        params: of a network.
        optimizer: that will change them.

    Returns:
        The parameters as they are, and what the optimizer keeps of them.

    Example:
        >>> state = initial_state((jnp.ones(2),), optax.adam(1.0))
        >>> state.optimizer[0].mu[0].tolist()
        [0.0, 0.0]
    """
    program, shapes = jax.make_jaxpr(optimizer.init, return_shape=True)(params)
    leaves, structure = jax.tree.flatten(shapes)
    constants = [_constant_of(program.jaxpr, output) for output in program.jaxpr.outvars]
    if None in constants or sum(leaf.size for leaf in leaves) > MOST_FILLED_ON_HOST:
        return TrainState(params, jax.jit(optimizer.init)(params))
    filled = [
        np.full(leaf.shape, constant, leaf.dtype)
        for leaf, constant in zip(leaves, constants, strict=True)
    ]
    return TrainState(params, jax.tree.unflatten(structure, jax.device_put(filled)))


def _constant_of(jaxpr: Any, output: Any) -> Any:
    """The number that an output is filled with; None where it is something else."""
    if isinstance(output, Literal):
        return output.val
    for equation in jaxpr.eqns:
        if output in equation.outvars and equation.primitive.name == "broadcast_in_dim":
            (operand,) = equation.invars
            return operand.val if isinstance(operand, Literal) else None
    return None


def step(
    state: TrainState,
    batch: Batch,
    key: Array | None,
    rate: Array | float,
    objective: Objective,
    optimizer: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """Take one gradient step, and compute the metrics of the batch.

    Args:
        state: before.
        batch: B examples.
        key: of what the network draws, such as dropout.
        rate: what the updates of the optimizer are multiplied by.
        objective: what is minimized.
        optimizer: of the state.

    Returns:
        The state after, and the weighted means of the loss and the metrics.
    """
    total = batch.weights.sum()
    total = jnp.where(total > 0, total, jnp.inf)  # no regularizer where no example counts

    def loss(params: Params) -> tuple[Array, dict[str, Array]]:
        outputs = objective.network.apply(params, batch.features, key=key)
        metrics = compute_metrics(objective, outputs, batch)
        return metrics["loss"], metrics

    (value, metrics), gradient = jax.value_and_grad(loss, has_aux=True)(state.params)
    if objective.regularizer is not None:
        # Only its gradient: the value would take another pass over all weights.
        shrink = _gradient_of(objective.regularizer)(state.params)
        gradient = jax.tree.map(lambda g, r: g + r / total, gradient, shrink)
    updates, after = optax.with_extra_args_support(optimizer).update(
        gradient, state.optimizer, state.params, value=value
    )
    frozen = objective.network.frozen(state.params)
    updates = jax.tree.map(
        lambda update, stays: (
            jnp.zeros_like(update) if stays else jnp.asarray(rate, update.dtype) * update
        ),
        updates,
        frozen,
    )
    return TrainState(optax.apply_updates(state.params, updates), after), metrics


def _gradient_of(regularizer: Callable[[Params], Array]) -> Callable[[Params], Any]:
    return regularizer.gradient if isinstance(regularizer, Regularizer) else jax.grad(regularizer)


def lazy_step(
    state: TrainState,
    batch: Batch,
    key: Array | None,
    rate: Array | float,
    objective: Objective,
    optimizer: optax.GradientTransformation,
) -> tuple[TrainState, dict[str, Array]]:
    """Take the step only on those rows of the objective's lazy table that a sparse batch uses.

    Args:
        state: before.
        batch: B sparse examples.
        key: of what the network draws.
        rate: what the updates of the optimizer are multiplied by.
        objective: what is minimized, with `lazy_rows`.
        optimizer: of the state.

    Returns:
        As `step` does.
    """
    assert objective.lazy_rows is not None
    table = objective.lazy_rows(state.params)
    mask = TrainState(*has_rows(*state, table, optimizer))
    rows, features = unique_columns(batch.features, len(table))
    part = take_rows(state, rows, mask)
    batch = batch._replace(features=features)
    part, metrics = step(part, batch, key, rate, objective, optimizer)
    return scatter_rows(state, part, rows, mask), metrics


def unique_columns(batch: SparseBatch, size: int) -> tuple[Array, SparseBatch]:
    """Find the distinct columns of a batch, and renumber the columns of the batch.

    Args:
        batch: with columns below `size`, `(P,)`.
        size: rows of the table.

    Returns:
        The distinct columns at some of `P` positions, `NO_COLUMN` at the others, and the batch with
        these positions as its columns.

    Example:
        >>> batch = SparseBatch(jnp.array([3]), jnp.array([7, 2, 7]), jnp.ones(3))
        >>> columns, local = unique_columns(batch, 8)
        >>> columns.tolist() == [NO_COLUMN, 2, 7], local.columns.tolist()
        (True, [2, 1, 2])
    """
    positions = jnp.arange(len(batch.columns), dtype=jnp.int32)
    # The position written last represents a column: this avoids sorting, which is slow in XLA.
    chosen = jnp.zeros(size, jnp.int32).at[batch.columns].set(positions, mode="drop")
    position = chosen.at[batch.columns].get(mode="fill", fill_value=0)
    columns = jnp.where(position == positions, batch.columns, NO_COLUMN)
    return columns, batch._replace(columns=position)


def has_rows(
    params: Any, state: optax.OptState, table: Array, optimizer: optax.GradientTransformation
) -> tuple[Any, Any]:
    """Mark the leaf `table` among the parameters, and its statistics in the optimizer's state.

    Args:
        params: of a network.
        state: of the optimizer.
        table: `(V, ...)`, the leaf itself.
        optimizer: whose state it is.

    Returns:
        The two trees, with a bool in place of every leaf.
    """
    is_table = jax.tree.map(lambda leaf: leaf is table, params)
    in_state = optax.tree_map_params(
        optimizer, lambda _, it: it, state, is_table, transform_non_params=lambda _: False
    )
    return is_table, in_state


def take_rows(tree: Tree, rows: Array, mask: Any) -> Tree:
    """The tree with only `rows` of those leaves that have them.

    Args:
        tree: of arrays.
        rows: `(P,)` int; `NO_COLUMN` gives a row of 0.
        mask: a bool for every leaf, whether it has the rows; see `has_rows`.

    Returns:
        The tree, in which those leaves are `(P, ...)`.

    Example:
        >>> take_rows((jnp.arange(3.0), jnp.ones(1)), jnp.array([2]), (True, False))[0].tolist()
        [2.0]
    """
    part: Tree = jax.tree.map(
        lambda leaf, it: leaf.at[rows].get(mode="fill", fill_value=0) if it else leaf, tree, mask
    )
    return part


def scatter_rows(tree: Tree, part: Tree, rows: Array, mask: Any) -> Tree:
    """Write the part back into the tree it was taken from.

    Args:
        tree: of arrays.
        part: what `take_rows` made of it, changed.
        rows: `(P,)` int; rows at `NO_COLUMN` are dropped.
        mask: as for `take_rows`.

    Returns:
        The tree with new rows, and with the other leaves of the part.

    Example:
        >>> scatter_rows((jnp.zeros(3),), (jnp.array([7.0]),), jnp.array([2]), (True,))[0].tolist()
        [0.0, 0.0, 7.0]
    """
    whole: Tree = jax.tree.map(
        lambda leaf, new, it: leaf.at[rows].set(new, mode="drop") if it else new, tree, part, mask
    )
    return whole


def run_steps(
    state: TrainState,
    data: Dataset,
    order: Array,
    key: Array,
    epoch: int,
    rates: Array,
    penalty: float | None = None,
    *,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    capacity: int = 0,
) -> tuple[TrainState, dict[str, Array]]:
    """Take a step for every batch of `order`.

    Args:
        state: before.
        data: N examples on the device.
        order: `(S, B)` row numbers, see `data.batching`.
        key: of the training, or of the part of an epoch.
        epoch: from 0.
        rates: `(S,)` what the updates of the optimizer are multiplied by, step by step: so one
            compiled program serves all rates and schedules.
        penalty: strength of the L2 term, see `split_penalty`.
        objective: what is minimized.
        optimizer: of the state.
        capacity: of a batch, see `Features.capacity`.

    Returns:
        The state, and the means of the metrics over the examples, each taken when its batch was
        trained on.
    """
    objective = with_penalty(objective, penalty)

    def body(
        state: TrainState, inputs: tuple[Array, Array, Array | None]
    ) -> tuple[TrainState, tuple[Any, Array]]:
        rows, rate, key = inputs
        batch = data.take(rows, capacity)
        take_step = step if objective.lazy_rows is None else lazy_step
        state, metrics = take_step(state, batch, key, rate, objective, optimizer)
        return state, (metrics, batch.weights.sum())

    keys = None  # where nothing is drawn: to compile the draws takes a while
    if objective.network.draws:
        keys = jax.random.split(jax.random.fold_in(key, epoch), len(order))
    if len(order) == 1:  # no loop: some operations are faster outside of one
        first = jax.tree.map(lambda each: each[0], (order, rates, keys))
        state, found = body(state, first)
        metrics, weights = jax.tree.map(lambda each: each[None], found)
    else:
        state, (metrics, weights) = lax.scan(loop_body()(body), state, (order, rates, keys))
    return state, means_of(metrics, weights)


_STATIC = ("objective", "optimizer", "capacity")

# A part of an epoch, in one dispatch. It changes the state in place, and the caller loses it.
run_part = jax.jit(run_steps, static_argnames=_STATIC, donate_argnames=("state",))


@partial(jax.jit, static_argnames=_STATIC)
def run_epoch(
    state: TrainState, *given: Any, **settings: Any
) -> tuple[TrainState, dict[str, Array], Array]:
    """An epoch, in one dispatch.

    Args:
        state: before, and after it where the epoch is to be undone.
        given: what follows in `run_steps`.
        settings: its objective, optimizer and capacity.

    Returns:
        What `run_steps` returns, and whether the loss and all parameters are finite.
    """
    state, means = run_steps(state, *given, **settings)
    return state, means, are_finite((state.params, means["loss"]))


@jax.jit
def copied(state: TrainState) -> TrainState:
    """A copy that `run_part` may change."""
    copy: TrainState = jax.tree.map(jnp.copy, state)
    return copy


@jax.jit
def are_finite(tree: Any) -> Array:
    """Whether all numbers of a tree are."""
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()
