"""What the file of a text classifier holds, for people to read."""

from __future__ import annotations

import os
from typing import Any

from textdl.classify.features import document_frequencies
from textdl.classify.persistence import NOT_SAVED
from textdl.classify.text_classifier import TextClassifier


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Classes, features, sizes, top features and settings, as JSON values.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    model = TextClassifier.load(path)
    network, settings = model.classifier_, dict(model.settings_)
    return {
        "kind": "TextClassifier",
        "features": settings.pop("features"),
        "model": settings.pop("model"),
        "classes": model.classes_.tolist(),
        "multilabel": model.multilabel_,
        "terms": len(document_frequencies(model.features_)),
        "layers": [network.n_features_in_, *(len(bias) for bias in network.intercepts_)],
        "parameters": sum(array.size for array in (*network.coefs_, *network.intercepts_)),
        "epochs": network.n_iter_,
        "loss": network.loss_curve_[-1] if network.loss_curve_ else None,
        "top": {str(name): terms for name, terms in model.top_features().items()},
        "config": {name: value for name, value in settings.items() if name not in NOT_SAVED},
    }
