"""Labelled texts of files: what a cell may hold."""

import pytest

from textdl.classify.examples import read_examples
from textdl.errors import DataError


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
def test_cell_that_is_no_text(tmp_path, line, says):
    path = tmp_path / "mail.jsonl"
    path.write_text('{"label": 1, "text": "x"}\n' + line + "\n")
    with pytest.raises(DataError, match=f"line 2 .*{says}"):
        read_examples(path)


def test_numbers_and_lists_of_labels(tmp_path):
    path = tmp_path / "mail.jsonl"
    path.write_text('{"label": [1, "b"], "text": 2.5}\n')
    examples = read_examples(path)
    assert (examples.texts, examples.labels) == (["2.5"], [("1", "b")])
