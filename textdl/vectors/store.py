"""The native file of vectors: one `.safetensors`, mapped rather than read.

Opening checks what is one number or one word per row: labels, counts and norms, their values and
their checksums. The matrix, which is most of the file, is compared with its checksum on request,
by `formats.load`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl import container
from textdl.container import DTYPES, Container, damaged
from textdl.errors import FileFormatError, ParameterError
from textdl.files import replacing
from textdl.strict_json import parse_json, writable_json
from textdl.vectors import query
from textdl.vectors.labels import Labels
from textdl.vectors.table import Table

FORMAT_VERSION = 1
METADATA_KEY = "textdl"
MATRIX = "vectors"


class Tensor(NamedTuple):
    """One array of the file: its type, and its axes by name."""

    dtype: str
    axes: tuple[str, ...]
    required: bool = True


# Widest elements first, so that every array is aligned in the mapped file.
LAYOUT: Mapping[str, Tensor] = {
    "label_offsets": Tensor("I64", ("V + 1",)),
    "counts": Tensor("I64", ("V",), required=False),
    MATRIX: Tensor("F32", ("V", "D")),
    "norms": Tensor("F32", ("V",), required=False),
    "labels": Tensor("U8", ("bytes of labels",)),
}


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is a safetensors file, sound or damaged."""
    return b"\0" in head[:8] and head[8:9] == b"{"  # no text holds a NUL


def save(table: Table, path: Path) -> None:
    """Write `table` to `path`, complete or not at all.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: the config is not JSON.
    """
    content = {
        "label_offsets": table.labels.offsets,
        "counts": table.counts,
        MATRIX: table.matrix,
        "norms": table.norms,
        "labels": table.labels.blob,
    }
    arrays = {
        name: np.asarray(array, DTYPES[LAYOUT[name].dtype])
        for name in LAYOUT
        if (array := content[name]) is not None
    }
    metadata = {METADATA_KEY: _encode_config(table.config or {})}
    with replacing(path) as temporary, temporary.open("wb") as file:
        container.write(file, arrays, metadata)


def load(path: Path) -> Table:
    """Map the file at `path`: its arrays are read-only views, read from disk when touched.

    Raises:
        FileFormatError: the file is damaged, truncated, or holds something else.
    """
    opened = container.open_mapped(path)
    _check_layout(opened, path)
    opened.verify(name for name in opened.entries if name != MATRIX)
    array: dict[str, NDArray[Any]] = {
        name: opened.array(name) for name in LAYOUT if name in opened.entries
    }
    norms = array.get("norms")
    if norms is None:
        norms = _norms(array[MATRIX], path)
    _check_values(array, norms, path)
    return Table(
        labels=Labels(array["labels"], array["label_offsets"]),
        matrix=array[MATRIX],
        counts=array.get("counts"),
        norms=norms,
        config=_decode_config(opened.metadata.get(METADATA_KEY), path),
    )


def _check_layout(opened: Container, path: Path) -> None:
    """Every array of the layout is there, with its type, and axes of one name have one size."""
    missing = [n for n, tensor in LAYOUT.items() if tensor.required and n not in opened.entries]
    if missing:
        held = ", ".join(sorted(opened.entries)[:5]) or "nothing"
        raise FileFormatError(
            f"{str(path)!r} is a safetensors file without {' and '.join(missing)} (it holds {held})"
            ", so no vectors of textdl; pass a file that `Vectors.save` wrote"
        )
    sizes: dict[str, int] = {}
    for name, tensor in LAYOUT.items():
        if name not in opened.entries:
            continue
        entry = opened.entries[name]
        if entry.dtype != tensor.dtype or len(entry.shape) != len(tensor.axes):
            expected = f"{tensor.dtype} ({', '.join(tensor.axes)})"
            raise damaged(path, f"{name!r} is {entry.dtype} {entry.shape}, not {expected}")
        for axis, size in zip(tensor.axes, entry.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise damaged(path, f"{name!r} has {size:,} rows where {sizes[axis]:,} are due")
    if sizes["V + 1"] != sizes["V"] + 1:
        raise damaged(path, f"{sizes['V + 1']:,} label offsets for {sizes['V']:,} vectors")
    if not sizes["D"]:
        raise damaged(path, "its vectors have no dimensions")


def _norms(matrix: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
    try:
        return query.row_norms(matrix)
    except ParameterError as error:
        raise damaged(path, str(error)) from None


def _check_values(
    array: Mapping[str, NDArray[Any]], norms: NDArray[np.float32], path: Path
) -> None:
    """What a scan of one number per row can tell; the vectors themselves are not touched."""
    offsets = array["label_offsets"]
    if offsets[0] != 0 or offsets[-1] != len(array["labels"]):
        raise damaged(path, "the label offsets do not span the labels")
    if (offsets[1:] < offsets[:-1]).any():
        raise damaged(path, "the label offsets do not rise")
    if not ((norms >= 0) & np.isfinite(norms)).all():
        row = int(np.argmin((norms >= 0) & np.isfinite(norms)))
        raise damaged(path, f"the norm of row {row:,} is {norms[row]}")
    counts = array.get("counts")
    if counts is not None and (counts < 0).any():
        raise damaged(path, f"the word of row {int(np.argmax(counts < 0)):,} has a negative count")


def _encode_config(config: Mapping[str, object]) -> str:
    try:
        return writable_json({"format_version": FORMAT_VERSION, "config": dict(config)})
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"the config cannot be saved ({error}); use strings, finite numbers, lists and dicts"
        ) from None


def _decode_config(text: str | None, path: Path) -> Mapping[str, object]:
    if text is None:
        return {}
    try:
        metadata = parse_json(text)
        version = metadata["format_version"]
        config = metadata["config"]
    except (ValueError, TypeError, KeyError):
        raise damaged(path, f"its {METADATA_KEY!r} metadata is {text[:40]!r}") from None
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{str(path)!r} has format version {version}, this textdl reads {FORMAT_VERSION}; "
            "upgrade textdl"
        )
    if not isinstance(config, dict):
        raise damaged(path, f"its config is a JSON {type(config).__name__}, not an object")
    return config
