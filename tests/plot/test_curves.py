"""Loss curves, and the histories read from saved networks and reports."""

import json

import numpy as np
import pytest

from tests.plot.conftest import POINTS, draw_losses, draw_rates, labels_of
from textdl import MLPClassifier, MLPRegressor, Vectors, plot
from textdl.errors import DataError, FileFormatError
from textdl.plot.curves import read_history


def test_loss_curves_have_the_losses_as_data():
    figure = draw_losses()
    lines = figure.axes[0].lines
    assert labels_of(figure) == ["first", "second, training", "second, validation"]
    assert [list(line.get_ydata()) for line in lines] == [[3, 2, 1.5], [3, 1], [2, 2]]
    assert list(lines[0].get_xdata()) == [1, 2, 3]
    assert lines[1].get_color() == lines[2].get_color() != lines[0].get_color()


def test_loss_curves_of_an_unnamed_training():
    assert labels_of(plot.loss_curves({"": {"loss": [1.0]}})) == ["training"]
    history = {"loss": [1.0], "val_loss": [2.0]}
    assert labels_of(plot.loss_curves({"": history})) == ["training", "validation"]


def test_loss_curves_leave_gaps_at_nan():
    (line,) = plot.loss_curves({"run": {"loss": [1.0, None, 2.0]}}).axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [1, np.nan, 2])


def test_loss_by_rate_marks_divergence():
    figure = draw_rates()
    assert labels_of(figure) == ["0.1", "10 (diverged)"]
    assert figure.axes[0].get_yscale() == "log"
    cross = figure.axes[0].lines[-1]
    assert (cross.get_marker(), *cross.get_xdata(), *cross.get_ydata()) == ("x", 1, 2.0)


def test_loss_by_rate_without_any_loss_is_in_the_legend_only():
    figure = plot.loss_by_rate({1.0: [float("nan")]})
    assert labels_of(figure) == ["1 (diverged)"]


def test_loss_by_rate_cuts_off_outliers():
    figure = plot.loss_by_rate({0.1: [1.0, 0.5, 0.4, 0.3], 100.0: [1e18, 1e3]})
    assert figure.axes[0].get_ylim()[1] < 1e4


@pytest.mark.parametrize("draw", [plot.loss_curves, plot.loss_by_rate])
def test_loss_curves_of_no_training_is_an_error(draw):
    with pytest.raises(DataError, match="no loss curve"):
        draw({})


def test_loss_curves_without_losses_is_an_error():
    for history in ({}, {"loss": []}, {"loss": [[1.0]]}):
        with pytest.raises(DataError, match="lost has no loss"):
            plot.loss_curves({"lost": history})
    with pytest.raises(DataError, match=r"rate 0\.1 has no loss"):
        plot.loss_by_rate({0.1: []})


def test_read_history_of_saved_networks(tmp_path):
    y = np.arange(5) % 2
    for kind in (MLPClassifier, MLPRegressor):
        network = kind((3,), max_iter=4).fit(POINTS, y)
        network.save(tmp_path / "network.safetensors")
        history = read_history(tmp_path / "network.safetensors")
        assert history["loss"] == network.loss_curve_


def test_read_history_reads_the_last_line_of_a_report(tmp_path):
    file = tmp_path / "run.json"
    file.write_text('{"loss": [9]}\n' + json.dumps({"loss": [2.0, None]}) + "\n\n")
    assert read_history(file) == {"loss": [2.0, None]}


@pytest.mark.parametrize(
    "content",
    ["", "\n", "word", "[1.0]", '{"loss": 3}', '{"loss": []}', '{"loss": ["a"]}',
     '{"loss": [true]}', "[" * 10_000, "\0" * 7, "\xff\xfe", '{"loss": [1%s]}' % ("0" * 400)],
)  # fmt: skip
def test_read_history_of_other_files_is_an_error(tmp_path, content):
    file = tmp_path / "run"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(FileFormatError, match="neither a saved network nor JSON"):
        read_history(file)


def test_read_history_of_a_too_long_report_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.plot.curves.LONGEST_REPORT", 20)
    file = tmp_path / "run"
    file.write_text(json.dumps({"loss": [1.0] * 10}))
    with pytest.raises(FileFormatError, match="more than 20 bytes"):
        read_history(file)


def test_read_history_of_vectors_and_damaged_networks_is_an_error(tmp_path):
    vectors, cut = tmp_path / "v.safetensors", tmp_path / "cut.safetensors"
    Vectors(["a"], [[1.0]]).save(vectors)
    with pytest.raises(FileFormatError, match="is a file of Vectors, expected MLPClassifier or"):
        read_history(vectors)
    MLPRegressor((), max_iter=1).fit([[1.0], [2.0]], [1.0, 2.0]).save(cut)
    cut.write_bytes(cut.read_bytes()[:-4])
    with pytest.raises(FileFormatError, match=r"cut\.safetensors"):
        read_history(cut)


def test_read_history_of_a_missing_file_names_it(tmp_path):
    with pytest.raises(DataError, match="none' cannot be read"):
        read_history(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        read_history(tmp_path)
