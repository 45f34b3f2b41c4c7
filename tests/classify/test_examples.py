"""Labeled texts: what a cell of a file may hold, and labels as targets and as truth."""

import numpy as np
import pytest

from textdl.classify.examples import make_targets, make_truth, read_examples
from textdl.errors import DataError, ParameterError


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"label": "a", "text": ["b"]}', "has .*'b'.* in 'text'; expected text"),
        ('{"label": "a", "text": {"b": 1}}', "in 'text'; expected text"),
        ('{"label": {"a": 1}, "text": "b"}', "in 'label'; expected text"),
        ('{"label": [["a"]], "text": "b"}', "in 'label'; expected text"),
        ('{"label": "a", "text": "b\\ud800"}', "which is a lone surrogate"),
        ('{"label": "\\udfff", "text": "b"}', "which is a lone surrogate"),
        ('{"label": "a", "text": ' + "[" * 500 + "]" * 500 + "}", "in 'text'; expected text"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"label": ' + "9" * 5000 + ', "text": "b"}', "is not valid JSON"),
    ],
)
def test_read_examples_cell_of_another_type_is_refused(tmp_path, line, says):
    path = tmp_path / "mail.jsonl"
    path.write_text('{"label": 1, "text": "x"}\n' + line + "\n")
    with pytest.raises(DataError, match=f"line 2 .*{says}"):
        read_examples(path)


def test_read_examples_numbers_become_text_and_lists_several_labels(tmp_path):
    path = tmp_path / "mail.jsonl"
    path.write_text('{"label": [1, "b"], "text": 2.5}\n')
    examples = read_examples(path)
    assert (examples.texts, examples.labels) == (["2.5"], [("1", "b")])


@pytest.mark.parametrize("make", [list, tuple, np.array, iter])
def test_make_targets_one_label_per_text_finds_sorted_classes(make):
    targets = make_targets(make(["b", "a", "ß", "a"]))
    assert targets.values.tolist() == ["b", "a", "ß", "a"]
    assert targets.classes.tolist() == ["a", "b", "ß"]
    assert not targets.multilabel


def test_make_targets_numbers_stay_numbers():
    assert make_targets([3, 1, 3]).classes.tolist() == [1, 3]
    truth = make_truth([1, 3], np.array([1, 3]), multilabel=False)
    assert truth.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_make_targets_lists_of_labels_become_indicators(kind):
    targets = make_targets([kind(["b", "a"]), kind(), kind(["a"])])
    assert targets.values.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert targets.multilabel


def test_make_truth_lists_of_one_are_one_label():
    assert make_truth([("a",), ("b",)], np.array(["a", "b"]), multilabel=False).diagonal().all()


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
def test_make_targets_invalid_labels_are_refused(labels, error, says):
    with pytest.raises(error) as caught:
        make_targets(labels)
    assert says in str(caught.value)


def test_make_truth_unknown_label_is_named():
    classes = np.array([f"c{i}" for i in range(12)])
    with pytest.raises(DataError, match=r"label 'new' of text 2 is not among the 12 classes"):
        make_truth(["c0", "new"], classes, multilabel=False)
    with pytest.raises(DataError, match=r"c9, \.\.\.; leave such texts out"):
        make_truth([["c0", "new"]], classes, multilabel=True)
    with pytest.raises(DataError, match="has learned one label per text"):
        make_truth([["c0", "c1"]], classes, multilabel=False)


@pytest.mark.parametrize("labels", [["ham", "ham\0"], [["ham"], ["ham\0"]]])
def test_make_targets_label_ending_in_nul_is_refused(labels):
    with pytest.raises(DataError, match="ends in a NUL character"):
        make_targets(labels)


def test_make_targets_label_too_long_is_refused():
    with pytest.raises(DataError, match=r"label 2 has 1,001 characters.*labels and texts swapped"):
        make_targets(["ham", "s" * 1001])
