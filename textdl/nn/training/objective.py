"""What is minimized: a network, its loss, its regularizer, and what else is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.errors import DataError
from textdl.nn.data.dataset import Batch
from textdl.nn.layers.sequential import Layer, Params, check_layer
from textdl.nn.losses import reshape_advice, weighted_mean
from textdl.nn.regularizers import Regularizer

Metric = Callable[[Array, Array], Array]  # (outputs (B, ...), targets (B, ...)) -> (B,)


@dataclass(frozen=True)
class Objective:
    """What is minimized: mean_i loss(network(θ, x_i), t_i) + R(θ) / B over a batch of B examples.

    Its functions identify it: equal objectives are compiled once, so give functions that live at
    the top of a module, or frozen dataclasses that can be called.

    Args:
        network: a layer, such as `mlp(...)` or `sequential(...)`.
        loss: of outputs and targets of B examples, one number per example, `(B,)`.
        metrics: likewise, by name; only measured.
        regularizer: R, of the parameters; a scalar.
        lazy_rows: selects the table of the parameters of which only the rows of a sparse batch are
            updated; see `lazy_step`.

    Raises:
        ParameterError: the network is not a layer.

    Example:
        >>> from textdl.nn.layers.dense import mlp
        >>> from textdl.nn.losses import softmax_loss
        >>> Objective(mlp((4, 8, 3)), softmax_loss).metrics
        ()
    """

    network: Layer
    loss: Metric
    metrics: tuple[tuple[str, Metric], ...] = ()
    regularizer: Callable[[Params], Array] | None = None
    lazy_rows: Callable[[Params], Array] | None = None

    def __post_init__(self) -> None:
        check_layer(self.network)


def split_penalty(objective: Objective) -> tuple[Objective, float | None]:
    """The objective without the strength of its L2 term, and that, which programs take as a number.

    So one compiled program serves all strengths, as when a grid of them is searched.

    Args:
        objective: whose regularizer may be any.

    Returns:
        What `with_penalty` puts together again; None where there is no such term.

    Example:
        >>> from textdl.nn.layers.dense import mlp
        >>> from textdl.nn.losses import softmax_loss
        >>> weak, strong = (
        ...     Objective(mlp((4, 3)), softmax_loss, regularizer=Regularizer(l2=l2))
        ...     for l2 in (0.1, 0.2)
        ... )
        >>> split_penalty(weak)[0] == split_penalty(strong)[0], split_penalty(strong)[1]
        (True, 0.2)
    """
    if not isinstance(objective.regularizer, Regularizer):
        return objective, None
    strength = float(objective.regularizer.l2)
    return replace(objective, regularizer=replace(objective.regularizer, l2=1.0)), strength


def with_penalty(objective: Objective, strength: Any) -> Objective:
    """What `split_penalty` took apart; the strength may be traced."""
    if strength is None:
        return objective
    regularizer: Any = objective.regularizer
    return replace(objective, regularizer=replace(regularizer, l2=strength))


def compute_metrics(objective: Objective, outputs: Array, batch: Batch) -> dict[str, Array]:
    """The weighted means of the loss and the metrics over a batch.

    Args:
        objective: whose loss and metrics.
        outputs: `(B, ...)` of the network.
        batch: B examples.

    Returns:
        A scalar by name, ``loss`` and those of the metrics.

    Raises:
        DataError: the loss or a metric does not give one number per example, or `(B,)` targets
            would be broadcast against `(B, 1)` outputs.
    """
    targets = batch.targets
    if outputs.shape == (*targets.shape, 1):
        raise DataError(
            f"outputs of shape {outputs.shape} against targets of shape {targets.shape} would be "
            f"broadcast; expected one shape: {reshape_advice(outputs.shape, targets.shape)}"
        )
    means = {}
    for name, metric in (("loss", objective.loss), *objective.metrics):
        values = metric(outputs, targets)
        if jnp.shape(values) != batch.weights.shape:
            raise DataError(
                f"{name} has shape {jnp.shape(values)} for a batch of {len(batch.weights)} "
                f"examples; expected {batch.weights.shape}, one number per example; "
                "take the mean over the outputs only, .mean(-1), or no mean"
            )
        means[name] = weighted_mean(values, batch.weights)
    return means


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
