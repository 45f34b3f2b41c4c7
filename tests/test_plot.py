"""Pictures: what they show, that they are files, and the same files twice."""

import builtins
import json
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression, Perceptron

from textdl import MLPClassifier, MLPRegressor, Vectors, plot
from textdl.errors import DataError, FileFormatError, OutputError, ParameterError
from textdl.plot.points import read_points
from textdl.plot.runs import read_history

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


DRAWINGS = pytest.mark.parametrize("draw", [draw_losses, draw_rates, draw_boundary])


@DRAWINGS
def test_a_png_has_its_signature_and_size(tmp_path, draw):
    figure = draw()
    plot.save(figure, tmp_path / "picture.png")
    content = (tmp_path / "picture.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    size = [int.from_bytes(content[start : start + 4], "big") for start in (16, 20)]
    np.testing.assert_allclose(size, figure.get_size_inches() * 120, atol=1)
    assert min(size) > 400


@DRAWINGS
def test_an_svg_is_xml_without_a_date(tmp_path, draw):
    plot.save(draw(), tmp_path / "picture.SVG")
    root = ET.parse(tmp_path / "picture.SVG").getroot()
    assert root.tag.endswith("svg")
    assert b"dc:date" not in (tmp_path / "picture.SVG").read_bytes()


@DRAWINGS
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_picture_has_the_same_bytes(tmp_path, draw, suffix):
    first, second = (tmp_path / f"{name}{suffix}" for name in "ab")
    plot.save(draw(), first)
    plot.save(draw(), second)
    assert first.read_bytes() == second.read_bytes()


def test_another_process_draws_the_same_bytes(tmp_path):
    code = (
        "from textdl import plot\n"
        f"plot.save(plot.loss_curves({HISTORIES}), {str(tmp_path / 'there.svg')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    plot.save(draw_losses(), tmp_path / "here.svg")
    assert (tmp_path / "there.svg").read_bytes() == (tmp_path / "here.svg").read_bytes()


def test_drawing_leaves_pyplot_and_the_settings_alone(tmp_path):
    code = (
        "import sys\n"
        "from matplotlib import rcParams\n"
        # Reading the backend would choose one, with pyplot.
        "settings = lambda: {name: rcParams[name] for name in rcParams if name != 'backend'}\n"
        "before = settings()\n"
        "from textdl import plot\n"
        f"plot.save(plot.loss_curves({HISTORIES}), {str(tmp_path / 'loss.svg')!r})\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


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


def test_drawing_into_a_plot_that_exists(model):
    figure, (left, right) = plot.new_figure(2)
    assert plot.loss_curves(HISTORIES, axes=left) is figure
    assert plot.decision_boundary(model, POINTS, KINDS, axes=right) is figure
    assert len(figure.axes) == 2


@pytest.mark.parametrize("name", ["picture.pdf", "picture", "picture.png.txt", ".png"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ParameterError, match=r"expected one of \.png, \.svg; rename it"):
        plot.save(draw_losses(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_output_is_complete_or_absent(tmp_path, monkeypatch):
    target = tmp_path / "picture.png"
    plot.save(draw_losses(), target)
    before = target.read_bytes()

    def fail(self, path, **options):
        path.write_bytes(b"half")
        raise RuntimeError("stopped")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(RuntimeError, match="stopped"):
        plot.save(draw_losses(), target)
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]
    assert target.read_bytes() == before


def test_output_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="does not exist; create it first"):
        plot.check_picture(tmp_path / "none" / "picture.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        plot.save(draw_losses(), tmp_path / "folder.png")


def test_a_missing_matplotlib_is_named_with_the_remedy(tmp_path, monkeypatch, model):
    figure, really = draw_losses(), builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for draw in (
        draw_losses,
        draw_rates,
        lambda: plot.decision_boundary(model, POINTS, KINDS),
        lambda: plot.save(figure, tmp_path / "picture.png"),
        lambda: plot.check_picture(tmp_path / "picture.png"),
    ):
        with pytest.raises(OutputError, match=r"matplotlib; pip install 'textdl\[plot\]'"):
            draw()


def test_histories_of_saved_networks(tmp_path):
    y = np.arange(5) % 2
    for kind in (MLPClassifier, MLPRegressor):
        network = kind((3,), max_iter=4).fit(POINTS, y)
        network.save(tmp_path / "network.safetensors")
        history = read_history(tmp_path / "network.safetensors")
        assert history["loss"] == network.loss_curve_


def test_a_report_is_the_last_line(tmp_path):
    file = tmp_path / "run.json"
    file.write_text('{"loss": [9]}\n' + json.dumps({"loss": [2.0, None]}) + "\n\n")
    assert read_history(file) == {"loss": [2.0, None]}


@pytest.mark.parametrize(
    "content",
    ["", "\n", "word", "[1.0]", '{"loss": 3}', '{"loss": []}', '{"loss": ["a"]}',
     '{"loss": [true]}', "[" * 10_000, "\0" * 7, "\xff\xfe", '{"loss": [1%s]}' % ("0" * 400)],
)  # fmt: skip
def test_other_files_are_no_runs(tmp_path, content):
    file = tmp_path / "run"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(FileFormatError, match="neither a saved network nor JSON"):
        read_history(file)


def test_a_report_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.plot.runs.LONGEST_REPORT", 20)
    file = tmp_path / "run"
    file.write_text(json.dumps({"loss": [1.0] * 10}))
    with pytest.raises(FileFormatError, match="more than 20 bytes"):
        read_history(file)


def test_word_vectors_and_damaged_networks_are_no_runs(tmp_path):
    vectors, cut = tmp_path / "v.safetensors", tmp_path / "cut.safetensors"
    Vectors(["a"], [[1.0]]).save(vectors)
    with pytest.raises(
        FileFormatError, match="holds a Vectors, expected a network: what MLPClassifier or"
    ):
        read_history(vectors)
    MLPRegressor((), max_iter=1).fit([[1.0], [2.0]], [1.0, 2.0]).save(cut)
    cut.write_bytes(cut.read_bytes()[:-4])
    with pytest.raises(FileFormatError, match=r"cut\.safetensors"):
        read_history(cut)


def test_a_missing_file_is_named(tmp_path):
    for read in (read_history, read_points):
        with pytest.raises(DataError, match="none' cannot be read"):
            read(tmp_path / "none")
        with pytest.raises(DataError, match="Is a directory"):
            read(tmp_path)


def write_points(tmp_path, text):
    file = tmp_path / "points.csv"
    file.write_bytes(text.encode("latin-1"))
    return file


def test_points_are_read(tmp_path):
    text = '\xef\xbb\xbf a ,"b, in cm",c\r\n1,2e1,"x, y"\r\n\r\n -3 , 4 , z \r\n'
    names, xy, labels = read_points(write_points(tmp_path, text))
    assert names == ("a", "b, in cm")
    np.testing.assert_array_equal(xy, [[1, 20], [-3, 4]])
    assert labels.tolist() == ["x, y", "z"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: '', expected a header"),
        ("a,b\n", "line 1: 'a,b', expected a header of three columns"),
        ("1,2,x\n3,4,y\n", "line 1: '1,2,x', expected a header, which names"),
        ("a,b,c\n", "no points below its header"),
        ("a,b,c\n1,2,x\n\n3,four,y\n", "line 4: '3,four,y', expected finite numbers"),
        ("a,b,c\n1,nan,x\n", "line 2: '1,nan,x', expected finite"),
        ("a,b,c\n1,2,x\n1,2\n", "line 3: '1,2', expected two numbers and a label"),
        ("a,b,c\n1,2,x,y\n", "line 2: '1,2,x,y', expected two numbers and a label"),
        ("a,b,c\n1,2, \n", "line 2: '1,2,', expected two numbers and a label"),
        ("a,b,c\n1,\xff,x\n", "not UTF-8: byte 0xff at offset 8"),
        ("a,b,c\n1,2," + "x" * 200_000 + "\n", "line 2: field larger than"),
    ],
)
def test_bad_points_are_named_by_their_line(tmp_path, text, says):
    with pytest.raises(DataError) as error_info:
        read_points(write_points(tmp_path, text))
    assert says in str(error_info.value)
    assert "points.csv" in str(error_info.value)
    assert "\n" not in str(error_info.value)


@pytest.mark.parametrize(
    ("classes", "labels", "expected"),
    [
        (["a", "b"], "ba", ["b", "a"]),
        ([0, 1], ["1", "0.0"], [1, 0]),
        ([0.5, 1.0], ["1", "0.50"], [1.0, 0.5]),
        ([False, True], ["True", "False"], [True, False]),
    ],
)
def test_labels_in_the_type_of_the_classes(tmp_path, classes, labels, expected):
    rows = "".join(f"0,0,{label}\n" for label in labels)
    points = read_points(write_points(tmp_path, f"x,y,z\n{rows}"))
    assert points.labels_as(np.array(classes)).tolist() == expected
    with pytest.raises(DataError, match=r"is not among the classes \[77"):
        points.labels_as(np.array([77, 78]))
