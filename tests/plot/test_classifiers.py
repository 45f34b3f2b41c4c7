"""Decision boundaries, confusion matrices and labeled points: what is drawn, and input errors."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import Perceptron

from tests.plot.conftest import KINDS, POINTS, draw_confusion, labels_of
from textdl import MLPClassifier, plot
from textdl.errors import DataError
from textdl.plot.classifiers import read_points


def test_decision_boundary_is_where_classes_are_equally_probable(model):
    (axes,) = plot.decision_boundary(model, POINTS, KINDS, names=("a", "b")).axes
    (contour,) = (c for c in axes.collections if hasattr(c, "levels"))
    line = np.concatenate([path.vertices for path in contour.get_paths()])
    np.testing.assert_allclose(model.predict_proba(line)[:, 0], 0.5, atol=0.01)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    assert labels_of(axes.figure) == ["high", "low"]


def test_decision_boundary_background_is_the_predicted_probability(model):
    (axes,) = plot.decision_boundary(model, POINTS, KINDS).axes
    (image,) = axes.images
    left, right, bottom, top = image.get_extent()
    assert left < 0 < 2 < right
    assert bottom < 0 < 1 < top
    blue_is_high = image.get_array()[-1, -1], image.get_array()[0, 0]
    assert blue_is_high[0][2] > blue_is_high[1][2]


def test_decision_boundary_without_probabilities_and_with_more_classes():
    three = np.array([0, 1, 2, 2, 2])
    figure = plot.decision_boundary(Perceptron().fit(POINTS, three), POINTS, three)
    assert labels_of(figure) == ["0", "1", "2"]
    network = MLPClassifier((4,), max_iter=2).fit(POINTS, three)
    assert isinstance(plot.decision_boundary(network, POINTS, three), Figure)


def test_decision_boundary_of_collinear_points(model):
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
def test_decision_boundary_input_errors(model, points, labels, says):
    with pytest.raises(DataError, match=says):
        plot.decision_boundary(model, points, labels)


NAN = [[np.nan, 1.0], [0.0, 1.0]]


def test_confusion_matrix_shows_every_count():
    (axes,) = draw_confusion().axes
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (0, 0): "5", (1, 0): "1", (0, 1): "0", (1, 1): "4",
    }  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ham", "spam"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_confusion_matrix_cells_are_shaded_by_share_of_true_class():
    (axes,) = draw_confusion().axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[5 / 6, 1 / 6], [0, 1]])


def test_confusion_matrix_class_without_examples_has_zero_shares():
    (axes,) = plot.confusion_matrix([[0, 0], [1, 1]], "ab").axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[0, 0], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("counts", "names", "says"),
    [
        ([[1, 2]], ["a"], r"shape \(1, 2\) cannot be drawn; expected \(K, K\)"),
        ([1, 2], "ab", "cannot be drawn"),
        ([["1"]], "a", "counts of type <U1"),
        ([[1]], "ab", "2 names for 1 classes; expected one per class"),
        ([[-1]], "a", "a count is negative"),
        (NAN, "ab", "not finite"),
    ],
)
def test_confusion_matrix_input_errors(counts, names, says):
    with pytest.raises(DataError, match=says):
        plot.confusion_matrix(counts, names)


def write_points(tmp_path, text):
    file = tmp_path / "points.csv"
    file.write_bytes(text.encode("latin-1"))
    return file


def test_read_points_round_trip(tmp_path):
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
def test_read_points_errors_name_the_line(tmp_path, text, says):
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
def test_labels_as_casts_to_the_type_of_the_classes(tmp_path, classes, labels, expected):
    rows = "".join(f"0,0,{label}\n" for label in labels)
    points = read_points(write_points(tmp_path, f"x,y,z\n{rows}"))
    assert points.labels_as(np.array(classes)).tolist() == expected
    with pytest.raises(DataError, match=r"is not among the classes \[77"):
        points.labels_as(np.array([77, 78]))


def test_read_points_of_a_missing_file_names_it(tmp_path):
    with pytest.raises(DataError, match="none' cannot be read"):
        read_points(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        read_points(tmp_path)
