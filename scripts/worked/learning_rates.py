"""The learning rate: too small, right, too large."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from textdl import MLPClassifier, nn, plot

from .page import heading, keep, table
from .points import moons

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOWL_RATES = (0.01, 0.3, 1.1)
BOWL_STEPS = 30
NETWORK_RATES = (0.001, 0.3, 30.0)
EPOCHS = 100


@dataclass(frozen=True)
class Position(nn.Layer):
    """The answer is the weight itself: J(w) = (w - 0)²."""

    def apply(self, params: Array, x: Array, *, key: Array | None = None) -> Array:
        """The weight `()` for every example, `(B,)`."""
        del key
        return jnp.broadcast_to(params, x.shape[:1])


@cache
def bowl(rate: float) -> tuple[list[float], float]:
    """Minimize J(w) = w² from w = 1: J before every step, and the last w.

    w ← w - rate · 2w = (1 - 2 rate) w, so w_t = (1 - 2 rate)^t.
    """
    data = nn.make_dataset(np.zeros((1, 1)), np.zeros(1))
    config = nn.TrainingConfig(BOWL_STEPS, 1, optimizer="sgd", learning_rate=rate)
    objective = nn.Objective(Position(), nn.squared_error)
    result = nn.fit(jnp.array(1.0), data, objective, config, key=jax.random.key(0))
    return result.history["loss"], float(result.params)


@cache
def network(rate: float) -> list[float]:
    """The loss, epoch by epoch, of a network that learns two moons by plain gradient descent."""
    model = MLPClassifier(
        (16, 16), activation="tanh", optimizer="sgd", learning_rate_init=rate, batch_size=32,
        max_iter=EPOCHS, n_iter_no_change=EPOCHS, initializer="glorot_uniform",
    )  # fmt: skip
    return model.fit(*moons(512, noise=0.15, seed=0)).loss_curve_


def picture() -> Figure:
    """The loss for every rate: of the bowl, and of the network."""
    figure, (left, right) = plot.new_figure(2, width=6.2)
    plot.loss_by_rate({rate: bowl(rate)[0] for rate in BOWL_RATES}, axes=left)
    left.set(title="J(w) = w²", xlabel="step", ylabel="J", ylim=(1e-12, 1e6))
    plot.loss_by_rate({rate: network(rate) for rate in NETWORK_RATES}, axes=right)
    right.set(title="A network on two moons", ylabel="mean loss (nats)")
    return figure


def show(folder: Path) -> None:
    """Print where each rate ends, and draw the way."""
    heading("The learning rate: too small, right, too large")
    print("J(w) = w² from w = 1: w ← w - η · 2w, so w_t = (1 - 2η)^t. It shrinks if 0 < η < 1.\n")
    rows = [(rate, bowl(rate)[1], (1 - 2 * rate) ** BOWL_STEPS) for rate in BOWL_RATES]
    table(["rate η", f"w after {BOWL_STEPS} steps", "(1 - 2η)^30"], rows)
    print(
        f"A network on two moons, after {EPOCHS} epochs (p = 1/2 everywhere has the loss 0.693):\n"
    )
    table(["rate", "loss (nats)"], [(r, float(np.mean(network(r)[-5:]))) for r in NETWORK_RATES])
    keep(picture(), folder, "learning_rates")
