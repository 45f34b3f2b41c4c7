"""The file of a vectorizer, in arrays and JSON values: one `.safetensors`, nothing pickled.

A file is read whole, and all that SciPy relies on without looking is checked here: pointers and
columns out of range would make it read and write memory that is not its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.io.safetensors import DTYPES, SafetensorsFile, damaged, open_verified, write_safetensors
from textdl.io.strict_json import parse_json, writable_json

FORMAT_VERSION = 1
METADATA_KEY = "textdl_bow"
MOST_COLUMNS = (1 << 31) - 1
MATRIX = ("matrix_data", "matrix_columns", "matrix_rows")


class Tensor(NamedTuple):
    """One array of the file."""

    dtypes: tuple[str, ...]
    axis: str


# Widest elements first, so that every array is aligned in the mapped file.
LAYOUT: Mapping[str, Tensor] = {
    "term_offsets": Tensor(("I64",), "V + 1"),
    "document_frequency": Tensor(("I64",), "V"),
    "term_frequency": Tensor(("I64",), "V"),
    "idf": Tensor(("F64",), "columns"),
    "matrix_rows": Tensor(("I64",), "documents + 1"),
    "matrix_data": Tensor(("I64", "F64", "F32", "I32"), "entries"),
    "matrix_columns": Tensor(("I32", "I64"), "entries"),
    "terms": Tensor(("U8",), "bytes of terms"),
}


class Content(NamedTuple):
    """What a file holds."""

    path: Path
    arrays: Mapping[str, NDArray[Any]]  # those of the layout that are there
    metadata: Mapping[str, Any]
    matrix: sparse.csr_array | None


def write(
    path: Path, learnt: Mapping[str, Any], metadata: Mapping[str, Any], matrix: Any = None
) -> None:
    """Write to `path`, complete or not at all.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: the matrix holds a number that is not finite.
    """
    arrays, texts = encode(learnt, metadata, matrix)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        write_safetensors(file, arrays, texts)


def encode(
    learnt: Mapping[str, Any], metadata: Mapping[str, Any], matrix: Any = None
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the metadata of the file.

    Raises:
        ParameterError: the matrix holds a number that is not finite, or a parameter is no JSON.
    """
    content, values = dict(learnt), {"format_version": FORMAT_VERSION, **metadata}
    if matrix is not None:
        rows = sparse.csr_array(matrix)
        content |= {"matrix_rows": rows.indptr, "matrix_columns": rows.indices}
        content["matrix_data"] = rows.data
        values["columns"] = rows.shape[1]
        if not np.isfinite(rows.data).all():
            raise ParameterError(
                "the matrix holds a number that is not finite, which no file may; drop it"
            )
    arrays = {
        name: _of_known_type(np.asarray(content[name]), tensor)
        for name, tensor in LAYOUT.items()
        if content.get(name) is not None
    }
    try:
        return arrays, {METADATA_KEY: writable_json(values)}
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"the parameters cannot be saved ({error}); use text, and numbers of 64 bits"
        ) from None


def _of_known_type(array: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    types = [DTYPES[dtype] for dtype in tensor.dtypes]
    return array if array.dtype in types else array.astype(types[0])


def read(path: Path) -> Content:
    """Read the file at `path`.

    Raises:
        FileFormatError: the file is missing, damaged, truncated, or holds something else.
    """
    try:
        opened = open_verified(path)
    except OSError as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} ({error.strerror}); expected a file that a vectorizer saved"
        ) from error
    return decode(opened, path)


def decode(opened: SafetensorsFile, path: Path) -> Content:
    """What an opened file holds.

    Raises:
        FileFormatError: it is damaged, or holds something else.
    """
    metadata, arrays = _metadata(opened, path), _arrays(opened, path)
    return Content(path, arrays, metadata, _matrix(arrays, metadata, path))


def _metadata(opened: SafetensorsFile, path: Path) -> dict[str, Any]:
    try:
        metadata: dict[str, Any] = parse_json(opened.metadata[METADATA_KEY])
        version, _, _ = (metadata[name] for name in ("format_version", "class", "parameters"))
    except (KeyError, ValueError, TypeError):
        raise FileFormatError(
            f"{str(path)!r} holds no vectorizer; expected a file that a vectorizer saved"
        ) from None
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{str(path)!r} has format version {version}, this textdl reads {FORMAT_VERSION}; "
            "upgrade textdl"
        )
    return metadata


def _arrays(opened: SafetensorsFile, path: Path) -> dict[str, NDArray[Any]]:
    """The arrays, each of a type it may have, and axes of one name of one size."""
    sizes: dict[str, int] = {}
    for name, tensor in LAYOUT.items():
        if (entry := opened.entries.get(name)) is None:
            continue
        if entry.dtype not in tensor.dtypes or len(entry.shape) != 1:
            raise damaged(path, f"{name!r} is {entry.dtype} {entry.shape}, not {tensor.dtypes[0]}")
        if sizes.setdefault(tensor.axis, entry.shape[0]) != entry.shape[0]:
            raise damaged(path, f"{name!r} has {entry.shape[0]:,} entries, others differ")
    return {name: opened.array(name) for name in LAYOUT if name in opened.entries}


def _matrix(
    arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any], path: Path
) -> sparse.csr_array | None:
    present = [name for name in MATRIX if name in arrays]
    if not present:
        return None
    if len(present) < len(MATRIX):
        raise damaged(path, f"of a matrix it has only {' and '.join(present)}")
    data, columns, pointers = (arrays[name] for name in MATRIX)
    width = metadata.get("columns")
    if type(width) is not int or not 0 <= width <= MOST_COLUMNS:
        raise damaged(path, f"its matrix has {width!r} columns, expected 0 to {MOST_COLUMNS:,}")
    _check_pointers(pointers, len(data), path)
    if len(columns) and not 0 <= columns.min() <= columns.max() < width:
        found = f"{columns.min():,} to {columns.max():,}"
        raise damaged(path, f"its matrix has entries in columns {found}, but {width:,} columns")
    if not np.isfinite(data).all():
        raise damaged(path, "its matrix holds a number that is not finite")
    return sparse.csr_array((data, columns, pointers), shape=(len(pointers) - 1, width))


def _check_pointers(pointers: NDArray[np.int64], entries: int, path: Path) -> None:
    """The rows of a matrix follow one another, from the first entry to the last."""
    if not len(pointers) or pointers[0] != 0 or pointers[-1] != entries:
        raise damaged(path, f"the rows of its matrix do not span its {entries:,} entries")
    falls = pointers[1:] < pointers[:-1]
    if falls.any():
        raise damaged(path, f"row {int(np.argmax(falls)):,} of its matrix ends before it begins")
