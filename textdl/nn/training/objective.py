"""What is minimized: a network, its loss, its regularizer, and what else is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from jax import Array

from textdl.nn.layers.sequential import Layer, Params, check_layer
from textdl.nn.losses import Regularizer

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
