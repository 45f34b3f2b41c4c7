"""A fitted network in one ``.safetensors`` file: the layers as arrays, all else as JSON."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.io.safetensors import SafetensorsFile, damaged, open_verified, write_safetensors
from textdl.io.strict_json import parse_json, writable_json
from textdl.nn.dense import Dense
from textdl.nn.mlp import Params

FORMAT = "textdl network 1"
UNFIT = (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError)


class Content(NamedTuple):
    """What a file holds."""

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]


def encode_model(
    estimator: str, layers: Params, parameters: Mapping[str, Any], learned: Mapping[str, Any]
) -> Content:
    """The layers of an `estimator`, its constructor's parameters, and what else it learned.

    Raises:
        ParameterError: a parameter, such as an optimizer of your own, cannot be written.
    """
    arrays = {
        f"{number}.{name}": np.asarray(array)
        for number, layer in enumerate(layers)
        for name, array in layer._asdict().items()
    }
    written = {name: to_json(name, value) for name, value in parameters.items()}
    metadata = {
        "format": FORMAT,
        "estimator": estimator,
        "parameters": describe(written),
        "learned": describe(learned),
    }
    return Content(arrays, metadata)


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


def decode_model(
    saved: SafetensorsFile, path: str | os.PathLike[str], estimator: str
) -> tuple[Params, dict[str, Any], dict[str, Any]]:
    """The layers, the parameters and what else was learned, from the file at `path`.

    Raises:
        FileFormatError: the file is damaged, or holds another estimator.
    """
    path = Path(path)
    found, name = (saved.metadata.get(key, "something else") for key in ("format", "estimator"))
    if found != FORMAT:
        raise FileFormatError(f"{str(path)!r} holds {found!r}, no {FORMAT!r}; save it again")
    if name != estimator:
        raise FileFormatError(f"{str(path)!r} holds an {name}, no {estimator}; use {name}.load")
    with reading(path):
        parameters = parse_json(saved.metadata["parameters"])
        learned = parse_json(saved.metadata["learned"])
        parameters = {name: from_json(value) for name, value in parameters.items()}
        return _layers(saved), parameters, learned


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make one error of all that a file that was tampered with does to the code that reads it."""
    try:
        yield
    except FileFormatError:
        raise
    except UNFIT as error:
        raise damaged(Path(path), f"its description does not fit ({error})") from error


def _layers(saved: SafetensorsFile) -> Params:
    """The layers of a network, which follow one another and hold finite numbers.

    Raises:
        ValueError: they do not.
    """
    number = len(saved.entries) // len(Dense._fields)
    names = {f"{layer}.{name}" for layer in range(number) for name in Dense._fields}
    if not number or saved.entries.keys() != names:
        raise ValueError(f"it has the arrays {', '.join(sorted(saved.entries)) or 'none'}")
    layers = tuple(
        Dense(*(np.array(saved.array(f"{layer}.{name}")) for name in Dense._fields))  # type: ignore[arg-type]
        for layer in range(number)
    )
    sizes = [len(layers[0].weights), *(layer.bias.size for layer in layers)]
    for layer, shape in zip(layers, pairwise(sizes), strict=True):
        _check_layer(layer, shape, layers[0].weights.dtype)
    return layers


def _check_layer(layer: Dense, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
    """Raise `ValueError` if a layer has another shape or type, or a number that is not finite."""
    if layer.weights.shape != shape or layer.bias.ndim != 1 or 0 in shape:
        raise ValueError(f"a layer has the shape {layer.weights.shape}, not {shape}")
    for array in layer:
        if array.dtype != dtype or dtype.kind != "f":
            raise ValueError(f"a layer has numbers of type {array.dtype}, the first of {dtype}")
        if not np.isfinite(array).all():
            raise ValueError("a weight is not finite")


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
