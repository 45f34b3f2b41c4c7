"""One ``.safetensors`` file for several parts, each with arrays and metadata of its own."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.archive import DECODING_ERRORS
from textdl.io.atomic import atomic_write
from textdl.io.safetensors import SafetensorsFile, damaged, open_verified, write_safetensors
from textdl.io.strict_json import parse_json, writable_json

FORMAT_VERSION = 1
METADATA_KEY = "textdl_classifier"


class Content(NamedTuple):
    """What a file holds."""

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]


class Saved(NamedTuple):
    """What a file holds."""

    path: Path
    description: Mapping[str, Any]
    container: SafetensorsFile

    def part(self, name: str) -> SafetensorsFile:
        """What was written as a part, as if it had the file to itself."""
        return self.container._replace(
            entries=_under(name, self.container.entries),
            metadata=_under(name, self.container.metadata),
            digests=_under(name, self.container.digests),
        )


def write_parts(
    path: str | os.PathLike[str], description: Mapping[str, Any], parts: Mapping[str, Content]
) -> None:
    """Write to `path`, complete or not at all; equal content gives equal bytes.

    Raises:
        OutputError: the file cannot be written.
        ParameterError: a parameter or a label would not come back.
    """
    text = describe({"format_version": FORMAT_VERSION, **description})
    arrays: dict[str, NDArray[Any]] = {}
    metadata = {METADATA_KEY: text}
    for part, content in parts.items():
        arrays |= {f"{part}.{name}": array for name, array in content.arrays.items()}
        metadata |= {f"{part}.{name}": text for name, text in content.metadata.items()}
    # Widest elements first, so that every array is aligned in the mapped file.
    widest = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    write(path, Content(dict(widest), metadata))


def read_parts(path: str | os.PathLike[str]) -> Saved:
    """Read what `write_parts` wrote.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    container = open_saved(path)
    if METADATA_KEY not in container.metadata:
        raise FileFormatError(
            f"{str(path)!r} holds no text classifier; expected what TextClassifier.save or textdl "
            "classify train wrote"
        )
    with reading(path):
        description = parse_json(container.metadata[METADATA_KEY])
        version = description["format_version"]
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{str(path)!r} has format version {version}, this textdl reads {FORMAT_VERSION}; "
            "upgrade textdl"
        )
    return Saved(Path(path), description, container)


def describe(value: Mapping[str, Any]) -> str:
    """JSON text of what a model is.

    Raises:
        ParameterError: it would not come back.
    """
    try:
        return writable_json(value)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"the parameters cannot be saved ({error}); use text, and numbers of 64 bits"
        ) from None


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write to `path`, complete or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        write_safetensors(file, *content)


def open_saved(path: str | os.PathLike[str]) -> SafetensorsFile:
    """Open what `write` wrote.

    Raises:
        FileFormatError: the file is missing or damaged.
    """
    try:
        return open_verified(Path(path))
    except OSError as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} ({error.strerror}); expected a file that save() wrote"
        ) from error


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make one error of all that a file that was tampered with does to the code that reads it."""
    try:
        yield
    except FileFormatError:
        raise
    except DECODING_ERRORS as error:
        raise damaged(Path(path), f"its description does not fit ({error})") from error


def to_json(name: str, value: Any) -> Any:
    """A parameter as JSON that keeps what is a tuple and what is a map."""
    match value:
        case np.generic():
            return value.item()
        case float() if not math.isfinite(value):
            return {"float": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return {"tuple": [to_json(name, item) for item in value]}
        case dict():
            return {"map": [[to_json(name, k), to_json(name, v)] for k, v in value.items()]}
    raise ParameterError(
        f"{name}={value!r} cannot be written to a file; name it by a string or a number to save"
    )


def from_json(value: Any) -> Any:
    """The parameter that `to_json` wrote."""
    match value:
        case {"tuple": items}:
            return tuple(map(from_json, items))
        case {"float": text}:
            return float(text)
        case {"map": pairs}:
            return {key: from_json(item) for key, item in pairs}
    return value


def _under(part: str, names: Mapping[str, Any]) -> dict[str, Any]:
    before = f"{part}."
    return {
        name.removeprefix(before): value for name, value in names.items() if name.startswith(before)
    }
