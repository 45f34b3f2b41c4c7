"""Small pictures of every kind, and what they are drawn from."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from textdl import Vectors, plot

HISTORIES = {"first": {"loss": [3.0, 2.0, 1.5]}, "second": {"loss": [3.0, 1.0], "val_loss": [2, 2]}}
POINTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]])
KINDS = np.array(["low", "low", "low", "high", "high"])


@pytest.fixture(scope="module")
def model():
    return LogisticRegression().fit(POINTS, KINDS)


def labels_of(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().texts]


def draw_losses():
    return plot.loss_curves(HISTORIES)


def draw_rates():
    return plot.loss_by_rate({0.1: [1.0, 0.5], 10.0: [2.0, float("nan")]})


def draw_boundary():
    return plot.decision_boundary(LogisticRegression().fit(POINTS, KINDS), POINTS, KINDS)


def draw_confusion():
    return plot.confusion_matrix([[5, 1], [0, 4]], ["ham", "spam"])


def draw_network():
    return plot.network_diagram([np.linspace(-1, 1, 12).reshape(4, 3), np.ones((3, 1))])


def draw_words():
    vectors = Vectors(["up", "down", "left"], [[0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]])
    return plot.word_map(vectors, {"vertical": ["up", "down"], "horizontal": ["left"]})


DRAWINGS = pytest.mark.parametrize(
    "draw",
    [draw_losses, draw_rates, draw_boundary, draw_confusion, draw_network, draw_words],
)
