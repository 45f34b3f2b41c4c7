"""NumPy's `.npz`: a zip archive with an array of labels and one of vectors.

Written are `labels`, `vectors`, and `counts` where they are known; read are the one array of
strings and the one matrix of numbers, whatever they are called. Objects, which NumPy pickles, are
refused.
"""

from __future__ import annotations

import ast
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.vectors.formats.precision import FLOAT32, compact
from textdl.vectors.formats.rows import (
    Format,
    ReadOptions,
    VectorData,
    decode_labels,
    labeled_matrix,
)

_SUFFIX = ".npy"
_PICKLED_SUFFIX = ".pkl"  # what PyTorch's zip archives have
_COUNTS = "counts"
_LARGEST_EXPANSION = 50  # times the file, beside `_ALWAYS_EXPANDED` bytes
_ALWAYS_EXPANDED = 1 << 24
_LONGEST_HEADER = 1 << 14  # bytes
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(RuntimeError, ValueError, TypeError, SyntaxError, MemoryError, OverflowError, LookupError),
)


def read(path: Path, options: ReadOptions) -> VectorData:
    """Read the labels and the matrix.

    Raises:
        FileFormatError: the archive is damaged, holds objects, or not one array of either kind.
    """
    try:
        arrays = _read_arrays(path)
    except FileFormatError:
        raise
    except _DAMAGE as error:
        raise FileFormatError(
            f"{str(path)!r} is damaged ({error or type(error).__name__}); copy or make it again"
        ) from None
    texts = [name for name, array in arrays.items() if array.dtype.kind in "US"]
    matrices = [
        name for name, array in arrays.items() if array.dtype.kind in "fiu" and array.ndim == 2
    ]
    if len(texts) != 1 or len(matrices) != 1 or arrays[texts[0]].ndim != 1:
        found = ", ".join(f"{name} {it.dtype} {it.shape}" for name, it in arrays.items())
        raise FileFormatError(
            f"{str(path)!r} holds {found or 'nothing'}; expected one array of strings and one "
            "matrix of numbers: np.savez(path, labels=labels, vectors=matrix)"
        )
    labels = arrays[texts[0]]
    matrix = arrays[matrices[0]]
    if len(labels) != len(matrix):
        raise FileFormatError(
            f"{str(path)!r} has {len(labels):,} labels for a matrix of shape {matrix.shape}; "
            "expected one per row"
        )
    rows = slice(options.limit)
    table = labeled_matrix(_strings(labels[rows], path, options), matrix[rows], path)
    return table._replace(counts=_counts(arrays, len(matrix), rows))


def _counts(
    arrays: Mapping[str, NDArray[Any]], rows: int, taken: slice
) -> NDArray[np.int64] | None:
    counts = arrays.get(_COUNTS)
    is_whole = counts is not None and counts.dtype == np.int64 and counts.shape == (rows,)
    return counts[taken] if counts is not None and is_whole and (counts >= 0).all() else None


def _strings(labels: NDArray[Any], path: Path, options: ReadOptions) -> Any:
    if labels.dtype.kind == "S":
        return decode_labels(labels.tolist(), options.errors, path)
    # Four bytes per character, which NumPy does not look at before it makes strings of them.
    codes = labels.view(np.dtype("u4").newbyteorder(labels.dtype.byteorder))
    if codes.max(initial=0) > sys.maxunicode:
        raise FileFormatError(
            f"{str(path)!r} has a label with a character beyond Unicode; copy or make it again"
        )
    return labels.tolist()


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith(_PICKLED_SUFFIX) for name in names):
            raise FileFormatError(
                f"{str(path)!r} is a PyTorch file, whose pickled objects are never loaded; export "
                "word2vec text or binary from the program that wrote it"
            )
        room = path.stat().st_size * _LARGEST_EXPANSION + _ALWAYS_EXPANDED
        arrays = {}
        for name in names:
            with archive.open(name) as member:
                raw = member.read(room + 1)
            room -= len(raw)
            if room < 0:
                raise FileFormatError(
                    f"{str(path)!r} expands to more than {_LARGEST_EXPANSION} times its size; "
                    "save it with np.savez, uncompressed"
                )
            arrays[name.removesuffix(_SUFFIX)] = _parse(raw)
    return arrays


def _parse(raw: bytes) -> NDArray[Any]:
    """An array of the `.npy` format, as a view of its bytes.

    Raises:
        ValueError: it is none, or holds objects.
    """
    width = {b"\x93NUMPY\x01\0": 2, b"\x93NUMPY\x02\0": 4}.get(raw[:8])
    if width is None:
        raise ValueError(f"an array begins with {raw[:8]!r}, expected that of NumPy's format")
    begin = 8 + width + int.from_bytes(raw[8 : 8 + width], "little")
    if begin > min(len(raw), _LONGEST_HEADER):
        raise ValueError(f"an array claims a header of {begin:,} bytes")
    header = ast.literal_eval(raw[8 + width : begin].decode("latin-1").strip())
    match header:
        case {"descr": str(descr), "fortran_order": bool(is_fortran), "shape": tuple(shape)}:
            dtype = np.dtype(descr)
        case _:
            raise ValueError(f"an array has the header {header!r}, expected numbers or strings")
    if not all(type(axis) is int and axis >= 0 for axis in shape) or len(shape) > 2:
        raise ValueError(f"an array has the shape {shape}")
    size = prod(shape)
    if dtype.hasobject or dtype.kind not in "USfiu" or not dtype.itemsize:
        raise ValueError(f"an array is of {dtype}, expected numbers or strings")
    if size * dtype.itemsize != len(raw) - begin:
        raise ValueError(f"an array of {dtype} {shape} does not fit its bytes")
    flat = np.frombuffer(raw, dtype, size, begin)
    return flat.reshape(shape, order="F" if is_fortran else "C")


def write(table: VectorData, path: Path, dtype: str) -> None:
    """Write `table` as `np.savez` does.

    Args:
        table: to be written.
        path: of the file.
        dtype: of the matrix, float32 or float16.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label ends in a NUL, or a number is too large for `dtype`.
    """
    words = list(table.labels)
    labels = np.array(words, np.str_) if words else np.empty(0, "<U1")
    if labels.tolist() != words:
        word = next(it for it in words if it.endswith("\0"))
        raise ParameterError(
            f"label {word!r} cannot be written to {str(path)!r}: NumPy's strings do not end in a "
            "NUL; save as .safetensors instead"
        )
    arrays = {"labels": labels, "vectors": compact(table.matrix, dtype).values}
    if table.counts is not None:
        arrays[_COUNTS] = table.counts
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


FORMAT = Format(
    lambda head: head.startswith(b"PK\x03\x04"),
    read,
    write,
    suffixes=(".npz",),
    dtypes=(FLOAT32, "float16"),
    is_compressible=False,  # a zip archive is compressed by itself
)
