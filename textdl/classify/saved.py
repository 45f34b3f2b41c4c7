"""What a text classifier has learned, to one file and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.classify.features import texts_of_terms
from textdl.classify.features_file import decode_features, encode_features
from textdl.classify.model_file import (
    Content,
    Saved,
    from_json,
    read_parts,
    reading,
    to_json,
    write_parts,
)
from textdl.classify.networks import KINDS, Classifier
from textdl.classify.settings import settings_for
from textdl.io.archive import encode_archive, parse_archive
from textdl.io.safetensors import damaged
from textdl.nn.estimators.classes import classes_from_state

# These do not change what is learned; vectors are kept as an array.
NOT_SAVED = ("n_jobs", "verbose", "vectors")


class Learned(NamedTuple):
    """All of a fitted classifier."""

    parameters: Mapping[str, Any]  # as the user gave them
    settings: Mapping[str, Any]  # what they became
    classes: NDArray[Any]  # (K,)
    several: bool
    features: Any
    classifier: Classifier


def save(path: str | os.PathLike[str], learned: Learned) -> None:
    """Write to `path`, complete or not at all; equal content gives equal bytes.

    Raises:
        ParameterError: a parameter is a function, which no file can hold.
        OutputError: the file cannot be written.
    """
    description = {
        "parameters": _as_json(learned.parameters),
        "settings": _as_json(learned.settings),
        "classes": learned.classes.tolist(),
        "several": learned.several,
        "classifier": type(learned.classifier).__name__,
    }
    features = encode_features(learned.features)
    classifier = Content(*encode_archive(learned.classifier._to_archive()))
    write_parts(path, description, {"features": features, "classifier": classifier})


def load(path: str | os.PathLike[str]) -> Learned:
    """Read what `save` wrote.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    saved = read_parts(path)
    with reading(path):
        told = saved.description
        learned = Learned(
            _from_json(told["parameters"]),
            _from_json(told["settings"]),
            classes_from_state(told["classes"]),
            told["several"],
            decode_features(saved.part("features"), saved.path),
            KINDS[told["classifier"]]._from_archive(
                parse_archive(saved.part("classifier"), "a classifier")
            ),
        )
        _check_settings(learned.parameters, learned.settings)
        _check_sizes(saved, learned)
    return learned


def _check_settings(parameters: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """The settings are those that the parameters ask for.

    Raises:
        ValueError: they are not, or there is one that a file never holds, such as a path.
    """
    for name in NOT_SAVED:
        if name in parameters or name in settings:
            raise ValueError(f"{name} is never read from a file")
    expected = settings_for({**parameters, **dict.fromkeys(NOT_SAVED)}, 1)
    if settings.keys() != expected.keys() - set(NOT_SAVED):
        raise ValueError(f"it has the settings {', '.join(settings)}")
    for name, value in settings.items():
        given = name == "model" or parameters.get(name) is not None
        if given and value != expected[name]:
            raise ValueError(f"{name} is {value!r} and {expected[name]!r}")


def _check_sizes(saved: Saved, learned: Learned) -> None:
    """The features are those that the classifier takes, and it says as much as there are classes.

    Raises:
        FileFormatError: they are not.
    """
    features, network, classes = learned.features, learned.classifier, learned.classes
    vectors = getattr(features, "vectors_", None)
    width = vectors.vector_size if vectors is not None else len(texts_of_terms(features))
    outputs = 1 if len(classes) == 2 and not learned.several else len(classes)
    if not isinstance(learned.several, bool) or learned.several != network.multilabel_:
        raise damaged(saved.path, f"several is {learned.several!r}, unlike its network")
    if (width, outputs) != (network.n_features_in_, network.n_outputs_):
        raise damaged(
            saved.path,
            f"it has {width:,} features and {outputs:,} outputs for a network of "
            f"{network.n_features_in_:,} and {network.n_outputs_:,}",
        )
    theirs = np.arange(len(classes)) if learned.several else classes
    if network.classes_.tolist() != theirs.tolist():
        raise damaged(saved.path, "its classes are not those of its network")


def _as_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: to_json(name, sorted(value) if isinstance(value, set | frozenset) else value)
        for name, value in parameters.items()
        if name not in NOT_SAVED
    }


def _from_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: from_json(value) for name, value in parameters.items()}
