"""Overfitting: a large network learns few examples by heart; dropout and early stopping help."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from textdl import nn, plot

from .page import heading, keep, table
from .points import moons

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOISE = 0.35  # the moons overlap: nobody can be right about all points
EPOCHS = 150
# Points and seed.
TRAINING = (80, 0)
WATCHED = (200, 1)
NEW = (2000, 2)


class Way(NamedTuple):
    """How to train."""

    dropout: float = 0.0
    patience: int | None = None  # of early stopping


WAYS = {"no remedy": Way(), "dropout": Way(dropout=0.5), "early stopping": Way(patience=20)}


class Outcome(NamedTuple):
    """A trained network, as a classifier."""

    network: nn.Sequential
    params: tuple[Any, ...]
    history: dict[str, list[float]]

    @property
    def classes_(self) -> NDArray[np.int64]:
        """The two moons."""
        return np.arange(2)

    def predict_proba(self, xy: ArrayLike) -> NDArray[np.floating]:
        """How probable either is, `(N, 2)`."""
        p = np.asarray(nn.sigmoid(self.network.apply(self.params, jnp.asarray(xy, float))))
        return np.hstack([1 - p, p])

    def loss(self, data: nn.Dataset) -> float:
        """The mean cross-entropy of examples, in nats."""
        return nn.evaluate(self.params, data, nn.Objective(self.network, loss))["loss"]


def loss(logits: Array, truth: Array) -> Array:
    """Binary cross-entropy, `(B,)` nats."""
    return nn.binary_cross_entropy(logits, truth, from_logits=True)[:, 0]


def examples(points: int, seed: int) -> nn.Dataset:
    """Points of two moons."""
    xy, moon = moons(points, NOISE, seed)
    return nn.make_dataset(xy, moon[:, None])


@cache
def outcome(name: str) -> Outcome:
    """Train two layers of 128 units on 80 points, in one of the `WAYS`."""
    dropout, patience = WAYS[name]
    network = nn.mlp((2, 128, 128, 1), "relu", dropout)
    config = nn.TrainingConfig(
        epochs=EPOCHS, batch_size=16, learning_rate=0.003, patience=patience,
        monitor="loss" if patience is None else "val_loss",
    )  # fmt: skip
    result = nn.fit(
        network.init(jax.random.key(0)),
        examples(*TRAINING),
        nn.Objective(network, loss),
        config,
        key=jax.random.key(1),
        validation=examples(*WATCHED),
    )
    return Outcome(network, result.params, result.history)


def losses(name: str) -> tuple[float, float]:
    """The mean loss on the points trained on, and on new ones."""
    return outcome(name).loss(examples(*TRAINING)), outcome(name).loss(examples(*NEW))


def picture() -> Figure:
    """The training and validation loss, and the decision boundary of each network."""
    figure, axes = plot.new_figure(3, 2, width=4.6, height=3.8)
    xy, moon = moons(TRAINING[0], NOISE, TRAINING[1])
    for number, name in enumerate(WAYS):
        above = axes[number]
        below = axes[number + 3]
        plot.loss_curves({"": outcome(name).history}, axes=above)
        above.set(title=name, ylabel="mean loss (nats)", ylim=(0, 1.6), xlim=(0, EPOCHS))
        plot.decision_boundary(outcome(name), xy, moon, names=("x₁", "x₂"), axes=below)
        below.set_title(f"loss on new points {losses(name)[1]:.2f}")
        # Beside the last plot, for inside it would cover the boundary.
        legend = below.legend(title="moon", loc="upper left", bbox_to_anchor=(1.01, 1))
        legend.set_visible(name == list(WAYS)[-1])
        legend.set_in_layout(name == list(WAYS)[-1])
    return figure


def show(folder: Path) -> None:
    """Print the loss on old and new points, and draw the training."""
    heading("Overfitting, dropout and early stopping")
    print("17,025 parameters, 80 points of two overlapping half moons. Dropout drops half")
    print("of the units at every step; early stopping monitors the loss on 200 other points and")
    print("restores the best epoch.\n")
    rows = [(name, len(outcome(name).history["loss"]), *losses(name)) for name in WAYS]
    table(["remedy", "epochs", "loss, trained on", "loss, new points"], rows)
    keep(picture(), folder, "overfitting")
