"""Loading a saved network, whichever estimator it belongs to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeAlias

from textdl.errors import FileFormatError
from textdl.io.archive import open_archive
from textdl.nn.estimators.classifier import MLPClassifier
from textdl.nn.estimators.regressor import MLPRegressor

SavedNetwork: TypeAlias = MLPClassifier | MLPRegressor

ESTIMATORS: Mapping[str, type[SavedNetwork]] = {
    "MLPClassifier": MLPClassifier,
    "MLPRegressor": MLPRegressor,
}


def load_network(path: str | os.PathLike[str]) -> SavedNetwork:
    """Load a network, whichever estimator it belongs to.

    Raises:
        FileFormatError: the file is missing or damaged, or holds no network.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "network.safetensors")
        ...     MLPRegressor((), max_iter=1).fit([[0.0], [1.0]], [0.0, 1.0]).save(path)
        ...     type(load_network(path)).__name__
        'MLPRegressor'
    """
    archive = open_archive(path, expected="a network")
    if archive.kind not in ESTIMATORS:
        raise FileFormatError(
            f"{str(path)!r} is a file of {archive.kind}, expected {' or '.join(ESTIMATORS)}; load "
            "it by its own class"
        )
    return ESTIMATORS[archive.kind]._from_archive(archive)
