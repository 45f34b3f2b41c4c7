"""Loss curves show the numbers, mark what diverged, and refuse what is none."""

import numpy as np
import pytest

from tests.plot.conftest import draw_losses, draw_rates, labels_of
from textdl import plot
from textdl.errors import DataError


def test_loss_curves_show_the_numbers():
    figure = draw_losses()
    lines = figure.axes[0].lines
    assert labels_of(figure) == ["first", "second, training", "second, validation"]
    assert [list(line.get_ydata()) for line in lines] == [[3, 2, 1.5], [3, 1], [2, 2]]
    assert list(lines[0].get_xdata()) == [1, 2, 3]
    assert lines[1].get_color() == lines[2].get_color() != lines[0].get_color()


def test_a_run_without_a_name_needs_none():
    assert labels_of(plot.loss_curves({"": {"loss": [1.0]}})) == ["training"]
    history = {"loss": [1.0], "val_loss": [2.0]}
    assert labels_of(plot.loss_curves({"": history})) == ["training", "validation"]


def test_losses_that_are_no_numbers_leave_gaps():
    (line,) = plot.loss_curves({"run": {"loss": [1.0, None, 2.0]}}).axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [1, np.nan, 2])


def test_a_diverged_rate_is_marked():
    figure = draw_rates()
    assert labels_of(figure) == ["0.1", "10 (diverged)"]
    assert figure.axes[0].get_yscale() == "log"
    cross = figure.axes[0].lines[-1]
    assert (cross.get_marker(), *cross.get_xdata(), *cross.get_ydata()) == ("x", 1, 2.0)


def test_a_rate_that_never_had_a_loss_is_only_named():
    figure = plot.loss_by_rate({1.0: [float("nan")]})
    assert labels_of(figure) == ["1 (diverged)"]


def test_one_wild_rate_does_not_squeeze_the_others():
    figure = plot.loss_by_rate({0.1: [1.0, 0.5, 0.4, 0.3], 100.0: [1e18, 1e3]})
    assert figure.axes[0].get_ylim()[1] < 1e4


@pytest.mark.parametrize("draw", [plot.loss_curves, plot.loss_by_rate])
def test_nothing_to_draw_is_an_error(draw):
    with pytest.raises(DataError, match="no loss curve"):
        draw({})


def test_a_run_without_losses_is_an_error():
    for history in ({}, {"loss": []}, {"loss": [[1.0]]}):
        with pytest.raises(DataError, match="lost has no loss"):
            plot.loss_curves({"lost": history})
    with pytest.raises(DataError, match=r"rate 0\.1 has no loss"):
        plot.loss_by_rate({0.1: []})
