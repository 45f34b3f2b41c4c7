"""Features and models by name: the registries are complete, and settings are resolved from them."""

from dataclasses import fields

import pytest

from textdl.classify.config import TextClassifierParameters
from textdl.classify.defaults import resolve_settings, shown_defaults
from textdl.classify.models import COMMON, FEATURES, MODELS
from textdl.errors import ParameterError

CHOICES = [(features, model) for features, spec in FEATURES.items() for model in spec.models]


def parameters(model=None, **given):
    return vars(TextClassifierParameters(model=model, **given))


def test_features_take_only_known_models():
    assert {model for _, model in CHOICES} == set(MODELS) - {"auto"}
    assert [spec.default_model for spec in FEATURES.values()] == [
        "mlp", "mlp", "mlp", "linear", "cnn",
    ]  # fmt: skip


@pytest.mark.parametrize(("features", "model"), CHOICES)
def test_resolve_settings_has_the_parameters_of_the_choice_and_no_others(features, model):
    spec = FEATURES[features]
    settings = resolve_settings(parameters(features=features, model=model), 100_000)
    assert settings.keys() == {*COMMON, *spec.defaults, *spec.models[model]}
    assert settings.keys() <= {field.name for field in fields(TextClassifierParameters)}
    for name in ("epochs", "batch_size", "ngram_range", "C", "class_weight"):
        declared = {**spec.defaults, **spec.models[model]}
        assert settings.get(name) == declared.get(name)


@pytest.mark.parametrize("model", ["cnn", "rnn", "gru", "lstm"])
def test_resolve_settings_of_a_network_of_sequences_takes_tokens(model):
    assert resolve_settings(parameters(model=model), 10)["features"] == "tokens"
    with pytest.raises(ParameterError, match=f"model='{model}' does not go with features='tfidf'"):
        resolve_settings(parameters(model=model, features="tfidf"), 10)


def test_resolve_settings_given_values_replace_defaults():
    settings = resolve_settings(parameters(idf_power=1, dropout=0.1, epochs=3), 10)
    assert (settings["idf_power"], settings["dropout"], settings["epochs"]) == (1, 0.1, 3)
    assert settings["model"] == "mlp"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"features": "words"}, "features 'words' is unknown; expected one of tfidf"),
        ({"model": "forest"}, "model 'forest' is unknown; expected one of auto, mlp, linear"),
        ({"features": "bag", "model": "mlp"}, "does not go with features='bag'; expected linear"),
        ({"features": "vectors", "idf_power": 1}, "idf_power=1 does not go with"),
    ],
)
def test_resolve_settings_unknown_or_unfit_names_are_refused(given, says):
    with pytest.raises(ParameterError, match=says):
        resolve_settings(parameters(**given), 1)


def test_shown_defaults_names_the_choices_where_they_differ():
    assert shown_defaults("idf_power") == "2"
    assert shown_defaults("ngram_range") == "1,1 for tfidf mlp, counts, bag; 1,2 for tfidf linear"
    assert shown_defaults("epochs").startswith("5 for tfidf mlp, counts mlp, bag; 20 for vectors m")
