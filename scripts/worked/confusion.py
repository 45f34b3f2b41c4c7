"""Which digits are taken for which: a confusion matrix."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from textdl import MLPClassifier, plot

from .page import heading, keep, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Outcome(NamedTuple):
    """The predictions of a network for digits that it was not trained on."""

    counts: NDArray[np.int64]  # (10, 10) true digit by answer
    accuracy: float


@cache
def outcome() -> Outcome:
    """Train 32 units on half of 1,797 pictures of 8 x 8 pixels, and ask for the others."""
    pixels, digits = load_digits(return_X_y=True)
    x, x_new, y, y_new = train_test_split(
        pixels / 16, digits, test_size=0.5, random_state=0, stratify=digits
    )
    network = MLPClassifier(
        (32,), learning_rate_init=0.01, max_iter=30, dtype="float32", initializer="glorot_uniform"
    )
    answers = network.fit(x, y).predict(x_new)
    return Outcome(confusion_matrix(y_new, answers), float((answers == y_new).mean()))


def mistakes(n: int = 3) -> list[tuple[int, int, int]]:
    """The most frequent mistakes: a digit, what it was taken for, and how often."""
    wrong = outcome().counts * (1 - np.eye(10, dtype=int))
    best = np.argsort(-wrong, axis=None, kind="stable")[:n]
    rows, columns = np.unravel_index(best, wrong.shape)
    return [(int(r), int(c), int(wrong[r, c])) for r, c in zip(rows, columns, strict=True)]


def picture() -> Figure:
    """The matrix."""
    figure = plot.confusion_matrix(outcome().counts, range(10))
    figure.axes[0].set_title(f"New digits: {outcome().accuracy:.1%} right")
    return figure


def show(folder: Path) -> None:
    """Print the most frequent mistakes, and draw the matrix."""
    heading("Which digits are taken for which")
    print("Rows are true digits, columns predicted ones; correct predictions are diagonal.\n")
    table(["digit", "taken for", "times"], mistakes())
    keep(picture(), folder, "confusion")
