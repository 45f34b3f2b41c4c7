"""JSON that is written is read again; what is not plain JSON is refused."""

import pytest

from textdl.io.strict_json import MOST_DEPTH, canonical_json, parse_json, writable_json


@pytest.mark.parametrize("value", [None, [1, 2.5, "é", {"a": [True]}], {"b": 1, "a": -(2**63)}, ""])
def test_round_trip(value):
    assert parse_json(canonical_json(value)) == value
    assert parse_json(writable_json(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands twice"),
        ("NaN", "NaN is not valid JSON"),
        ("[-Infinity]", "Infinity is not valid JSON"),
        ("1e400", "too large a number"),
        (str(2**63), "not a whole number of 64 bits"),
        ("9" * 5000, "not a whole number of 64 bits"),
        ("-0", "not a whole number of 64 bits"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "nested"),
        ("[" * 100_000, "nested"),
        ('"\\ud800"', "surrogates"),
        (b"\xff", "invalid start byte"),
        ('{"a": 1}'.encode("utf-16"), "invalid start byte"),
        ("\ufeff{}", "BOM"),
        ("{", "Expecting"),
    ],
)
def test_refused(text, says):
    with pytest.raises(ValueError, match=says):
        parse_json(text)


def test_nested_as_deep_as_allowed():
    assert parse_json("[" * MOST_DEPTH + "]" * MOST_DEPTH)


@pytest.mark.parametrize("value", [float("inf"), 2**63, "\ud800", {1: object()}])
def test_what_would_not_come_back(value):
    with pytest.raises((TypeError, ValueError)):
        writable_json(value)
