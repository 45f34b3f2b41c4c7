"""Reports of predictions, against a loop over examples and classes."""

import numpy as np
import pytest

from textdl.classify.report import as_text, make_report
from textdl.errors import DataError


def share(part, whole):
    return part / whole if whole else 0.0


def slow_scores(truth, predicted, k):
    """Precision, recall, F1 and support of class k, counted example by example."""
    both = found = support = 0
    for row in range(len(truth)):
        both += bool(truth[row, k] and predicted[row, k])
        found += bool(predicted[row, k])
        support += bool(truth[row, k])
    return share(both, found), share(both, support), share(2 * both, found + support), support


def slow_confusion(truth, predicted):
    counts = [[0] * truth.shape[1] for _ in range(truth.shape[1])]
    for row in range(len(truth)):
        counts[truth[row].tolist().index(True)][predicted[row].tolist().index(True)] += 1
    return counts


def assert_matches_loop(truth, predicted):
    names = [f"class {k}" for k in range(truth.shape[1])]
    report = make_report(names, truth, predicted)
    expected = [slow_scores(truth, predicted, k) for k in range(truth.shape[1])]
    assert list(report.classes) == names
    assert [tuple(scores) for scores in report.classes.values()] == expected
    assert report.macro_f1 == pytest.approx(np.mean([f1 for _, _, f1, _ in expected]))
    right = [truth[row].tolist() == predicted[row].tolist() for row in range(len(truth))]
    assert report.accuracy == pytest.approx(sum(right) / len(right))
    return report


@pytest.mark.parametrize("seed", range(10))
def test_make_report_one_label_matches_loop(seed):
    draw = np.random.default_rng(seed)
    classes = draw.integers(2, 6)
    truth, predicted = np.eye(classes, dtype=bool)[draw.integers(0, classes, (2, 12))]
    report = assert_matches_loop(truth, predicted)
    assert report.confusion.tolist() == slow_confusion(truth, predicted)


@pytest.mark.parametrize("seed", range(10))
def test_make_report_several_labels_match_loop(seed):
    draw = np.random.default_rng(seed)
    truth, predicted = draw.random((2, 9, draw.integers(2, 6))) < 0.3
    truth[0] = False  # a text without labels has no place in a confusion matrix
    assert assert_matches_loop(truth, predicted).confusion is None


def test_make_report_class_never_true_nor_predicted_scores_0():
    truth = np.eye(3, dtype=bool)[[0, 0, 1]]
    predicted = np.eye(3, dtype=bool)[[0, 0, 0]]
    report = assert_matches_loop(truth, predicted)
    assert report.classes["class 1"] == (0.0, 0.0, 0.0, 1)
    assert report.classes["class 2"] == (0.0, 0.0, 0.0, 0)


def test_make_report_without_examples_is_refused():
    with pytest.raises(DataError, match="no prediction to score"):
        make_report(["a", "b"], np.zeros((0, 2), bool), np.zeros((0, 2), bool))


def test_as_text_aligns_names_and_large_counts():
    truth = np.eye(2, dtype=bool)[np.repeat([0, 1], [1500, 1])]
    lines = as_text(make_report(["a", "long name"], truth, truth)).splitlines()
    assert lines == [
        "accuracy 1.0000, macro F1 1.0000",
        "",
        "class      precision  recall      f1  support",
        "a             1.0000  1.0000  1.0000    1,500",
        "long name     1.0000  1.0000  1.0000        1",
        "",
        "true \\ predicted      a  long name",
        "a                 1,500          0",
        "long name             0          1",
    ]
