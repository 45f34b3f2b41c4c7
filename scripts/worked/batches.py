"""Mini-batch against full-batch: more steps from the same examples."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textdl import MLPClassifier, plot

from .page import heading, keep, table
from .points import moons

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXAMPLES = 512
EPOCHS = 60
SIZES = (512, 32, 1)


class Run(NamedTuple):
    """A training with batches of one size."""

    steps: int
    losses: list[float]  # epoch by epoch
    seconds: float  # without compilation


@cache
def run(batch_size: int) -> Run:
    """Train on two moons: every epoch shows 512 examples, whatever the size of a batch."""
    model = MLPClassifier(
        (16, 16), activation="tanh", optimizer="sgd", learning_rate_init=0.1,
        batch_size=batch_size, n_iter_no_change=EPOCHS, initializer="glorot_uniform",
    )  # fmt: skip
    points = moons(EXAMPLES, noise=0.15, seed=0)
    model.set_params(max_iter=1).fit(*points)  # compiles
    began = time.perf_counter()
    model.set_params(max_iter=EPOCHS).fit(*points)
    seconds = time.perf_counter() - began
    return Run(EPOCHS * -(-EXAMPLES // batch_size), model.loss_curve_, seconds)


def picture() -> Figure:
    """The loss of every epoch, for every size."""
    names = {size: "full batch" if size == EXAMPLES else f"batches of {size}" for size in SIZES}
    figure = plot.loss_curves({name: {"loss": run(size).losses} for size, name in names.items()})
    figure.axes[0].set(
        title="The same number of examples", xlabel=f"epoch ({EXAMPLES} examples each)",
        ylabel="mean loss (nats)", ylim=(0, None),
    )  # fmt: skip
    return figure


def show(folder: Path) -> None:
    """Print what each size reaches and costs, and draw the loss."""
    heading("Mini-batch against full-batch")
    print("w ← w - η · mean gradient of a batch. A batch of B of N examples costs B / N of a full")
    print(
        f"one, so {EPOCHS} epochs cost the same arithmetic, but take N / B times as many steps:\n"
    )
    runs = [(size, run(size)) for size in SIZES]
    table(["batch", "steps", "first loss", "last loss", "seconds, compiled"],
          [(s, r.steps, r.losses[0], r.losses[-1], r.seconds) for s, r in runs])  # fmt: skip
    keep(picture(), folder, "batches")
