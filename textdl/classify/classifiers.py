"""What judges the numbers: a network with hidden layers, a linear model, or the embedding bag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from textdl.classify.embedding_bag.classifier import EmbeddingBagClassifier
from textdl.nn.estimators.classifier import MLPClassifier

Classifier: TypeAlias = "MLPClassifier | EmbeddingBagClassifier"

KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind for kind in (MLPClassifier, EmbeddingBagClassifier)
}


def make_classifier(settings: Mapping[str, Any], examples: int) -> Classifier:
    """The classifier for so many examples."""
    if settings["features"] == "bag":
        names = ("vector_size", "epochs", "learning_rate", "batch_size", "seed", "verbose")
        return EmbeddingBagClassifier(**{name: settings[name] for name in names})
    return MLPClassifier(
        settings.get("hidden_layer_sizes", ()),
        dropout=settings.get("dropout", 0.0),
        batch_size=min(settings["batch_size"], examples),
        learning_rate="linear",
        learning_rate_init=settings["learning_rate"],
        max_iter=settings["epochs"],
        n_iter_no_change=settings["epochs"],  # the rate falls to 0: an early end would be too early
        random_state=settings["seed"],
        verbose=settings["verbose"],
        dtype="float32",
    )
