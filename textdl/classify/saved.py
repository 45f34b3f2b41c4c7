"""What a text classifier has learned, to one file and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.classify.features import texts_of_terms
from textdl.classify.features_file import decode_features, encode_features
from textdl.classify.model_file import Saved, read_parts, write_parts
from textdl.classify.networks import KINDS, Classifier
from textdl.container import damaged
from textdl.nn.model_file import from_json, reading, to_json

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
    features, classifier = encode_features(learned.features), learned.classifier._encoded()
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
            np.array(told["classes"]),
            bool(told["several"]),
            decode_features(saved.part("features"), saved.path),
            KINDS[told["classifier"]]._decoded(saved.part("classifier"), path),
        )
        _check_sizes(saved, learned)
    return learned


def _check_sizes(saved: Saved, learned: Learned) -> None:
    """The features are those that the classifier takes, and it says as much as there are classes.

    Raises:
        FileFormatError: they are not.
    """
    features, network, classes = learned.features, learned.classifier, learned.classes
    vectors = getattr(features, "vectors_", None)
    width = vectors.vector_size if vectors is not None else len(texts_of_terms(features))
    outputs = 1 if len(classes) == 2 and not learned.several else len(classes)
    if (width, outputs) != (network.n_features_in_, network.n_outputs_):
        raise damaged(
            saved.path,
            f"it has {width:,} features and {outputs:,} outputs for a network of "
            f"{network.n_features_in_:,} and {network.n_outputs_:,}",
        )
    if classes.ndim != 1 or len(network.classes_) != len(classes):
        raise damaged(saved.path, f"it has {len(network.classes_)} and {len(classes)} classes")


def _as_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: to_json(name, sorted(value) if isinstance(value, set | frozenset) else value)
        for name, value in parameters.items()
        if name not in NOT_SAVED
    }


def _from_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: from_json(value) for name, value in parameters.items()}
