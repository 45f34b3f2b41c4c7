"""One label a text, or several."""

import numpy as np
import pytest

from textdl.classify.labels import make_targets, make_truth
from textdl.errors import DataError, ParameterError


@pytest.mark.parametrize("make", [list, tuple, np.array, iter])
def test_one_label_each(make):
    targets = make_targets(make(["b", "a", "ß", "a"]))
    assert targets.values.tolist() == ["b", "a", "ß", "a"]
    assert targets.classes.tolist() == ["a", "b", "ß"]
    assert not targets.several


def test_numbers_stay_numbers():
    assert make_targets([3, 1, 3]).classes.tolist() == [1, 3]
    truth = make_truth([1, 3], np.array([1, 3]), several=False)
    assert truth.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_several_labels(kind):
    targets = make_targets([kind(["b", "a"]), kind(), kind(["a"])])
    assert targets.values.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert targets.several


def test_lists_of_one_are_one_label():
    assert make_truth([("a",), ("b",)], np.array(["a", "b"]), several=False).diagonal().all()


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        ("spam", ParameterError, "labels are 'spam'; pass a list"),
        (None, ParameterError, "labels are None"),
        (["a", None], DataError, "label 2 is None"),
        (["a", float("nan")], DataError, "label 2 is nan"),
        ([["a"], "b"], DataError, "label 2 is 'b', others are lists"),
        ([["a"], [None]], DataError, "label 2 is None"),
        (["a", {}], DataError, "label 2 is {}"),
        (["a", "a"], DataError, "one class only, ['a']"),
        ([["a"], []], DataError, "one class only"),
        ([[], []], DataError, "no text has a label"),
        ([], DataError, "no text has a label"),
    ],
)
def test_labels_that_cannot_be(labels, error, says):
    with pytest.raises(error) as caught:
        make_targets(labels)
    assert says in str(caught.value)


def test_unseen_labels_are_named():
    classes = np.array([f"c{i}" for i in range(12)])
    with pytest.raises(DataError, match=r"label 'new' of text 2 is not among the 12 classes"):
        make_truth(["c0", "new"], classes, several=False)
    with pytest.raises(DataError, match=r"c9, \.\.\.; leave such texts out"):
        make_truth([["c0", "new"]], classes, several=True)
    with pytest.raises(DataError, match="has learnt one label a text"):
        make_truth([["c0", "c1"]], classes, several=False)


@pytest.mark.parametrize("labels", [["ham", "ham\0"], [["ham"], ["ham\0"]]])
def test_labels_that_end_in_nul(labels):
    with pytest.raises(DataError, match="ends in a NUL character"):
        make_targets(labels)


def test_label_that_is_a_text():
    with pytest.raises(DataError, match=r"label 2 has 1,001 characters.*wrong way round"):
        make_targets(["ham", "s" * 1001])
