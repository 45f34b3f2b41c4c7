"""How many sweets are in a bag? The best guess depends on what a deviation costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl import nn, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COUNTS = np.array([48.0, 51, 52, 53, 54, 55, 57, 60, 67])  # nine bags, counted
COSTS: dict[str, Callable[[Array], Array]] = {  # of a deviation of d sweets
    "√d": jnp.sqrt,
    "d": lambda d: d,
    "d²": lambda d: d**2,
    "10^(d-1)": lambda d: 10 ** (d - 1),
}
GUESSES = np.arange(4700, 6801) / 100  # sweets


def costs(deviations: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0)) -> dict[str, list[float]]:
    """What deviations cost, under every rule."""
    d = jnp.array(deviations)
    return {name: [float(c) for c in cost(d)] for name, cost in COSTS.items()}


def total_costs(cost: Callable[[Array], Array]) -> NDArray[np.floating]:
    """Σ_i cost(|guess - count_i|) for every guess, `(G,)`."""
    guesses, counts = np.broadcast_arrays(GUESSES[:, None], COUNTS)
    return np.asarray(cost(nn.absolute_error(guesses, counts)).sum(1))


def search(cost: Callable[[Array], Array]) -> float:
    """Try every guess; the one whose total cost is least."""
    return float(GUESSES[total_costs(cost).argmin()])


@dataclass(frozen=True)
class Constant(nn.Layer):
    """The guess for every bag, whatever the bag is: a layer of one bias."""

    def apply(self, params: Array, x: Array, *, key: Array | None = None) -> Array:
        """The guess `()` for every bag, `(B,)`."""
        del key
        return jnp.broadcast_to(params, x.shape[:1])


@cache
def descend(loss: Callable[[Array, Array], Array], rate: float, start: float = 65.0) -> float:
    """Go down the mean loss from `start`, in steps that become shorter."""
    bags = nn.make_dataset(np.zeros((len(COUNTS), 1)), COUNTS)
    config = nn.TrainingConfig(
        epochs=400, batch_size=bags.size, optimizer="sgd", learning_rate=rate, schedule="linear"
    )
    objective = nn.Objective(Constant(), loss)
    result = nn.fit(jnp.array(start), bags, objective, config, key=jax.random.key(0))
    return float(result.params)


def picture() -> Figure:
    """The cost of a deviation, and the total cost of a guess."""
    figure, (left, right) = plot.new_figure(2)
    d = jnp.linspace(0, 2.2, 200)
    for number, (name, cost) in enumerate(COSTS.items()):
        color = plot.COLORS[number]
        left.plot(d, cost(d), color=color, label=name)
        _draw_total(right, name, total_costs(cost), color)
    left.set(xlabel="deviation d (sweets)", ylabel="cost", ylim=(0, 6), title="What it costs")
    right.plot(COUNTS, np.full(len(COUNTS), 0.5), "k|", markersize=12, label="the bags")
    right.set(xlabel="guess (sweets)", ylabel="total cost, as a multiple of the least")
    right.set(ylim=(0, 6), title="The best guess depends on it")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left")
    return figure


def _draw_total(axes: Axes, name: str, total: NDArray[np.floating], color: str) -> None:
    best = total.argmin()
    axes.plot(GUESSES, total / total[best], color=color, label=f"{name}: {GUESSES[best]:g}")
    axes.plot(GUESSES[best], 1, "o", color=color)


def show(folder: Path) -> None:
    """Print the costs and the best guesses, and draw both."""
    heading("How many sweets are in a bag?")
    print(f"Nine bags held {', '.join(f'{count:g}' for count in COUNTS)} sweets.\n")
    found = costs()
    table(["cost of d sweets too many or few", "0.5", "1", "2", "3"],
          [(name, *values) for name, values in found.items()])  # fmt: skip
    table(["cost", "best of all guesses"], [(n, search(cost)) for n, cost in COSTS.items()])
    mean = COUNTS.mean()
    median = np.median(COUNTS)
    print(
        "By gradient descent instead, guess ← guess - rate · d(mean loss)/d(guess), from 65 sweets:"
    )
    print(f"  squared error   {descend(nn.squared_error, 0.1):.3f}; the mean is {mean:.3f}")
    print(f"  absolute error  {descend(nn.absolute_error, 1.0):.3f}; the median is {median:.3f}\n")
    keep(picture(), folder, "sweets")
