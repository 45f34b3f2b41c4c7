"""Drawings of networks: units, weights, layers of many units, and what is refused."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tests.plot.conftest import draw_network
from textdl import MLPClassifier, plot
from textdl.errors import DataError
from textdl.plot.network import MOST_UNITS, NEGATIVE, POSITIVE, WIDEST_LINE


def units_of(axes):
    return [len(c.get_offsets()) for c in axes.collections if not hasattr(c, "get_segments")]


def lines_of(axes):
    return [c for c in axes.collections if hasattr(c, "get_segments")]


def test_network_diagram_draws_every_unit_and_weight():
    (axes,) = draw_network().axes
    assert units_of(axes) == [4, 3, 1]
    assert [len(lines.get_segments()) for lines in lines_of(axes)] == [12, 3]


def test_network_diagram_lines_show_size_and_sign():
    weights = np.linspace(-1, 1, 12)
    (axes,) = draw_network().axes
    lines = lines_of(axes)[0]
    np.testing.assert_allclose(lines.get_linewidths(), WIDEST_LINE * np.abs(weights))
    expected = [to_rgb(POSITIVE if w >= 0 else NEGATIVE) for w in weights]
    np.testing.assert_allclose(lines.get_colors()[:, :3], expected)


def test_network_diagram_of_many_units_draws_some_and_counts_all():
    (axes,) = plot.network_diagram([np.ones((1000, 3))], names=["words", "topics"]).axes
    assert units_of(axes) == [MOST_UNITS, 3]
    assert [text.get_text() for text in axes.texts] == ["words\n1,000 units", "topics\n3 units"]


def test_network_diagram_of_a_fitted_network():
    model = MLPClassifier((5, 4), max_iter=1).fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    (axes,) = plot.network_diagram(model.coefs_).axes
    assert units_of(axes) == [2, 5, 4, 1]


@pytest.mark.parametrize(
    ("weights", "names", "says"),
    [
        ([], None, "a network without layers"),
        ([np.ones(3)], None, r"weights 0 have the shape \(3,\)"),
        ([np.ones((2, 3)), np.ones((2, 1))], None, "weights 1 take 2 units, the layer before them"),
        ([np.full((2, 3), np.nan)], None, "expected finite numbers"),
        ([np.ones((2, 3))], ["a"], "1 names for 2 layers; expected one per layer"),
    ],
)
def test_network_diagram_input_errors(weights, names, says):
    with pytest.raises(DataError, match=says):
        plot.network_diagram(weights, names=names)
