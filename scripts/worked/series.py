"""Tomorrow from last week: regression on the windows of a series."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textdl import MLPRegressor, nn, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAYS = 280
WEEK = 7
TRAINED_ON = 210
RHYTHM = np.array([-0.6, -0.9, -0.7, -0.2, 0.4, 1.3, 0.7])  # Monday to Sunday


class Forecast(NamedTuple):
    """The days that were not trained on."""

    days: NDArray[np.int64]  # (T,)
    truth: NDArray[np.float64]  # (T,)
    predictions: dict[str, NDArray[np.float64]]  # by the method, (T,) each


def series() -> NDArray[np.float64]:
    """Loaves that a bakery sells a day, in hundreds: a weekly rhythm, slow seasons and chance."""
    day = np.arange(DAYS)
    chance = np.random.default_rng(0).normal(0, 0.12, DAYS)
    return 4 + RHYTHM[day % WEEK] + 0.8 * np.sin(2 * np.pi * day / 140) + chance


def windows(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every week of days `(N, 7)`, and the day after it `(N,)`.

    Example:
        >>> x, y = windows(np.arange(9.0))
        >>> x[0].tolist(), y.tolist()
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0])
    """
    return sliding_window_view(values, WEEK)[:-1], values[WEEK:]


@cache
def forecast() -> Forecast:
    """Predict every day after the first 210 from the week before it."""
    x, y = windows(series())
    past = slice(TRAINED_ON - WEEK)
    future = slice(TRAINED_ON - WEEK, None)
    mean = y[past].mean()
    spread = y[past].std()
    network = MLPRegressor(
        (16,),
        activation="tanh",
        learning_rate_init=0.01,
        batch_size=32,
        alpha=0.01,
        max_iter=150,
        initializer="glorot_uniform",
        n_iter_no_change=9,
    ).fit((x[past] - mean) / spread, (y[past] - mean) / spread)
    predictions = {
        "network": mean + spread * network.predict((x[future] - mean) / spread),
        "as a week ago": x[future, 0],
        "as today": x[future, -1],
    }
    return Forecast(np.arange(TRAINED_ON, DAYS), y[future], predictions)


def errors() -> dict[str, float]:
    """The mean absolute error of every method, in hundreds of loaves."""
    _, truth, predictions = forecast()
    return {name: float(nn.absolute_error(p, truth).mean()) for name, p in predictions.items()}


def picture() -> Figure:
    """The last days, with what was predicted for them."""
    figure, (axes,) = plot.new_figure(width=8.5, height=4)
    days, truth, predictions = forecast()
    axes.plot(days, truth, "o-", color="black", markersize=4, label="truth")
    axes.plot(days, predictions["network"], color=plot.COLORS[0], linewidth=2, label="network")
    axes.plot(days, predictions["as a week ago"], ":", color=plot.COLORS[1], label="as a week ago")
    axes.set(xlabel="day", ylabel="loaves sold (hundreds)", title="Tomorrow, from the week before")
    axes.set_ylim(top=5.9)  # room for the legend
    axes.grid(alpha=0.3)
    axes.legend(ncols=3)
    return figure


def show(folder: Path) -> None:
    """Print the errors, and draw the predictions."""
    heading("Tomorrow from last week")
    print("A network of 7 inputs, 16 tanh units and 1 linear output learns")
    print("(x_t-6, ..., x_t) → x_t+1 on 210 days; the next 70 days are predicted:\n")
    table(["method", "mean absolute error (hundreds of loaves)"], list(errors().items()))
    keep(picture(), folder, "series")
