"""The numerical gradient against the analytical one: how close they are, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from textdl import nn, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HIDDEN = (2, 12, 64)
STEP = 1e-5  # h
INPUTS = 4
EXAMPLES = 8


class Cost(NamedTuple):
    """Of both gradients of one network."""

    parameters: int  # P
    error: float  # the worst entry, see `nn.check_gradients`
    loss_flops: float  # floating-point operations of one J
    analytical_flops: float  # of autodiff
    numerical_flops: float  # of 2 P times J
    analytical_seconds: float
    numerical_seconds: float


def network(hidden: int) -> nn.Sequential:
    """A tanh network with one output."""
    return nn.mlp((INPUTS, hidden, 1), "tanh")


def loss(params: Any) -> Array:
    """J(θ): the mean squared error of the network."""
    x = jnp.linspace(-1, 1, EXAMPLES * INPUTS).reshape(EXAMPLES, INPUTS)
    answers = network(len(params[0].bias)).apply(params, x)[:, 0]
    return nn.squared_error(answers, jnp.sin(3 * x[:, 0])).mean()


def numerical(flat: Array, restore: Callable[[Array], Any]) -> Array:
    """(J(θ + h e_i) - J(θ - h e_i)) / 2h, parameter by parameter.

    For its time alone: in float32 it has few right digits; `nn.check_gradients` takes float64.
    """

    def slope(direction: Array) -> Array:
        h = STEP * direction
        return (loss(restore(flat + h)) - loss(restore(flat - h))) / (2 * STEP)

    slopes: Array = jax.lax.map(slope, jnp.eye(len(flat)))
    return slopes


@cache
def cost(hidden: int) -> Cost:
    """Both gradients of a network with so many hidden units."""
    params = network(hidden).init(jax.random.key(0))
    flat, restore = ravel_pytree(params)
    one = _compiled(lambda flat: loss(restore(flat)), flat)
    analytical = _compiled(jax.grad(lambda flat: loss(restore(flat))), flat)
    return Cost(
        len(flat),
        nn.check_gradients(loss, params, step=STEP).error,
        _flops(one),
        _flops(analytical),
        2 * len(flat) * _flops(one),
        _seconds(analytical, flat),
        _seconds(_compiled(lambda flat: numerical(flat, restore), flat), flat),
    )


def _compiled(function: Callable[[Array], Array], flat: Array) -> Any:
    return jax.jit(function).lower(flat).compile()


def _flops(compiled: Any) -> float:
    """Floating-point operations of a function, as the compiler counts them."""
    return float(compiled.cost_analysis()["flops"])


def _seconds(compiled: Any, flat: Array) -> float:
    """The best of five."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        compiled(flat).block_until_ready()
        times.append(time.perf_counter() - began)
    return min(times)


def picture() -> Figure:
    """The operations of both, by the number of parameters."""
    figure, (axes,) = plot.new_figure()
    costs = [cost(hidden) for hidden in HIDDEN]
    parameters = [c.parameters for c in costs]
    curves = {
        "numerical: 2P losses": [c.numerical_flops for c in costs],
        "analytical: autodiff": [c.analytical_flops for c in costs],
        "one loss": [c.loss_flops for c in costs],
    }
    for number, (name, flops) in enumerate(curves.items()):
        style = plot.MARKERS[number] + "-"
        axes.loglog(parameters, flops, style, color=plot.COLORS[number], label=name)
    axes.set_xticks(parameters, [str(p) for p in parameters])
    axes.set_xticks([], minor=True)
    axes.set(xlabel="parameters P", ylabel="floating-point operations", title="One gradient")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def show(folder: Path) -> None:
    """Print how close both are and what they cost, and draw the cost."""
    heading("Numerical against analytical gradient")
    print("numerical:   dJ/dθ_i ≈ (J(θ + h e_i) - J(θ - h e_i)) / 2h, for each of P parameters")
    print("analytical:  all of them at once by the chain rule, backwards through the network\n")
    costs = [cost(hidden) for hidden in HIDDEN]
    table(
        [
            "P",
            "worst error",
            "operations: J",
            "analytical",
            "numerical",
            "seconds: analytical",
            "numerical",
        ],
        [
            (
                c.parameters,
                *(f"{value:.2g}" for value in c[1:2]),
                *(f"{value:,.0f}" for value in c[2:5]),
                *(f"{value:.1e}" for value in c[5:]),
            )
            for c in costs
        ],
    )
    keep(picture(), folder, "gradients")
