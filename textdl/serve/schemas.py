"""What requests may hold: a small part of JSON Schema, which checks them and is their description.

A schema is a dict of `type`, `items`, `minItems`, `maxItems`, `maxLength`, `minimum`, `maximum`,
`enum`, `anyOf`, `default` and `description`, with their meaning there; nothing else is checked.

Reference: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from textdl.errors import DataError, one_line

Schema: TypeAlias = Mapping[str, Any]

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
}
_LONGEST_VALUE = 60  # characters of a value in a message


def check_request(request: Any, fields: Mapping[str, Schema]) -> dict[str, Any]:
    """The fields of a request, those that are absent by their defaults.

    Raises:
        DataError: a field is missing, unknown, or of another form.

    Example:
        >>> fields = {"word": {"type": "string"}, "topn": {"type": "integer", "default": 10}}
        >>> check_request({"word": "king"}, fields)
        {'word': 'king', 'topn': 10}
    """
    if not isinstance(request, dict):
        raise DataError(f"the body is {_shown(request)}; expected a JSON object")
    if unknown := [name for name in request if name not in fields]:
        raise DataError(f"the field {unknown[0]!r} is unknown; expected {', '.join(fields)}")
    found = {}
    for name, schema in fields.items():
        if name in request:
            check_value(name, request[name], schema)
        elif "default" not in schema:
            raise DataError(f"the field {name!r} is missing; expected {_expected(schema)}")
        found[name] = request.get(name, schema.get("default"))
    return found


def check_value(name: str, value: Any, schema: Schema) -> None:
    """Refuse a value that is of another form.

    Args:
        name: of the field, for the message.
        value: in JSON.
        schema: of the form.

    Raises:
        DataError: it is.
    """
    if options := schema.get("anyOf"):
        matching = [it for it in options if isinstance(value, _TYPES[it["type"]])]
        if not matching:
            raise DataError(f"{name} is {_shown(value)}; expected {_expected(schema)}")
        check_value(name, value, matching[0])
        return
    kind: str = schema["type"]
    is_wrong_number = kind == "integer" and isinstance(value, bool)
    if not isinstance(value, _TYPES[kind]) or is_wrong_number or not _is_within(value, schema):
        raise DataError(f"{name} is {_shown(value)}; expected {_expected(schema)}")
    if isinstance(value, list):
        for place, item in enumerate(value):
            check_value(f"{name}[{place}]", item, schema["items"])


def _is_within(value: Any, schema: Schema) -> bool:
    if isinstance(value, list):
        return bool(schema.get("minItems", 0) <= len(value) <= schema["maxItems"])
    if "enum" in schema:
        return bool(value in schema["enum"])
    if isinstance(value, str):
        return bool(len(value) <= schema.get("maxLength", len(value)))
    low = schema.get("minimum", value)
    high = schema.get("maximum", value)
    return bool(low <= value <= high)


def _expected(schema: Schema) -> str:
    if options := schema.get("anyOf"):
        return " or ".join(map(_expected, options))
    match schema["type"]:
        case "array":
            sizes = f"{schema.get('minItems', 0)} to {schema['maxItems']:,}"
            return f"a list of {sizes} items, each {_expected(schema['items'])}"
        case "integer":
            return f"a whole number from {schema.get('minimum')} to {schema.get('maximum'):,}"
        case "boolean":
            return "true or false"
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    return (
        f"a text of {schema['maxLength']:,} characters at most"
        if "maxLength" in schema
        else ("a text")
    )


def _shown(value: Any) -> str:
    match value:
        case list():
            return f"a list of {len(value):,} items"
        case dict():
            return f"an object of {len(value):,} fields"
        case str() if len(value) > _LONGEST_VALUE:
            return f"a text of {len(value):,} characters"
    return one_line(repr(value), _LONGEST_VALUE)
