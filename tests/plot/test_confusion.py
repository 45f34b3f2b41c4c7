"""Confusion matrices: numbers, shares, names, and what is refused."""

import numpy as np
import pytest

from tests.plot.conftest import draw_confusion
from textdl import plot
from textdl.errors import DataError

NAN = [[np.nan, 1.0], [0.0, 1.0]]


def test_every_number_stands_in_its_field():
    (axes,) = draw_confusion().axes
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (0, 0): "5", (1, 0): "1", (0, 1): "0", (1, 1): "4",
    }  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ham", "spam"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_fields_are_as_dark_as_their_share_of_the_true_class():
    (axes,) = draw_confusion().axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[5 / 6, 1 / 6], [0, 1]])


def test_a_class_without_examples_has_shares_of_zero():
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
def test_what_cannot_be_drawn(counts, names, says):
    with pytest.raises(DataError, match=says):
        plot.confusion_matrix(counts, names)
