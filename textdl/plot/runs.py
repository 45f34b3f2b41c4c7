"""The history of a training, from the file that it left: a saved network, or a report in JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textdl.errors import DataError, FileFormatError

LONGEST_REPORT = 1 << 26  # bytes

History = Mapping[str, Sequence[float | None]]  # every measure, epoch by epoch


def read_history(path: str | os.PathLike[str]) -> History:
    """The measures of every epoch, ``loss`` among them.

    Args:
        path: a network that `MLPClassifier` or `MLPRegressor` saved, or a JSON file whose last line
            is an object with a list ``loss``, as ``textdl train --json`` prints it.

    Raises:
        DataError: the file cannot be read.
        FileFormatError: it is neither.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "run.json")
        ...     _ = file.write_text('{"words": 7, "loss": [2.5, 1.25]}')
        ...     read_history(file)
        {'loss': [2.5, 1.25]}
    """
    path = Path(path)
    if _is_safetensors(path):
        # JAX, which a report in JSON does without.
        from textdl.nn.estimators.persistence import load_network

        return load_network(path).history_
    content = read_bytes(path, LONGEST_REPORT + 1)
    if len(content) > LONGEST_REPORT:
        raise FileFormatError(
            f"{str(path)!r} has more than {LONGEST_REPORT:,} bytes, too many for a report; pass "
            "what save() or textdl train --json wrote"
        )
    return _from_report(path, content)


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The content of a file, or its first `most` bytes.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise DataError(
            f"{str(path)!r} cannot be read ({error.strerror}); pass the path of a file"
        ) from error


def _is_safetensors(path: Path) -> bool:
    """Whether a file is safetensors, which begins with the length of a header in 8 bytes.

    Text, read as such a number, is longer than any file.
    """
    start = read_bytes(path, 8)
    return len(start) == 8 and int.from_bytes(start, "little") <= path.stat().st_size


def _from_report(path: Path, content: bytes) -> History:
    lines = content.strip().splitlines() or [b""]
    try:
        report = json.loads(lines[-1])
    except (ValueError, RecursionError):
        report = None
    match report:
        case {"loss": list(losses)} if losses and all(map(_is_loss, losses)):
            return {"loss": losses}
    raise FileFormatError(
        f'{str(path)!r} is neither a saved network nor JSON whose last line has a list "loss"; '
        "pass what save() or textdl train --json wrote"
    )


def _is_loss(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return math.log2(abs(value) or 1) < 1024  # what a float can be
    return value is None or isinstance(value, float)
