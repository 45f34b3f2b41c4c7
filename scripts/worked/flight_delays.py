"""Will the flight be late? Four losses of four predictions, then a network that gets them right."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from textdl import MLPClassifier, nn, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEATURES = np.array([[-20.0, 45.0], [80.0, 0.0], [4.0, 15.0], [45.0, 60.0]])
LATE = np.array([1, 0, 1, 1])
PREDICTED = np.array([0.05, 0.02, 0.96, 0.35])  # before any training
NAMES = ("temperature (°F)", "wind (mph)")
LOSSES = {
    "mean squared error": nn.squared_error,
    "mean absolute error": nn.absolute_error,
    "mean binary cross-entropy": nn.binary_cross_entropy,
}


def losses(predictions: Any = PREDICTED) -> dict[str, float]:
    """The mean of every loss over the four flights."""
    return {name: float(loss(predictions, LATE).mean()) for name, loss in LOSSES.items()}


@cache
def trained() -> Pipeline:
    """A network of eight hidden units on scaled features, trained until it fits."""
    network = MLPClassifier(
        (8,), learning_rate_init=0.05, max_iter=150, n_iter_no_change=150,
        initializer="glorot_uniform",
    )  # fmt: skip
    return make_pipeline(StandardScaler(), network).fit(FEATURES, LATE)


def picture() -> Figure:
    """The loss of every epoch, and the predictions of the network for any weather."""
    figure, (left, right) = plot.new_figure(2)
    plot.loss_curves({"": trained()[-1].history_}, axes=left)
    left.set(title="Training until it fits", ylabel="mean binary cross-entropy (nats)")
    words = np.where(LATE == 1, "late", "on time")
    plot.decision_boundary(_Spoken(trained()), FEATURES, words, names=NAMES, axes=right)
    right.set_title("How probable is a delay?")
    return figure


class _Spoken:
    """The network with words for its classes."""

    classes_ = np.array(["on time", "late"])

    def __init__(self, model: Pipeline) -> None:
        self.predict_proba = model.predict_proba


def show(folder: Path) -> None:
    """Print the losses before and after training, and draw the training."""
    heading("Flight delays: what a loss measures")
    after = trained().predict_proba(FEATURES)[:, 1]
    fitted = [f"{p:.4f}" for p in after]
    rows = zip(*FEATURES.T, LATE, PREDICTED, fitted, strict=True)
    table([*NAMES, "truth t", "predicted p", "after training"], rows)
    print("squared error (p - t)², absolute error |p - t|,")
    print("binary cross-entropy -t log p - (1 - t) log(1 - p), in nats:\n")
    before = losses()
    now = losses(after)
    table(
        ["", "predicted", "after training"],
        [(n, f"{before[n]:.5f}", f"{now[n]:.5f}") for n in LOSSES],
    )
    keep(picture(), folder, "flight_delays")
