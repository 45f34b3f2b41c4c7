"""Will the talk go well? One network, wrong before training and right after it."""

from __future__ import annotations

import math
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Earlier talks, invented: hours practised, hours of television, and whether the talk went well.
TALKS = np.array([
    (4, 5, 1), (1, 1, 0), (2, 6, 0), (6, 2, 1), (5, 3, 1), (0, 4, 0), (3, 8, 0), (7, 7, 1),
    (1, 3, 0), (8, 4, 1), (5, 8, 1), (2, 2, 0),
], float)  # fmt: skip
HOURS = TALKS[:, :2]
WELL = TALKS[:, 2:]
MINE = HOURS[0]  # it went well
NAMES = ("practice (hours)", "television (hours)")
FIRST_ANSWER = 0.1
NETWORK = nn.mlp((2, 3, 1), "tanh")


def loss(logits: Array, truth: Array) -> Array:
    """-t log p - (1 - t) log(1 - p) with p = g(z), `(B,)` nats."""
    return nn.binary_cross_entropy(logits, truth, from_logits=True)[:, 0]


class Talk(NamedTuple):
    """The network with some weights, as a classifier."""

    params: tuple[Any, ...]

    @property
    def classes_(self) -> NDArray[np.str_]:
        """What can come of a talk."""
        return np.array(["badly", "well"])

    def predict_proba(self, hours: ArrayLike) -> NDArray[np.floating]:
        """How probable both are, `(N, 2)`."""
        p = np.asarray(nn.sigmoid(NETWORK.apply(self.params, jnp.asarray(hours, float))))
        return np.hstack([1 - p, p])

    def answer(self) -> float:
        """The probability that my talk goes well."""
        return float(self.predict_proba(MINE[None])[0, 1])


def untrained() -> Talk:
    """Random weights, and a last bias that makes the first answer wrong: p = 0.1, for t = 1."""
    *hidden, last = NETWORK.init(jax.random.key(0))
    z = NETWORK.apply((*hidden, last), jnp.asarray(MINE, float))
    shift = math.log(FIRST_ANSWER / (1 - FIRST_ANSWER)) - z  # the z with g(z) = 0.1
    return Talk((*hidden, last._replace(bias=last.bias + shift)))


@cache
def trained() -> tuple[Talk, dict[str, list[float]]]:
    """The network after training on all talks, and its history."""
    data = nn.make_dataset(HOURS, WELL)
    config = nn.TrainingConfig(epochs=300, batch_size=data.size, learning_rate=0.05)
    objective = nn.Objective(NETWORK, loss)
    result = nn.fit(untrained().params, data, objective, config, key=jax.random.key(1))
    return Talk(result.params), result.history


def picture() -> Figure:
    """The predictions for all hours, before and after training."""
    figure, axes = plot.new_figure(3, width=4.6, height=4.0)
    words = np.where(WELL[:, 0] > 0, "well", "badly")
    after, history = trained()
    for talk, title, place in ((untrained(), "before", axes[0]), (after, "after", axes[2])):
        plot.decision_boundary(talk, HOURS, words, names=NAMES, axes=place)
        place.plot(*MINE, "o", color="none", markeredgecolor="black", markersize=14)
        place.set_title(f"{title} training: my talk {talk.answer():.2f}")
    plot.loss_curves({"": history}, axes=axes[1])
    axes[1].set(title="training", ylabel="mean cross-entropy (nats)")
    return figure


def show(folder: Path) -> None:
    """Print the answer and its loss before and after, and draw both."""
    heading("Will the talk go well?")
    practice, television = MINE
    print(f"I practiced {practice:g} hours and watched {television:g} of television. It went well.")
    print("A network of two inputs, three tanh units and one sigmoid predicts:\n")
    answers = {"before training": untrained().answer(), "after training": trained()[0].answer()}
    rows = [(when, f"{p:.3f}", f"{-math.log(p):.4f}") for when, p in answers.items()]
    table(["", "predicted p", "loss -log p (nats)"], rows)
    keep(picture(), folder, "talk")
