"""A fitted text classifier in a file: an archive with two parts, features and classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textdl.bow.loading import vectorizer_from_archive
from textdl.classify import averages
from textdl.classify.averages import AveragedVectors
from textdl.classify.config import TextClassifierParameters
from textdl.classify.defaults import resolve_settings
from textdl.classify.embedding_bag.classifier import EmbeddingBagClassifier
from textdl.classify.linear.classifier import LinearClassifier
from textdl.classify.models import document_frequencies
from textdl.classify.sequence_models import tokens
from textdl.classify.sequence_models.classifier import SequenceClassifier
from textdl.classify.sequence_models.tokens import TokenSequences
from textdl.errors import FileFormatError
from textdl.io.archive import Archive, ArchiveContent, ArchiveKind
from textdl.nn.estimators.classifier import MLPClassifier, classes_from_state
from textdl.parameters import check_parameters

KIND = ArchiveKind("TextClassifier", arrays={})
FEATURES = "features"
CLASSIFIER = "classifier"
# These do not change what is learned; vectors are kept as an array.
NOT_SAVED = ("n_jobs", "verbose", "vectors")
# Settings that files of before lack, by the features that have them now, and what they then were.
ADDED_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "tfidf": {"class_weight": None},
    "counts": {"class_weight": None},
    "vectors": {"class_weight": None, "weighting": "mean"},
    "bag": {"class_weight": None},
    "tokens": {"word_dropout": 0.0, "average_weights": False},
}
# A linear model was a network without hidden layers, which now is this.
FORMER_LINEAR: Mapping[str, Any] = {"model": "mlp", "hidden_layer_sizes": (), "dropout": 0.0}

Classifier: TypeAlias = (
    LinearClassifier | MLPClassifier | EmbeddingBagClassifier | SequenceClassifier
)

CLASSIFIERS: Mapping[str, type[Classifier]] = {  # by the kind of their archives
    "LinearClassifier": LinearClassifier,
    "MLPClassifier": MLPClassifier,
    "EmbeddingBagClassifier": EmbeddingBagClassifier,
    "SequenceClassifier": SequenceClassifier,
}


class ClassifierState(NamedTuple):
    """All of a fitted text classifier."""

    parameters: Mapping[str, Any]  # as the user gave them
    settings: Mapping[str, Any]  # what they became
    classes: NDArray[Any]  # (K,)
    multilabel: bool
    features: Any  # the fitted transformer
    classifier: Classifier
    comparison: list[dict[str, Any]]  # of the candidates that it was chosen from


def to_archive(state: ClassifierState) -> ArchiveContent:
    """A fitted classifier, taken apart to be saved.

    Raises:
        ParameterError: a parameter is a function, which no file can hold.
    """
    return ArchiveContent(
        KIND,
        parameters=_saved(state.parameters),
        state={
            "settings": _saved(state.settings),
            "classes": state.classes.tolist(),
            "multilabel": state.multilabel,
            "comparison": state.comparison,
        },
        parts={
            FEATURES: state.features._to_archive(),
            CLASSIFIER: state.classifier._to_archive(),
        },
    )


def from_archive(archive: Archive) -> ClassifierState:
    """What `to_archive` took apart.

    Raises:
        FileFormatError: it is damaged, or holds something else.
    """
    archive.require(KIND)
    with archive.decoding():
        classifier = _classifier_from(archive.part(CLASSIFIER))
        settings = _complete(archive.state["settings"])
        former: Mapping[str, Any] = {}
        if settings["model"] == "linear" and isinstance(classifier, MLPClassifier):
            former = FORMER_LINEAR
        state = ClassifierState(
            {**archive.parameters, **former},
            {**settings, **former},
            classes_from_state(archive.state["classes"]),
            archive.state["multilabel"],
            _transformer_from(archive.part(FEATURES)),
            classifier,
            list(archive.state.get("comparison", [])),  # older files have none
        )
        _check_settings(state.parameters, state.settings)
        _check_sizes(archive, state)
    return state


def _transformer_from(part: Archive) -> Any:
    if part.kind == averages.KIND.name:
        return AveragedVectors._from_archive(part)
    if part.kind == tokens.KIND.name:
        return TokenSequences._from_archive(part)
    return vectorizer_from_archive(part)


def _classifier_from(part: Archive) -> Classifier:
    if part.kind not in CLASSIFIERS:
        raise FileFormatError(
            f"{str(part.path)!r} has a classifier of kind {part.kind}, expected "
            f"{' or '.join(CLASSIFIERS)}; upgrade textdl"
        )
    return CLASSIFIERS[part.kind]._from_archive(part)


def _complete(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {**ADDED_SETTINGS.get(settings.get("features", ""), {}), **settings}


def _check_settings(parameters: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Refuse settings other than those that the parameters ask for.

    Raises:
        TypeError, ValueError: they are, or there is one that a file never holds, such as a path.
    """
    for name in NOT_SAVED:
        if name in parameters or name in settings:
            raise ValueError(f"{name} is never read from a file")
    complete = TextClassifierParameters(**parameters)
    check_parameters(complete)
    if complete.model in (None, "auto"):  # the settings say what it became
        complete.model = settings.get("model")
        complete.features = complete.features or settings.get("features")
    expected = resolve_settings(vars(complete), 1)
    if settings.keys() != expected.keys() - set(NOT_SAVED):
        raise ValueError(f"it has the settings {', '.join(settings)}")
    for name, value in settings.items():
        given = name in ("features", "model") or parameters.get(name) is not None
        if given and value != expected[name]:
            raise ValueError(f"{name} is {value!r} and {expected[name]!r}")


def _check_sizes(archive: Archive, state: ClassifierState) -> None:
    """Refuse a classifier of other features or classes.

    Raises:
        FileFormatError: it is.
    """
    network = state.classifier
    vectors = getattr(state.features, "vectors_", None)
    width = len(document_frequencies(state.features)) if vectors is None else vectors.vector_size
    width += isinstance(network, SequenceClassifier)  # the id of unknown words
    outputs = 1 if len(state.classes) == 2 and not state.multilabel else len(state.classes)
    if not isinstance(state.multilabel, bool) or state.multilabel != network.multilabel_:
        raise archive.damaged(
            f"multilabel is {state.multilabel!r}, and {network.multilabel_!r} in its network"
        )
    if (width, outputs) != (network.n_features_in_, network.n_outputs_):
        raise archive.damaged(
            f"it has {width:,} features and {outputs:,} outputs for a network of "
            f"{network.n_features_in_:,} and {network.n_outputs_:,}"
        )
    classes = np.arange(len(state.classes)) if state.multilabel else state.classes
    if network.classes_.tolist() != classes.tolist():
        raise archive.damaged("its classes are not those of its network")


def _saved(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(sorted(value)) if isinstance(value, set | frozenset) else value
        for name, value in parameters.items()
        if name not in NOT_SAVED
    }
