"""Classifiers of texts from files, whichever program trained them."""

from __future__ import annotations

import os
from pathlib import Path

from textdl.classify.fasttext_classifier import FastTextClassifier
from textdl.classify.label_prediction import LabelPredictor
from textdl.classify.text_classifier import TextClassifier
from textdl.vectors.formats.fasttext_model import MAGIC


def load_classifier(path: str | os.PathLike[str]) -> LabelPredictor:
    """Read a classifier of textdl, or one of fastText.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    path = Path(path)
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                return FastTextClassifier.load(path)
    return TextClassifier.load(path)
