"""The features of a saved classifier: a vectorizer, or averages of word vectors, as an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textdl.bow.loading import vectorizer_from_archive
from textdl.classify.averages import KIND, AveragedVectors
from textdl.io.archive import encode_archive, parse_archive
from textdl.io.safetensors import SafetensorsFile
from textdl.nn.model_file import Content


def encode_features(transformer: Any) -> Content:
    """What a file holds of a fitted transformer.

    Raises:
        ParameterError: a parameter is a function, which no file can hold.
    """
    return Content(*encode_archive(transformer._to_archive()))


def decode_features(saved: SafetensorsFile, path: Path) -> Any:
    """The transformer that is saved in the file at `path`.

    Raises:
        FileFormatError: it is damaged.
    """
    archive = parse_archive(saved, "features of texts")
    if archive.kind == KIND.name:
        return AveragedVectors._from_archive(archive)
    return vectorizer_from_archive(archive)
