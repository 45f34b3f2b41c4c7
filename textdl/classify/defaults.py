"""What the parameters of a text classifier become where they are left out.

Choices and their defaults stand in `textdl.classify.models`; here they are put together for a
number of texts, and what does not go together is refused.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from textdl.classify.models import COMMON, DEFAULT_FEATURES, FEATURES, MODELS, SEARCH, Settings
from textdl.errors import ParameterError
from textdl.parameters import lookup

# A small corpus is gone through more often, for a network needs so many steps.
MIN_STEPS = 500
MAX_DEFAULT_EPOCHS = 100
# `min_df` by the number of texts: below 1,000 it is 1, below 20,000 it is 2. Of 25,000 reviews, the
# terms that are in two only are two fifths of all, and bring a network nothing.
MIN_DF_BELOW = ((1_000, 1), (20_000, 2))
MIN_DF_OF_MANY = 3


def resolve_settings(parameters: Settings, examples: int) -> dict[str, Any]:
    """What every parameter becomes that the choice of features and model has.

    Args:
        parameters: of a `TextClassifier`; None stands for the default of the choice.
        examples: texts to train on.

    Returns:
        Values by name.

    Raises:
        ParameterError: a name is unknown, or a parameter was given that the choice does not have.
    """
    features = parameters["features"] or features_of(parameters["model"])
    model = _resolve_model(features, parameters["model"])
    spec = FEATURES[features]
    settings = {**spec.defaults, **spec.models[model]}
    given = {
        name: value
        for name, value in parameters.items()
        if value is not None and name not in SEARCH
    }
    for name, value in given.items():
        if name not in settings and name not in COMMON:
            raise ParameterError(
                f"{name}={value!r} does not go with features={features!r} and model={model!r}; "
                "leave it out"
            )
    settings |= {name: parameters[name] for name in COMMON} | given
    settings |= {"features": features, "model": model}
    _check_words(given)
    if "epochs" in settings and "epochs" not in given:
        settings["epochs"] = _enough_epochs(settings, examples)
    if "min_df" in settings and "min_df" not in given:
        settings["min_df"] = _least_frequency(settings, examples)
    return settings


def features_of(model: str | None) -> str:
    """The features where none are named: the default, or the first that the model takes.

    Raises:
        ParameterError: the model is unknown.

    Example:
        >>> features_of("linear"), features_of("cnn")
        ('tfidf', 'tokens')
    """
    if model is None or model in FEATURES[DEFAULT_FEATURES].models:
        return DEFAULT_FEATURES
    lookup("model", model, MODELS)
    return next(name for name, spec in FEATURES.items() if model in spec.models)


def _resolve_model(features: str, model: str | None) -> str:
    """The name of the model: as given, or the default of the features."""
    spec = lookup("features", features, FEATURES)
    if model is None:
        return spec.default_model
    lookup("model", model, MODELS)
    if model not in spec.models:
        raise ParameterError(
            f"model={model!r} does not go with features={features!r}; expected "
            f"{' or '.join(spec.models)}"
        )
    return model


def _check_words(given: Settings) -> None:
    """Refuse two definitions of a word, or of its vector, and of words where terms are characters.

    Raises:
        ParameterError: there are two.
    """
    if "vectors" in given and "vector_size" in given:
        raise ParameterError(
            f"vector_size={given['vector_size']} and vectors, which have a size of their own; "
            "leave out one"
        )
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


def _enough_epochs(settings: Settings, examples: int) -> int:
    """More epochs for few texts."""
    steps = max(1, ceil(examples / int(settings["batch_size"])))  # per epoch
    epochs: int = settings["epochs"]
    return max(epochs, min(ceil(MIN_STEPS / steps), MAX_DEFAULT_EPOCHS))


def _least_frequency(settings: Settings, examples: int) -> int:
    """The `min_df` for a number of texts; a solver makes use of rarer terms than a network."""
    least = next((min_df for texts, min_df in MIN_DF_BELOW if examples < texts), MIN_DF_OF_MANY)
    return max(1, least - 1) if "C" in settings else least


def shown_defaults(name: str) -> str:
    """What a parameter becomes where it is left out, by features and model, for documentation.

    Example:
        >>> shown_defaults("hidden_layer_sizes")
        '128 for tfidf mlp, counts mlp; 256 for vectors mlp'
        >>> shown_defaults("units")
        '100 for tokens cnn; 128 for tokens rnn, tokens gru, tokens lstm'
    """
    choices: dict[str, list[str]] = {}
    for features, spec in FEATURES.items():
        found = {
            model: {**spec.defaults, **settings}[name]
            for model, settings in spec.models.items()
            if name in spec.defaults or name in settings
        }
        is_same = len(found) == len(spec.models) and len(set(found.values())) == 1
        for model, value in list(found.items())[: 1 if is_same else None]:
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            choices.setdefault(shown, []).append(features if is_same else f"{features} {model}")
    if len(choices) == 1:
        return next(iter(choices))
    return "; ".join(f"{shown} for {', '.join(those)}" for shown, those in choices.items())
