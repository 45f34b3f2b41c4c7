"""The features of a saved classifier: a vectorizer, or one that counts words and their vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from textdl.bow import storage
from textdl.bow.counts import CountVectorizer
from textdl.bow.saved import make_vectorizer
from textdl.classify.averages import AveragedVectors
from textdl.classify.model_file import Content, reading
from textdl.io.safetensors import SafetensorsFile, damaged
from textdl.vectors.vectors import Vectors

VECTORS = "vectors"


def encode_features(transformer: Any) -> Content:
    """What a file holds of a fitted transformer.

    Raises:
        ParameterError: a parameter is a function, which no file can hold.
    """
    if isinstance(transformer, AveragedVectors):
        arrays, metadata = storage.encode(*transformer.counter_._content())
        arrays[VECTORS] = np.asarray(transformer.vectors_.matrix)
    else:
        arrays, metadata = storage.encode(*transformer._content())
    return Content(arrays, metadata)


def decode_features(saved: SafetensorsFile, path: Path) -> Any:
    """The transformer that is saved in the file at `path`.

    Raises:
        FileFormatError: it is damaged.
    """
    vectorizer = make_vectorizer(storage.decode(saved, path))
    if VECTORS not in saved.entries:
        return vectorizer
    if not isinstance(vectorizer, CountVectorizer):
        raise damaged(path, f"it has vectors and a {type(vectorizer).__name__}")
    with reading(path):
        words = vectorizer.get_feature_names_out().tolist()
        vectors = Vectors(words, saved.array(VECTORS))
    averages = AveragedVectors(vectors, vectorizer.tokenizer, vectorizer.lowercase)
    averages.vectors_, averages.counter_ = vectors, vectorizer
    return averages
