"""One ``.safetensors`` file for several parts, each with arrays and metadata of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from textdl.errors import FileFormatError
from textdl.io.safetensors import SafetensorsFile
from textdl.io.strict_json import parse_json
from textdl.nn.model_file import Content, describe, open_saved, reading, write

FORMAT_VERSION = 1
METADATA_KEY = "textdl_classifier"


class Saved(NamedTuple):
    """What a file holds."""

    path: Path
    description: Mapping[str, Any]
    container: SafetensorsFile

    def part(self, name: str) -> SafetensorsFile:
        """What was written as a part, as if it had the file to itself."""
        return self.container._replace(
            entries=_under(name, self.container.entries),
            metadata=_under(name, self.container.metadata),
            digests=_under(name, self.container.digests),
        )


def write_parts(
    path: str | os.PathLike[str], description: Mapping[str, Any], parts: Mapping[str, Content]
) -> None:
    """Write to `path`, complete or not at all; equal content gives equal bytes.

    Raises:
        OutputError: the file cannot be written.
        ParameterError: a parameter or a label would not come back.
    """
    text = describe({"format_version": FORMAT_VERSION, **description})
    arrays: dict[str, NDArray[Any]] = {}
    metadata = {METADATA_KEY: text}
    for part, content in parts.items():
        arrays |= {f"{part}.{name}": array for name, array in content.arrays.items()}
        metadata |= {f"{part}.{name}": text for name, text in content.metadata.items()}
    # Widest elements first, so that every array is aligned in the mapped file.
    widest = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    write(path, Content(dict(widest), metadata))


def read_parts(path: str | os.PathLike[str]) -> Saved:
    """Read what `write_parts` wrote.

    Raises:
        FileFormatError: the file is missing, damaged, or holds something else.
    """
    container = open_saved(path)
    if METADATA_KEY not in container.metadata:
        raise FileFormatError(
            f"{str(path)!r} holds no text classifier; expected what TextClassifier.save or textdl "
            "classify train wrote"
        )
    with reading(path):
        description = parse_json(container.metadata[METADATA_KEY])
        version = description["format_version"]
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{str(path)!r} has format version {version}, this textdl reads {FORMAT_VERSION}; "
            "upgrade textdl"
        )
    return Saved(Path(path), description, container)


def _under(part: str, names: Mapping[str, Any]) -> dict[str, Any]:
    before = f"{part}."
    return {
        name.removeprefix(before): value for name, value in names.items() if name.startswith(before)
    }
