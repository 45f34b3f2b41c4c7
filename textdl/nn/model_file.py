"""A fitted network in one ``.safetensors`` file: the layers as arrays, all else as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from textdl import container
from textdl.container import canonical_json, damaged
from textdl.errors import FileFormatError, ParameterError
from textdl.files import replacing
from textdl.nn.dense import Dense

if TYPE_CHECKING:
    from textdl.nn.fitted import FittedMLP

    Model = TypeVar("Model", bound=FittedMLP)

VERSION = 1


def save_model(model: FittedMLP, path: str | os.PathLike[str]) -> None:
    """Write `model`; see `FittedMLP.save`."""
    arrays = {
        f"{number}.{name}": np.asarray(array)
        for number, layer in enumerate(model.params_)
        for name, array in layer._asdict().items()
    }
    about = {
        "parameters": {name: _to_json(name, v) for name, v in model.get_params().items()},
        "targets": model._targets_to_json(),
        "features": list(getattr(model, "feature_names_in_", [])),
        "history": model.history_,
        "seed": model._seed,
    }
    metadata = {
        "format": f"textdl network {VERSION}",
        "estimator": type(model).__name__,
        "model": canonical_json(about),
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        container.write(file, arrays, metadata)


def load_model(kind: type[Model], path: str | os.PathLike[str]) -> Model:
    """Read a model of `kind`; see `FittedMLP.load`."""
    path = Path(path)
    saved = container.open_mapped(path)
    if saved.metadata.get("format") != f"textdl network {VERSION}":
        raise FileFormatError(
            f"{str(path)!r} holds no network of this version, but "
            f"{saved.metadata.get('format', 'something else')!r}; save it again"
        )
    name = saved.metadata.get("estimator")
    if name != kind.__name__:
        raise FileFormatError(f"{str(path)!r} holds an {name}, no {kind.__name__}; use {name}.load")
    try:
        return _rebuild(kind, json.loads(saved.metadata["model"]), saved)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"its description does not fit ({error})") from error


def _rebuild(kind: type[Model], about: Mapping[str, Any], saved: container.Container) -> Model:
    parameters = {name: _from_json(value) for name, value in about["parameters"].items()}
    model = kind(**parameters)
    numbers = range(len(saved.entries) // len(Dense._fields))
    model.params_ = tuple(
        Dense(*(np.array(saved.array(f"{number}.{name}")) for name in Dense._fields))  # type: ignore[arg-type]
        for number in numbers
    )
    model._targets_from_json(about["targets"])
    model._seed, model._optimizer_state = about["seed"], None
    model.history_ = about["history"]
    model.n_features_in_ = model.params_[0].weights.shape[0]
    if about["features"]:
        model.feature_names_in_ = np.array(about["features"], object)
    return model


def _to_json(name: str, value: Any) -> Any:
    """A parameter as JSON; what tuples and maps are is kept."""
    match value:
        case np.generic():
            return value.item()
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return {"tuple": [_to_json(name, item) for item in value]}
        case dict():
            return {"map": [[_to_json(name, k), _to_json(name, v)] for k, v in value.items()]}
    raise ParameterError(
        f"{name}={value!r} cannot be written to a file; name it by a string or a number to save"
    )


def _from_json(value: Any) -> Any:
    match value:
        case {"tuple": items}:
            return tuple(map(_from_json, items))
        case {"map": pairs}:
            return {key: _from_json(item) for key, item in pairs}
    return value
