"""Labeled points from CSV: what is read, and every line that is wrong is named."""

import numpy as np
import pytest

from textdl.errors import DataError
from textdl.plot.points import read_points


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


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="none' cannot be read"):
        read_points(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        read_points(tmp_path)
