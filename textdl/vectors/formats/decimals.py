"""Decimal numbers of a text, thousands at a time, in a few dozen operations on arrays.

A number of up to 16 characters is two integers of 64 bits, which hold eight characters each; a few
multiplications turn eight digits into their value (the trick is known as SWAR, "SIMD within a
register"). With the point read as a digit 0,

    "12.345" -> 120345 = 12 * 10**4 + 345,    M = 120345 - 9 * 12 * 10**3 = 12345,

so that the number is ``M / 10**3``. Both are exact in double precision up to 2**53 and 10**22,
which makes their quotient the double nearest to the number (Clinger 1990), as `float` gives it.
Whatever is spelled otherwise (exponents, longer numbers, nonsense) is left to `float`.

Reference: Clinger 1990, "How to read floating point numbers accurately"; Lemire 2021, "Number
parsing at a gigabyte per second" (eight digits at a time).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH = 16  # characters of the longest number that is parsed here, without its sign
_NUMBERS_PER_BLOCK = 1 << 13  # whose arrays, of 64 kB each, stay in the cache of a core


def _repeated(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


def _kept_bytes(word: int) -> NDArray[np.uint64]:
    """The bytes of a number of 0 to 16 characters in its last word (0), or in the one before it."""
    kept = [min(max(length - 8 * word, 0), 8) for length in range(WIDTH + 1)]
    return np.array([(1 << 64) - (1 << (64 - 8 * n)) for n in kept], np.uint64)


_KEPT = (_kept_bytes(0), _kept_bytes(1))
_ZEROS = _repeated(ord("0"))
_ABOVE_NINE = _repeated(0x80 - 10)  # added to a byte, carries 10 and above into its highest bit
_HIGHEST_BITS = _repeated(0x80)
_SEVEN = np.uint64(7)
_BITS_OF_FOUR = np.uint64(32)
_ONES = _repeated(1)
_BYTE = np.uint64(0xFF)
_POINT = np.uint64(ord(".") ^ ord("0"))
# Times a bit at byte j, the highest byte is one more than the digits behind a point at j.
_PLACES = (np.uint64(0x0807060504030201), np.uint64(0x100F0E0D0C0B0A09))
_PAIRS = np.uint64(0x000000FF000000FF)
_HUNDREDS = np.uint64(100 + (1_000_000 << 32))
_UNITS = np.uint64(1 + (10_000 << 32))
_TEN_TO_8 = np.uint64(10**8)
_LARGEST_EXACT = 2.0**53
# By place of the point, 0 being none: 10 ** (digits behind it), and what the digit 0 added.
_SCALES = np.array([1.0, *(10.0**k for k in range(WIDTH))])
_EXCESS = np.array([0.0, *(9 * 10.0**k for k in range(WIDTH))])
_SHIFTS = np.array([1.0, *(10.0 ** (k + 1) for k in range(WIDTH))])


def parse_decimals(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The numbers that stand in a text, as `np.float32(float(field))` reads them.

    Args:
        text: `(B,)` bytes, those before `WIDTH` belonging to no number.
        starts: `(N,)` where each number begins.
        ends: `(N,)` where it ends; at least one byte behind its start.

    Returns:
        `(N,)`; NaN for what is not a number.

    Example:
        >>> text = np.frombuffer(b" " * 16 + b"-0.5 1e-3", np.uint8)
        >>> parse_decimals(text, np.array([16, 21]), np.array([20, 25]))
        array([-0.5  ,  0.001], dtype=float32)
    """
    numbers = np.empty(len(starts), np.float32)
    for begin in range(0, len(starts), _NUMBERS_PER_BLOCK):
        block = slice(begin, begin + _NUMBERS_PER_BLOCK)
        numbers[block] = _parse_block(text, starts[block], ends[block])
    return numbers


def _parse_block(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float32]:
    is_negative = text[starts] == ord("-")
    lengths = ends - starts - is_negative
    usable = np.minimum(lengths, WIDTH)
    # Eight characters each, the first of them in the lowest byte; the last word of a number first.
    words = np.ndarray((len(text) - 7,), "<u8", text.data, strides=(1,))
    digits = [(words[ends - 8 * (n + 1)] ^ _ZEROS) & np.take(_KEPT[n], usable) for n in range(2)]
    points = [_above_nine(word) for word in digits]
    places = ((points[0] * _PLACES[0]) >> 56) + ((points[1] * _PLACES[1]) >> 56)
    cleared = [word ^ point * _POINT for word, point in zip(digits, points, strict=True)]
    others = (cleared[0] & (points[0] * _BYTE)) | (cleared[1] & (points[1] * _BYTE))
    is_odd = others != 0  # neither a digit nor a point
    is_odd |= ((points[0] + points[1]) * _ONES) >> 56 > 1  # two points
    is_odd |= (lengths > WIDTH) | (lengths <= (places > 0))
    places = np.where(is_odd, np.uint64(0), places).view(np.int64)
    values = (_eight_digits(cleared[1]) * _TEN_TO_8 + _eight_digits(cleared[0])).view(np.int64)
    wide = values.astype(np.float64)
    is_odd |= wide >= _LARGEST_EXACT
    # The digit behind the whole part is 0, so the quotient is never rounded up to the next whole.
    whole = np.floor(wide / np.take(_SHIFTS, places))
    wide -= whole * np.take(_EXCESS, places)
    wide /= np.take(_SCALES, places)
    np.negative(wide, out=wide, where=is_negative)
    with np.errstate(over="ignore"):
        for odd in np.flatnonzero(is_odd).tolist():
            wide[odd] = _parse_one(text[starts[odd] : ends[odd]].tobytes())
        return wide.astype(np.float32)


def _above_nine(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """1 in every byte that is above 9."""
    return (((word + _ABOVE_NINE) | word) & _HIGHEST_BITS) >> _SEVEN


def _eight_digits(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The value of eight digits, the first in the lowest byte: pairs, then fours, then all."""
    pairs = word * np.uint64(10) + (word >> 8)
    return ((pairs & _PAIRS) * _HUNDREDS + ((pairs >> 16) & _PAIRS) * _UNITS) >> _BITS_OF_FOUR


def _parse_one(field: bytes) -> float:
    try:
        return float(field)
    except ValueError:
        return float("nan")
