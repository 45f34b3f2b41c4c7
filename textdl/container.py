"""The safetensors container: 8 bytes of header length, a JSON header, arrays one after another.

Both directions are written out here. Reading, because the package's NumPy reader copies every
array, and a mapped file must be checked before it is believed. Writing, because the package's
writer orders metadata keys at random, leaves a file that only its owner can read, and reports a
full disk without saying so. Equal content gives equal bytes.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError

DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U32": np.dtype("<u4"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
LONGEST_HEADER = 100_000_000  # bytes, as in the reference implementation


class Entry(NamedTuple):
    """Where one array lies."""

    dtype: str
    shape: tuple[int, ...]
    begin: int  # bytes from the start of the file
    end: int


class Container(NamedTuple):
    """A mapped file whose header has been checked."""

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]
    mapped: mmap.mmap

    def array(self, name: str) -> NDArray[np.generic]:
        """A read-only view of one array; its bytes are read when they are touched."""
        entry = self.entries[name]
        return np.ndarray(entry.shape, DTYPES[entry.dtype], self.mapped, entry.begin)


def write(
    file: BinaryIO, arrays: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str]
) -> None:
    """Write `arrays` in the order given (widest elements first keeps all of them aligned)."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    encoded = canonical_json(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    file.write(len(encoded).to_bytes(8, "little") + encoded)
    for array in arrays.values():
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def canonical_json(value: object) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def open_mapped(path: Path) -> Container:
    """Check the header of the file at `path` and map it.

    Raises:
        FileFormatError: the header is damaged, or does not fit the file.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8 or length > LONGEST_HEADER:
            raise FileFormatError(
                f"{str(path)!r} is truncated or no safetensors file: it claims a header of "
                f"{length:,} bytes, but has {size:,} bytes in all (a header has at most "
                f"{LONGEST_HEADER:,}); copy or make it again"
            )
        entries, metadata = _parse(file.read(length), 8 + length, path)
        _check_extent(entries, 8 + length, size, path)
        return Container(entries, metadata, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def damaged(path: Path, what: str) -> FileFormatError:
    """The error for a file whose content contradicts itself."""
    return FileFormatError(f"{str(path)!r} is damaged: {what}; copy or make it again")


def _parse(raw: bytes, start: int, path: Path) -> tuple[dict[str, Entry], Mapping[str, str]]:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError):
        raise damaged(path, f"its header, {raw[:20]!r}..., is not JSON") from None
    if not isinstance(header, dict):
        raise damaged(path, f"its header is a JSON {type(header).__name__}, not an object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise damaged(path, "its metadata is no map of strings")
    return {name: _entry(name, value, start, path) for name, value in header.items()}, metadata


def _entry(name: str, value: object, start: int, path: Path) -> Entry:
    match value:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            entry = Entry(dtype, tuple(shape), start + begin, start + end)
        case _:
            raise damaged(path, f"the header entry of {name!r} lacks dtype, shape or data_offsets")
    if not all(type(axis) is int and axis >= 0 for axis in shape):
        raise damaged(path, f"{name!r} has the shape {shape}")
    if dtype in DTYPES and prod(shape) * DTYPES[dtype].itemsize != end - begin:
        raise damaged(path, f"{name!r}, {dtype} {shape}, does not fit its {end - begin:,} bytes")
    return entry


def _check_extent(entries: Mapping[str, Entry], start: int, size: int, path: Path) -> None:
    """Arrays cover the rest of the file without gap or overlap."""
    places = [(start, start), *sorted((entry.begin, entry.end) for entry in entries.values())]
    for (_, previous), (begin, end) in pairwise(places):
        if begin != previous or end < begin:
            raise damaged(path, f"an array begins at byte {begin:,}, not at {previous:,}")
    if places[-1][1] != size:
        raise FileFormatError(
            f"{str(path)!r} has {size:,} bytes, but its header promises {places[-1][1]:,}; it is "
            "truncated or damaged: copy or make it again"
        )
