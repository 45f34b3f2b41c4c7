"""How good a network is on data that it is not trained on."""

from __future__ import annotations

from functools import partial

import jax
from jax import Array, lax

from textdl.jax_settings import fixed_settings
from textdl.nn.data.batching import epoch_batches
from textdl.nn.data.dataset import Dataset, check_dataset
from textdl.nn.layers.layer import Params
from textdl.nn.training.step import Objective, compute_metrics, means_of


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
    """
    order = epoch_batches(data.size, min(batch_size, data.size))
    capacity = data.features.capacity(order)
    metrics = _evaluate(params, data, order, objective=objective, capacity=capacity)
    return {name: float(value) for name, value in metrics.items()}


@partial(jax.jit, static_argnames=("objective", "capacity"))
def _evaluate(
    params: Params, data: Dataset, order: Array, *, objective: Objective, capacity: int
) -> dict[str, Array]:
    def body(rows: Array) -> tuple[dict[str, Array], Array]:
        batch = data.take(rows, capacity)
        outputs = objective.network.apply(params, batch.features)
        return compute_metrics(objective, outputs, batch), batch.weights.sum()

    return means_of(*lax.map(body, order))
