r"""The JSON of saved files: one text for a value, and a reader that trusts nothing.

Python's own reader takes more than JSON: NaN, a key that stands twice (the last one wins), half a
character (`"\ud800"`), other encodings than UTF-8, whole numbers of any length, and values nested
until the interpreter gives up. A file that holds any of these was not written by textdl.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MOST_DEPTH = 32  # lists and maps within one another
_SMALLEST_INTEGER = -(1 << 63)
_LARGEST_INTEGER = (1 << 63) - 1


def canonical_json(value: object) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, no NaN.

    Example:
        >>> canonical_json({"b": [1, 2.5], "a": None})
        '{"a":null,"b":[1,2.5]}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def writable_json(value: object) -> str:
    """`canonical_json` of a value that `parse_json` gives back.

    Raises:
        TypeError, ValueError: it would not, or the value is no JSON.
    """
    text = canonical_json(value)
    text.encode()
    parse_json(text)
    return text


def parse_json(text: str | bytes) -> Any:
    """Read JSON text.

    Args:
        text: JSON, in UTF-8 if it is bytes.

    Returns:
        The value, in dicts, lists, strings, numbers, booleans and None.

    Raises:
        ValueError: it is no JSON, names a key twice, is nested more than `MOST_DEPTH` deep, or
            holds NaN, infinity, half a character, or a whole number of more than 64 bits.

    Example:
        >>> parse_json('{"a": [1, 2.5]}')
        {'a': [1, 2.5]}
        >>> parse_json('{"a": 1, "a": 2}')
        Traceback (most recent call last):
        ValueError: the key 'a' stands twice
    """
    decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    try:
        value = json.loads(
            decoded,
            object_pairs_hook=_distinct,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
        _check_depth(value, MOST_DEPTH)
    except RecursionError:
        raise ValueError(f"it is nested more than {MOST_DEPTH} deep") from None
    if "\\u" in decoded:  # half a character can stand nowhere else in text that was decoded
        canonical_json(value).encode()
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"the key {twice!r} stands twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _bounded(text: str) -> int:
    number = int(text) if len(text) <= 20 and text != "-0" else None
    if number is None or not _SMALLEST_INTEGER <= number <= _LARGEST_INTEGER:
        raise ValueError(f"{text[:40]} is no whole number of 64 bits")
    return number


def _check_depth(value: Any, room: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not room:
        raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _check_depth(item, room - 1)
