"""Decision boundaries are where the model says, and points that cannot be drawn are refused."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import Perceptron

from tests.plot.conftest import KINDS, POINTS, labels_of
from textdl import MLPClassifier, plot
from textdl.errors import DataError


def test_the_boundary_is_where_the_classes_are_equally_probable(model):
    (axes,) = plot.decision_boundary(model, POINTS, KINDS, names=("a", "b")).axes
    (contour,) = (c for c in axes.collections if hasattr(c, "levels"))
    line = np.concatenate([path.vertices for path in contour.get_paths()])
    np.testing.assert_allclose(model.predict_proba(line)[:, 0], 0.5, atol=0.01)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    assert labels_of(axes.figure) == ["high", "low"]


def test_the_background_is_what_the_model_says(model):
    (axes,) = plot.decision_boundary(model, POINTS, KINDS).axes
    (image,) = axes.images
    left, right, bottom, top = image.get_extent()
    assert left < 0 < 2 < right
    assert bottom < 0 < 1 < top
    blue_is_high = image.get_array()[-1, -1], image.get_array()[0, 0]
    assert blue_is_high[0][2] > blue_is_high[1][2]


def test_models_without_probabilities_and_with_more_classes():
    three = np.array([0, 1, 2, 2, 2])
    figure = plot.decision_boundary(Perceptron().fit(POINTS, three), POINTS, three)
    assert labels_of(figure) == ["0", "1", "2"]
    network = MLPClassifier((4,), max_iter=2).fit(POINTS, three)
    assert isinstance(plot.decision_boundary(network, POINTS, three), Figure)


def test_points_on_one_line_can_be_drawn(model):
    assert plot.decision_boundary(model, POINTS[:2], KINDS[:2]).axes


@pytest.mark.parametrize(
    ("points", "labels", "says"),
    [
        (POINTS[:, :1], KINDS, r"\(5, 1\)"),
        (POINTS[:0], KINDS[:0], r"\(0, 2\)"),
        (POINTS * np.nan, KINDS, "finite"),
        (POINTS, KINDS[:2], "do not fit 5 points"),
        (POINTS, ["low"] * 4 + ["odd"], "'odd' is not among the classes"),
        (POINTS, [0, 1, 0, 1, 0], "0 is not among the classes"),
    ],
)
def test_points_that_cannot_be_drawn(model, points, labels, says):
    with pytest.raises(DataError, match=says):
        plot.decision_boundary(model, points, labels)
