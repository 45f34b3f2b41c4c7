"""How good a network is on data that it is not trained on."""

from __future__ import annotations

from functools import partial

import jax
from jax import Array, lax

from textdl.jax_settings import fixed_settings
from textdl.nn.data import Data, batches, capacity, take
from textdl.nn.step import Objective, Params, means_of, measure


@fixed_settings()
def evaluate(
    params: Params, data: Data, objective: Objective, batch_size: int = 256
) -> dict[str, float]:
    """The loss and the metrics of a network, without dropout: means over the examples.

    Example:
        >>> from textdl.nn import losses, mlp
        >>> from textdl.nn.data import make_data
        >>> objective = Objective(mlp.Network(), lambda y, t: losses.absolute_error(y, t).mean(-1))
        >>> layer = mlp.Dense(jax.numpy.array([[2.0]]), jax.numpy.array([1.0]))
        >>> evaluate((layer,), make_data([[0.0], [1.0]], [[1.0], [4.0]]), objective)
        {'loss': 0.5}
    """
    order = batches(data.size, min(batch_size, data.size))
    room = capacity(data, order)
    measures = _evaluate(params, data, order, objective=objective, room=room)
    return {name: float(value) for name, value in measures.items()}


@partial(jax.jit, static_argnames=("objective", "room"))
def _evaluate(
    params: Params, data: Data, order: Array, *, objective: Objective, room: int
) -> dict[str, Array]:
    def body(rows: Array) -> tuple[dict[str, Array], Array]:
        batch = take(data, rows, room)
        outputs = objective.apply(params, batch.features, None)
        return measure(objective, outputs, batch), batch.weights.sum()

    return means_of(*lax.map(body, order))
