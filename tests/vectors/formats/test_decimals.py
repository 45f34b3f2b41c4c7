"""Every spelling of a number is read as `float` reads it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.vectors.formats.decimals import WIDTH, parse_decimals


def parse(fields):
    raw = b" " * WIDTH + b" ".join(fields) + b" "
    lengths = np.array([len(field) for field in fields], np.int64)
    ends = WIDTH + np.cumsum(lengths + 1) - 1
    return parse_decimals(np.frombuffer(raw, np.uint8), ends - lengths, ends)


def expected(fields):
    def one(field):
        try:
            return float(field)
        except ValueError:
            return float("nan")

    with np.errstate(over="ignore"):
        return np.array([one(field) for field in fields]).astype(np.float32)


def assert_as_float(fields):
    found = parse(fields)
    wanted = expected(fields)
    assert np.array_equal(found, wanted, equal_nan=True)
    is_number = ~np.isnan(wanted)
    assert np.array_equal(np.signbit(found)[is_number], np.signbit(wanted)[is_number])


ODD = (
    b"1.5abc 1.2.3 1-5 1e 1e5 1e-5 -1E+3 nan 0x10 1. .5 . - + -. +1 +.5 1_0 infinity -inf 1/2 1:2 "
    b"--1 -+1 1- 123456789012345678 9007199254740993 9007199254740992 9007199254740991 "
    b"1234567890123456 .1234567890123456 .123456789012345 -0 -0.0 0.999999999999999 1e39 1e999 "
    b"00000000000000001.5 3.4028236e38 99999999999999.9 9.999999999999999 0.000000000000001 ,5 1,5 "
    b"\xff1 1\xff \x001 \x1f5 >5 1\x0e"
).split(b" ")


@pytest.mark.parametrize("field", ODD)
def test_odd_spelling_is_read_as_float(field):
    assert_as_float([field, b"-0.25", field])


@given(st.lists(st.text("0123456789.-+e", min_size=1, max_size=20), min_size=1, max_size=30))
def test_any_characters_of_numbers_are_read_as_float(fields):
    assert_as_float([field.encode() for field in fields])


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_any_float_is_read_as_float_in_every_notation(numbers):
    for notation in ("%.6f", "%.9g", "%.17g", "%r"):
        assert_as_float([(notation % number).encode() for number in numbers])


def test_many_numbers_are_read_across_blocks():
    numbers = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    found = parse([b"%.9g" % number for number in numbers.tolist()])
    assert np.array_equal(found, numbers)
