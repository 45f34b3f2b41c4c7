"""One gradient step, an epoch of them in one dispatch, and the evaluation of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from textdl.nn.data import Batch, Data, take
from textdl.nn.losses import weighted_mean
from textdl.nn.rows import has_rows, put_rows, renumber, take_rows
from textdl.nn.sparse import SparseBatch

Params = Any  # a pytree of arrays
Measure = Callable[[Array, Array], Array]  # (outputs (B, ...), targets (B, ...)) -> (B,)


@dataclass(frozen=True)
class Objective:
    """What is minimised: mean_i loss(apply(θ, x_i), t_i) + R(θ) / B over a batch of B examples.

    Its functions identify it: equal objectives are compiled once, so give functions that live at
    the top of a module, or frozen dataclasses that can be called.
    """

    apply: Callable[[Params, Any, Array | None], Array]  # (θ, x, key or None) -> outputs
    loss: Measure
    metrics: tuple[tuple[str, Measure], ...] = ()
    penalty: Callable[[Params], Array] | None = None  # R
    table: Callable[[Params], Array] | None = None  # the rows to update alone; see `rows`


class State(NamedTuple):
    """Everything that training changes."""

    params: Params
    optimizer: optax.OptState


def step(
    state: State,
    batch: Batch,
    key: Array,
    rate: Array | float,
    objective: Objective,
    optimizer: optax.GradientTransformation,
) -> tuple[State, dict[str, Array]]:
    """Take one gradient step, and measure the batch on the way."""
    total = batch.weights.sum()
    total = jnp.where(total > 0, total, jnp.inf)  # no penalty where no example counts

    def loss(params: Params) -> tuple[Array, dict[str, Array]]:
        outputs = objective.apply(params, batch.features, key)
        measures = measure(objective, outputs, batch)
        return measures["loss"], measures

    (value, measures), gradient = jax.value_and_grad(loss, has_aux=True)(state.params)
    if objective.penalty is not None:
        # Its gradient alone: the value would take another pass over all weights.
        shrink = jax.grad(objective.penalty)(state.params)
        gradient = jax.tree.map(lambda g, r: g + r / total, gradient, shrink)
    updates, after = optax.with_extra_args_support(optimizer).update(
        gradient, state.optimizer, state.params, value=value
    )
    updates = jax.tree.map(lambda update: rate * update, updates)
    return State(optax.apply_updates(state.params, updates), after), measures


def step_rows(
    state: State,
    batch: Batch,
    key: Array,
    rate: Array | float,
    objective: Objective,
    optimizer: optax.GradientTransformation,
) -> tuple[State, dict[str, Array]]:
    """Take the step on those rows of the objective's table alone that a sparse batch uses."""
    assert objective.table is not None
    assert isinstance(batch.features, SparseBatch), "checked by fit"
    table = objective.table(state.params)
    has = State(*has_rows(*state, table, optimizer))
    rows, features = renumber(batch.features, len(table))
    part = take_rows(state, rows, has)
    batch = batch._replace(features=features)
    part, measures = step(part, batch, key, rate, objective, optimizer)
    return put_rows(state, part, rows, has), measures


def measure(objective: Objective, outputs: Array, batch: Batch) -> dict[str, Array]:
    """The weighted means of the loss and the metrics over a batch."""
    measures = (("loss", objective.loss), *objective.metrics)
    return {
        name: weighted_mean(compare(outputs, batch.targets), batch.weights)
        for name, compare in measures
    }


@partial(jax.jit, static_argnames=("objective", "optimizer", "room"))
def run_epoch(
    state: State,
    data: Data,
    order: Array,
    key: Array,
    epoch: int,
    rate: float = 1.0,
    *,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    room: int = 0,
) -> tuple[State, dict[str, Array], Array]:
    """Take a step for every batch of `order` `(S, B)`, in one dispatch.

    Returns:
        The state; the means of the measures over the examples of the epoch, each taken when its
        batch was trained on; and whether the loss and all parameters are finite.
    """

    def body(state: State, given: tuple[Array, Array]) -> tuple[State, tuple[Any, Array]]:
        rows, key = given
        batch = take(data, rows, room)
        take_step = step if objective.table is None else step_rows
        state, measures = take_step(state, batch, key, rate, objective, optimizer)
        return state, (measures, batch.weights.sum())

    keys = jax.random.split(jax.random.fold_in(key, epoch), len(order))
    state, (measures, weights) = lax.scan(body, state, (order, keys))
    means = means_of(measures, weights)
    return state, means, _all_finite((state.params, means["loss"]))


def _all_finite(tree: Any) -> Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()


def means_of(measures: dict[str, Array], weights: Array) -> dict[str, Array]:
    """Means over examples from the means of batches `(S,)` and their weights."""
    return {name: weighted_mean(values, weights) for name, values in measures.items()}
