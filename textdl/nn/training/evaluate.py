"""A network on other data: its outputs, its loss and its metrics."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from textdl.jax_settings import fixed_settings, loop_body
from textdl.nn.data.dataset import (
    Dataset,
    Features,
    as_features,
    check_dataset,
    epoch_batches,
)
from textdl.nn.layers.sequential import Layer, Params, check_layer
from textdl.nn.training.objective import Objective, combined, compute_metrics, means_of

ROWS = 64  # at once, always: so the outputs of a row do not depend on the rows beside it


@fixed_settings()
def predict(network: Layer, params: Params, features: Any) -> NDArray[np.floating]:
    """Apply a network, without dropout, to any number of examples.

    Args:
        network: a layer; equal ones are compiled once.
        params: of the network.
        features: N examples: `(N, F)` dense, SciPy sparse or `BCOO`, or `Sequences`.

    Returns:
        `(N, ...)` float.

    Raises:
        DataError: the features do not fit the network.

    Example:
        >>> from textdl.nn.layers.dense import Dense, DenseParams
        >>> params = DenseParams(np.array([[2.0]], np.float32), np.array([1.0], np.float32))
        >>> predict(Dense(1, 1), params, [[1.0], [3.0]]).tolist()
        [[3.0], [7.0]]
    """
    check_layer(network)
    known = as_features(features)
    network.check_features(known)
    params = jax.device_put(params)  # once, not with every batch
    groups = known.groups()
    if len(groups) < 2:
        return _outputs(network, params, known)
    parts = [_outputs(network, params, known.select(rows)) for rows in groups]
    return np.concatenate(parts)[np.argsort(np.concatenate(groups))]


def _outputs(network: Layer, params: Params, features: Features) -> NDArray[np.floating]:
    """The outputs for examples whose batches have one shape."""
    outputs = [np.asarray(_apply(network, params, batch)) for batch in features.batches(ROWS)]
    return np.concatenate(outputs)[: features.size]


@partial(jax.jit, static_argnames="network")
def _apply(network: Layer, params: Params, batch: Any) -> Array:
    outputs: Array = network.apply(params, batch)
    return outputs


@fixed_settings()
def evaluate(
    params: Params, data: Dataset, objective: Objective, batch_size: int = 256
) -> dict[str, float]:
    """The loss and the metrics of a network, without dropout: means over the examples.

    Args:
        params: of the objective's network.
        data: N examples.
        objective: what to measure; its regularizer is not part of the loss.
        batch_size: examples at once; it changes memory and speed, and results by rounding only.

    Returns:
        A number by name, ``loss`` and those of the metrics.

    Raises:
        DataError: the data do not fit the network.

    Example:
        >>> import jax.numpy as jnp
        >>> from textdl import nn
        >>> objective = Objective(nn.Dense(1, 1), lambda y, t: nn.absolute_error(y, t).mean(-1))
        >>> params = nn.DenseParams(jnp.array([[2.0]]), jnp.array([1.0]))
        >>> evaluate(params, nn.make_dataset([[0.0], [1.0]], [[1.0], [4.0]]), objective)
        {'loss': 0.5}
    """
    check_dataset(data)
    objective.network.check_features(data.features)
    return evaluate_checked(params, data, objective, batch_size)


def evaluate_checked(
    params: Params, data: Dataset, objective: Objective, batch_size: int
) -> dict[str, float]:
    """`evaluate` on data that were checked, as `fit` does after every epoch.

    Args:
        params: of the objective's network.
        data: N examples that fit it.
        objective: what to measure.
        batch_size: examples at once.

    Returns:
        A number by name, ``loss`` and those of the metrics.
    """
    parts = []
    orders = []
    for rows in data.features.groups():
        numbers = epoch_batches(len(rows), min(batch_size, data.size))
        order = np.append(rows, data.size).astype(np.int32)[numbers]
        capacity = data.features.capacity(order)
        parts.append(_evaluate(params, data, order, objective=objective, capacity=capacity))
        orders.append(order)
    return combined(parts, orders, data.weights)


@partial(jax.jit, static_argnames=("objective", "capacity"))
def _evaluate(
    params: Params, data: Dataset, order: Array, *, objective: Objective, capacity: int
) -> dict[str, Array]:
    @loop_body()
    def body(rows: Array) -> tuple[dict[str, Array], Array]:
        batch = data.take(rows, capacity)
        outputs = objective.network.apply(params, batch.features)
        return compute_metrics(objective, outputs, batch), batch.weights.sum()

    return means_of(*lax.map(body, order))
