"""Columns of text: their widths, sides and ends."""

import pytest

from textdl.table import format_table


@pytest.mark.parametrize(
    ("rows", "options", "lines"),
    [
        ([("a", "bbb"), ("ccc", "d")], {}, ["a    bbb", "ccc  d"]),
        ([("a", "bbb"), ("ccc", "d")], {"alignment": "<>"}, ["a    bbb", "ccc    d"]),
        ([("1", "a", "9"), ("10", "b", "10")], {"alignment": "><>"}, [" 1  a   9", "10  b  10"]),
        ([("a", "1", "1"), ("b", "10", "10")], {"alignment": "<>"}, ["a   1   1", "b  10  10"]),
        ([("a", "b")], {"first_width": 4}, ["a     b"]),
        ([("a", "b")], {"first_width": 4, "gap": 1}, ["a    b"]),
        ([("abcd", "x", "y"), ("a",)], {}, ["abcd  x  y", "a"]),
        ([("abc", "d"), ("a", "b")], {"first_width": 2}, ["abc  d", "a   b"]),
        ([("a", ""), ("a", "b")], {}, ["a", "a  b"]),
        ([("", ""), ("", "b")], {}, ["", "  b"]),
        ([], {"first_width": 4}, []),
        ([("Éire ☘", "1"), ("a", "2")], {}, ["Éire ☘  1", "a       2"]),
    ],
)
def test_format_table_aligns_columns(rows, options, lines):
    assert format_table(rows, **options) == lines
