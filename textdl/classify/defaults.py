"""What the parameters of a text classifier go with, and what those that were left out become."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from numbers import Integral
from typing import Any

from textdl.errors import ParameterError
from textdl.parameters import lookup

Settings = Mapping[str, Any]

# Words of any length, and every mark by itself: "£", "!" and "4" tell spam from ham.
WORDS = r"\w+"  # read without a Python object a word: a bag is for many texts
MARKS = r"\w+|[^\w\s]"

# What every choice has, and what it becomes where it is None.
_TERMS: Settings = {
    "analyzer": "word",
    "tokenizer": None,
    "token_pattern": MARKS,
    "lowercase": True,
    "stop_words": None,
    "ngram_range": (1, 1),
    "min_df": None,  # by the number of texts
    "max_df": 1.0,
    "max_features": None,
}
_FEATURES: Mapping[str, Settings] = {
    "tfidf": _TERMS,
    "counts": _TERMS,
    "bag": {**_TERMS, "token_pattern": WORDS},
    "vectors": {"vectors": None, "tokenizer": "nltk", "lowercase": None},
}
_HIDDEN: Settings = {"hidden_layer_sizes": (256,), "dropout": 0.5}
_MODELS: Mapping[tuple[str, str], Settings] = {
    ("tfidf", "mlp"): {**_HIDDEN, "batch_size": 128, "learning_rate": 0.002, "epochs": 5},
    ("counts", "mlp"): {**_HIDDEN, "batch_size": 128, "learning_rate": 0.002, "epochs": 5},
    ("vectors", "mlp"): {**_HIDDEN, "batch_size": 128, "learning_rate": 0.002, "epochs": 20},
    ("tfidf", "linear"): {"batch_size": 128, "learning_rate": 0.02, "epochs": 10},
    ("counts", "linear"): {"batch_size": 128, "learning_rate": 0.01, "epochs": 10},
    ("vectors", "linear"): {"batch_size": 128, "learning_rate": 0.01, "epochs": 20},
    ("bag", "linear"): {"vector_size": 100, "batch_size": 16, "learning_rate": 0.035, "epochs": 5},
}
# A small corpus is gone through more often, for a network needs so many steps.
STEPS = 500
MOST_EPOCHS = 100
# Texts below which a term may be as rare as that, and how rare it may be in more of them. Of 25,000
# reviews the terms that are in two only are two fifths of all, and bring nothing.
RAREST = ((1_000, 1), (20_000, 2))
RAREST_IN_MANY = 3

ALWAYS = ("features", "model", "seed", "n_jobs", "verbose")


def model_of(features: str, model: str | None) -> str:
    """The name of the model: as given, or a network with a hidden layer, and none on the bag.

    Raises:
        ParameterError: a name is unknown, or the two do not go together.
    """
    lookup("features", features, _FEATURES)
    together = {name: None for kind, name in _MODELS if kind == features}
    if model is None:
        return next(iter(together))
    lookup("model", model, {name: None for _, name in _MODELS})
    if model not in together:
        raise ParameterError(
            f"model={model!r} does not go with features={features!r}, only {', '.join(together)}"
        )
    return model


def settings_for(parameters: Settings, examples: int) -> dict[str, Any]:
    """What every parameter becomes that the choice of features and model has.

    Args:
        parameters: of a `TextClassifier`; None: what suits the choice.
        examples: texts to train on.

    Raises:
        ParameterError: a name is unknown, or a parameter was given that the choice has not.
    """
    features, model = parameters["features"], model_of(parameters["features"], parameters["model"])
    found = {**_FEATURES[features], **_MODELS[features, model]}
    given = {name: value for name, value in parameters.items() if value is not None}
    for name, value in given.items():
        if name not in found and name not in ALWAYS:
            raise ParameterError(
                f"{name}={value!r} does not go with features={features!r} and model={model!r}; "
                "leave it out"
            )
    found |= {name: parameters[name] for name in ALWAYS} | given | {"model": model}
    _check_words(given)
    if "epochs" not in given:
        found["epochs"] = _enough_epochs(found["epochs"], found["batch_size"], examples)
    if "min_df" in found and "min_df" not in given:
        known = (rarest for texts, rarest in RAREST if examples < texts)
        found["min_df"] = next(known, RAREST_IN_MANY)
    return found


def _check_words(given: Settings) -> None:
    """Refuse what is said of words in two ways, or of words where terms are characters."""
    about_words = [name for name in ("tokenizer", "token_pattern", "stop_words") if name in given]
    if given.get("analyzer", "word") != "word" and about_words:
        raise ParameterError(
            f"{about_words[0]}={given[about_words[0]]!r} is about words, analyzer="
            f"{given['analyzer']!r} about characters; leave out one"
        )
    if {"tokenizer", "token_pattern"} <= set(about_words):
        raise ParameterError(
            f"tokenizer={given['tokenizer']!r} and token_pattern={given['token_pattern']!r} both "
            "say what a word is; leave out one"
        )


def _enough_epochs(least: int, batch_size: Any, examples: int) -> int:
    """More epochs for few texts."""
    if not isinstance(batch_size, Integral) or batch_size < 1:
        raise ParameterError(
            f"batch_size={batch_size!r} is out of range; expected a whole number from 1 up"
        )
    steps = max(1, ceil(examples / int(batch_size)))  # an epoch
    return max(least, min(ceil(STEPS / steps), MOST_EPOCHS))
