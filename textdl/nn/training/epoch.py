"""Steps one after another: an epoch, or a part of one, in one dispatch, and the metrics of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from numpy.typing import NDArray

from textdl.nn.data.dataset import Dataset
from textdl.nn.losses import weighted_mean
from textdl.nn.scan import loop_body
from textdl.nn.training.objective import Objective, with_penalty
from textdl.nn.training.step import TrainState, lazy_step, step


@partial(jax.jit, static_argnames=("objective", "optimizer", "capacity"))
def run_epoch(
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
) -> tuple[TrainState, dict[str, Array], Array]:
    """Take a step for every batch of `order`, in one dispatch.

    Args:
        state: before.
        data: N examples on the device.
        order: `(S, B)` row numbers, see `data.batching`.
        key: of the training.
        epoch: from 0.
        rates: `(S,)` what the updates of the optimizer are multiplied by, step by step: so one
            compiled program serves all rates and schedules.
        penalty: strength of the L2 term, see `split_penalty`.
        objective: what is minimized.
        optimizer: of the state.
        capacity: of a batch, see `Features.capacity`.

    Returns:
        The state; the means of the metrics over the examples of the epoch, each taken when its
        batch was trained on; and whether the loss and all parameters are finite.
    """
    state, means = _run_steps(
        state, data, order, key, epoch, rates, with_penalty(objective, penalty), optimizer, capacity
    )
    return state, means, are_finite((state.params, means["loss"]))


@partial(
    jax.jit, static_argnames=("objective", "optimizer", "capacity"), donate_argnames=("state",)
)
def run_part(
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
    """`run_epoch` for a part of an epoch, which changes the state in place: the caller loses it.

    Args:
        state: before; see `copied`. This and what follows as in `run_epoch`.
        data: N examples on the device.
        order: `(S, B)` row numbers of the part.
        key: of the part.
        epoch: from 0.
        rates: `(S,)`.
        penalty: strength of the L2 term.
        objective: what is minimized.
        optimizer: of the state.
        capacity: of a batch.

    Returns:
        The state, and the means of the metrics.
    """
    return _run_steps(
        state, data, order, key, epoch, rates, with_penalty(objective, penalty), optimizer, capacity
    )


@jax.jit
def copied(state: TrainState) -> TrainState:
    """A copy that `run_part` may change."""
    copy: TrainState = jax.tree.map(jnp.copy, state)
    return copy


def _run_steps(
    state: TrainState,
    data: Dataset,
    order: Array,
    key: Array,
    epoch: int,
    rates: Array,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    capacity: int,
) -> tuple[TrainState, dict[str, Array]]:
    """The steps of `run_epoch`."""

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
        state, (metrics, weights) = lax.scan(loop_body(body), state, (order, rates, keys))
    return state, means_of(metrics, weights)


@jax.jit
def are_finite(tree: Any) -> Array:
    """Whether all numbers of a tree are."""
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]).all()


def means_of(metrics: dict[str, Array], weights: Array) -> dict[str, Array]:
    """Means over examples from the means of batches `(S,)` and their weights `(S,)`.

    Example:
        >>> means_of({"loss": jnp.array([1.0, 4.0])}, jnp.array([2.0, 1.0]))["loss"].item()
        2.0
    """
    return {name: weighted_mean(values, weights) for name, values in metrics.items()}


def combined(
    parts: Sequence[dict[str, Array]], batches: Sequence[NDArray[np.int32]], weights: Array
) -> dict[str, float]:
    """The means over all examples from the means over parts of them.

    Args:
        parts: scalars by name, of each part.
        batches: the numbers of its examples, N for none.
        weights: `(N,)` of the examples.

    Returns:
        A number by name.

    Example:
        >>> parts = [{"loss": jnp.float32(1)}, {"loss": jnp.float32(4)}]
        >>> combined(parts, [np.array([[0, 2]]), np.array([[1, 3]])], jnp.ones(3))
        {'loss': 2.0}
    """
    if len(parts) == 1:
        return {name: float(value) for name, value in parts[0].items()}
    with_padding = np.append(np.asarray(weights), 0)
    sums = [float(with_padding[some].sum()) for some in batches]
    return {
        name: sum(w * float(part[name]) for part, w in zip(parts, sums, strict=True) if w)
        / sum(sums)
        for name in parts[0]
    }
