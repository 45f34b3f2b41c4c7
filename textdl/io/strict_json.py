r"""The JSON of saved files: one text for a value, and a reader that trusts nothing.

Python's own reader takes more than JSON: NaN, a key that stands twice (the last one wins), half a
character (`"\ud800"`), other encodings than UTF-8, whole numbers of any length, and values nested
until the interpreter gives up. A file that holds any of these was not written by textdl.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import numpy as np

from textdl.errors import ParameterError

MOST_DEPTH = 32  # lists and maps within one another
# What JSON has no word for is an object with one of these keys.
_TUPLE = "tuple"
_FLOAT = "float"
_MAP = "map"
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
        TypeError, ValueError: it would not, or the value is not JSON.
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
        ValueError: it is not valid JSON, names a key twice, is nested more than `MOST_DEPTH` deep,
            or holds NaN, infinity, a lone surrogate, or a whole number of more than 64 bits.

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
    if "\\u" in decoded:  # a lone surrogate can stand nowhere else in text that was decoded
        canonical_json(value).encode()
    return value


def encode_value(name: str, value: Any) -> Any:
    """A value as JSON that keeps tuples, numbers that are not finite, and keys of any type.

    Args:
        name: of the value, for the message.
        value: None, a boolean, a number, a string, or a tuple, list or dictionary of those.

    Raises:
        ParameterError: it is of a kind that no file can hold.
    """
    match value:
        case np.generic():
            return encode_value(name, value.item())
        case float() if not math.isfinite(value):
            return {_FLOAT: str(value)}
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return {_TUPLE: [encode_value(name, item) for item in value]}
        case list():
            return [encode_value(name, item) for item in value]
        case dict() if all(map(_is_plain_key, value)):
            return {key: encode_value(key, item) for key, item in value.items()}
        case dict():
            items = value.items()
            return {_MAP: [[encode_value(name, k), encode_value(name, v)] for k, v in items]}
    raise ParameterError(
        f"{name}={value!r} cannot be written to a file; name it by a string or a number to save"
    )


def _is_plain_key(key: Any) -> bool:
    return isinstance(key, str) and key not in (_TUPLE, _FLOAT, _MAP)


def decode_value(value: Any) -> Any:
    """What `encode_value` encoded.

    Raises:
        TypeError, ValueError: it did not encode this.
    """
    match value:
        case {"tuple": items}:
            return tuple(map(decode_value, items))
        case {"float": text}:
            return float(text)
        case {"map": pairs}:
            return {decode_value(key): decode_value(item) for key, item in pairs}
        case dict():
            return {key: decode_value(item) for key, item in value.items()}
        case list():
            return list(map(decode_value, value))
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"the key {twice!r} stands twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _bounded(text: str) -> int:
    number = int(text) if len(text) <= 20 and text != "-0" else None
    if number is None or not _SMALLEST_INTEGER <= number <= _LARGEST_INTEGER:
        raise ValueError(f"{text[:40]} is not a whole number of 64 bits")
    return number


def _check_depth(value: Any, room: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not room:
        raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _check_depth(item, room - 1)
