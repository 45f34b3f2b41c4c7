"""L-BFGS on all examples at once: for small data, and for linear models.

The loss and its gradient are one compiled program; the search is SciPy's. A network draws nothing
here, so dropout has no effect.

Reference:
    Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization"; Zhu,
    Byrd, Lu and Nocedal 1997, "Algorithm 778: L-BFGS-B".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray
from scipy.optimize import minimize

from textdl.errors import DataError
from textdl.jax_settings import fixed_settings
from textdl.nn.data.dataset import Dataset, check_dataset, epoch_batches
from textdl.nn.layers.sequential import Params
from textdl.nn.training.objective import Objective, compute_metrics, split_penalty, with_penalty

EXAMPLES_PER_BLOCK = 1024  # whose activations are in memory at once


class LBFGSResult(NamedTuple):
    """What `minimize_lbfgs` found.

    Example:
        >>> LBFGSResult((), [0.7, 0.4], True, "done").losses[-1]
        0.4
    """

    params: Params
    losses: list[float]  # with the regularizer, after every iteration
    converged: bool  # whether the gradient or the change of the loss became small
    message: str  # of SciPy, why it ended


@fixed_settings()
def minimize_lbfgs(
    start: Params,
    data: Dataset,
    objective: Objective,
    *,
    max_iterations: int = 200,
    max_evaluations: int = 15_000,
    tolerance: float = 1e-4,
    callback: Callable[[int, float], object] | None = None,
) -> LBFGSResult:
    """Minimize mean_i loss(network(θ, x_i), t_i) + R(θ) / N over all N examples.

    Args:
        start: parameters of the network.
        data: N examples, by `make_dataset`.
        objective: the network, its loss and its regularizer R.
        max_iterations: of the search, at most.
        max_evaluations: of the loss and its gradient, at most.
        tolerance: it ends where no entry of the gradient is above this.
        callback: called with the number and the loss of every iteration.

    Returns:
        The parameters, NumPy arrays; those of the lowest loss that is finite.

    Raises:
        DataError: the data do not fit the network.

    Example:
        >>> from textdl import nn
        >>> line = nn.make_dataset([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
        >>> network = nn.Dense(1, 1)
        >>> objective = nn.Objective(network, nn.losses.half_squared_error)
        >>> result = minimize_lbfgs(network.init(jax.random.key(0)), line, objective)
        >>> nn.predict(network, result.params, [[3.0]]).round(1).tolist()
        [[7.0]]
    """
    check_dataset(data)
    objective.network.check_features(data.features)
    leaves, structure = jax.tree.flatten(jax.tree.map(np.asarray, start))
    order = _blocks(data)
    capacity = data.features.capacity(order)
    shared, penalty = split_penalty(objective)

    def value_and_gradient(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        params = jax.tree.unflatten(structure, _split(theta, leaves))
        value, gradient = _loss_and_gradient(
            params, data, order, penalty, objective=shared, capacity=capacity
        )
        return float(value), _joined(jax.tree.leaves(gradient))

    losses: list[float] = []

    def record(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        if callback is not None:
            callback(len(losses), losses[-1])

    options = {"maxiter": max_iterations, "maxfun": max_evaluations, "gtol": tolerance}
    found = minimize(
        value_and_gradient, _joined(leaves), method="L-BFGS-B", jac=True, callback=record,
        options=options,
    )  # fmt: skip
    params = jax.tree.unflatten(structure, _split(found.x, leaves))
    return LBFGSResult(params, losses, found.status == 0, str(found.message))


def _blocks(data: Dataset) -> NDArray[np.int32]:
    """All rows in order, `(S, B)`.

    Raises:
        DataError: they have batches of several shapes.
    """
    if len(data.features.groups()) > 1:
        raise DataError("L-BFGS takes examples of one shape, such as rows; train with nn.fit")
    return epoch_batches(data.size, min(EXAMPLES_PER_BLOCK, data.size))


@partial(jax.jit, static_argnames=("objective", "capacity"))
def _loss_and_gradient(
    params: Params,
    data: Dataset,
    order: Array,
    penalty: float | None,
    *,
    objective: Objective,
    capacity: int,
) -> tuple[Array, Params]:
    """The mean loss of all examples with the regularizer, and its gradient."""
    objective = with_penalty(objective, penalty)

    def block_sum(params: Params, rows: Array) -> Array:
        batch = data.take(rows, capacity)
        outputs = objective.network.apply(params, batch.features)
        return compute_metrics(objective, outputs, batch)["loss"] * batch.weights.sum()

    def add_block(sums: tuple[Array, Params], rows: Array) -> tuple[tuple[Array, Params], None]:
        return jax.tree.map(jnp.add, sums, jax.value_and_grad(block_sum)(params, rows)), None

    zero = jnp.zeros((), jax.tree.leaves(params)[0].dtype)
    if objective.regularizer is None:
        start = (zero, jax.tree.map(jnp.zeros_like, params))
    else:
        start = jax.value_and_grad(objective.regularizer)(params)
    start = jax.tree.map(lambda leaf: leaf.astype(zero.dtype), start)
    (value, gradient), _ = lax.scan(add_block, start, order)
    total = data.weights.sum()
    return value / total, jax.tree.map(lambda leaf: leaf / total, gradient)


def _joined(leaves: list[Any]) -> NDArray[np.float64]:
    return np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(np.float64)


def _split(theta: NDArray[np.float64], leaves: list[Any]) -> list[NDArray[np.floating]]:
    """The entries of a vector in the shapes and types of `leaves`."""
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
    parts = zip(np.split(theta, ends), leaves, strict=True)
    return [part.reshape(leaf.shape).astype(leaf.dtype) for part, leaf in parts]
