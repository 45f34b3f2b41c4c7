"""The safetensors container: 8 bytes of header length, a JSON header, arrays one after another.

Both directions are written out here. Reading, because the package's NumPy reader copies every
array, and a mapped file must be checked before it is believed. Writing, because the package's
writer orders metadata keys at random, leaves a file that only its owner can read, and reports a
full disk without saying so. Equal content gives equal bytes.

Checksums are metadata: `digests` maps the name of each array to that of its bytes, and
`header_digest` is that of the header, without itself, in canonical JSON. They find damage; against
a forger, who would compute them anew, every reader checks values as well. A file of
another program, which has none, is read without.

A file is mapped, and its header takes about 25 times its length, at most `LONGEST_HEADER`, while
it is read: that is all that is allocated here for a file, whatever it says.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import FileFormatError, ParameterError
from textdl.io.checksums import array_checksums, checksum
from textdl.io.strict_json import canonical_json, parse_json

DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # NumPy has no bfloat16: its bits
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U32": np.dtype("<u4"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
LONGEST_HEADER = 1 << 25  # bytes
MOST_AXES = 8
DIGESTS = "digests"
HEADER_DIGEST = "header_digest"


class TensorEntry(NamedTuple):
    """Where one array lies."""

    dtype: str
    shape: tuple[int, ...]
    begin: int  # bytes from the start of the file
    end: int


class SafetensorsFile(NamedTuple):
    """A mapped file whose header has been checked."""

    path: Path
    entries: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]  # without the checksums
    digests: Mapping[str, str]  # by array; empty in a file without checksums
    digest: str | None  # of the header, and so of the digests in it: of all of the file
    mapped: mmap.mmap
    verified: set[str]  # arrays that were compared with their checksums

    def array(self, name: str) -> NDArray[Any]:
        """A read-only view of one array; its bytes are read when they are touched."""
        entry = self.entries[name]
        return np.ndarray(entry.shape, DTYPES[entry.dtype], self.mapped, entry.begin)

    def verify(self, names: Iterable[str] | None = None) -> None:
        """Compare arrays with their checksums, where the file has any, each of them once.

        Args:
            names: of the arrays; None for all.

        Raises:
            FileFormatError: an array is not what was written.
        """
        if not self.digests:
            return
        chosen = [
            it for it in (self.entries if names is None else names) if it not in self.verified
        ]
        found = array_checksums([self.array(name) for name in chosen])
        for name, digest in zip(chosen, found, strict=True):
            if digest != self.digests[name]:
                raise damaged(self.path, f"{name!r} does not have the checksum it was written with")
            self.verified.add(name)


def write_safetensors(
    file: BinaryIO, arrays: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str]
) -> str:
    """Write arrays one after another (widest elements first keeps all of them aligned).

    Args:
        file: to write to, at its beginning.
        arrays: by name, in the order they are written.
        metadata: of the file, beside the checksums.

    Returns:
        The checksum of the header, which tells the file from any other: `SafetensorsFile.digest`.

    Raises:
        ParameterError: the metadata are too long, or hold a lone surrogate.
    """
    contents = [np.ascontiguousarray(array) for array in arrays.values()]
    digests = dict(zip(arrays, array_checksums(contents), strict=True))
    header: dict[str, Any] = {"__metadata__": {**metadata, DIGESTS: canonical_json(digests)}}
    types = {dtype: name for name, dtype in DTYPES.items()}
    end = 0
    for name, array in arrays.items():
        begin = end
        end += array.nbytes
        header[name] = {
            "dtype": types[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    try:
        digest = _header_digest(header)
    except UnicodeEncodeError as error:
        raise ParameterError(
            f"{error.object[error.start]!r} is a lone surrogate, which cannot be written as UTF-8; "
            "remove it"
        ) from None
    header["__metadata__"][HEADER_DIGEST] = digest
    encoded = canonical_json(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    if len(encoded) > LONGEST_HEADER:
        raise ParameterError(
            f"names and parameters take {len(encoded):,} bytes, a file can hold "
            f"{LONGEST_HEADER:,}; leave some out"
        )
    file.write(len(encoded).to_bytes(8, "little") + encoded)
    for content in contents:
        file.write(content.reshape(-1).view(np.uint8).data)
    return digest


def open_mapped(path: Path) -> SafetensorsFile:
    """Check the header of the file at `path` and map it; `verify` checks the arrays.

    Raises:
        FileFormatError: the header is damaged, or does not fit the file.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8 or length > LONGEST_HEADER:
            raise FileFormatError(
                f"{str(path)!r} is truncated, or not a safetensors file: it claims a header of "
                f"{length:,} bytes, but has {size:,} bytes in all (a header has at most "
                f"{LONGEST_HEADER:,}); copy or make it again"
            )
        header, metadata = _parse(file.read(length), path)
        entries = {name: _entry(name, value, 8 + length, path) for name, value in header.items()}
        _check_extent(entries, 8 + length, size, path)
        digest = metadata.get(HEADER_DIGEST)
        digests = _take_digests(header, metadata, path)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return SafetensorsFile(path, entries, metadata, digests, digest, mapped, set())


def open_verified(path: Path) -> SafetensorsFile:
    """Open the file at `path` and check all of it.

    Raises:
        FileFormatError: it is damaged.
    """
    opened = open_mapped(path)
    opened.verify()
    return opened


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins with `head` is a safetensors file, sound or damaged.

    Args:
        head: its first 9 bytes or more: the length of the header, and the brace that opens it.

    Example:
        >>> is_safetensors(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}")
        True
    """
    return b"\0" in head[:8] and head[8:9] == b"{"  # no text holds a NUL


def without_checksums(path: Path) -> FileFormatError:
    """The error for a file that is to be verified, and cannot be."""
    return FileFormatError(
        f"{str(path)!r} has no checksums, so nothing to verify; load and save it again as "
        ".safetensors to add them"
    )


def damaged(path: Path, what: str) -> FileFormatError:
    """The error for a file whose content contradicts itself."""
    return FileFormatError(f"{str(path)!r} is damaged: {what}; copy or make it again")


def _parse(raw: bytes, path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The entries of a header, and its metadata."""
    try:
        header = parse_json(raw)
    except ValueError as error:
        what = f"its header, {raw[:20]!r}..., is not JSON ({error})"
        raise damaged(path, what) from None
    if not isinstance(header, dict) or raw[:1] != b"{":
        raise damaged(path, f"its header is a JSON {type(header).__name__}, not an object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise damaged(path, "its metadata is not a map of strings")
    return header, metadata


def _entry(name: str, value: object, start: int, path: Path) -> TensorEntry:
    match value:
        case {
            "dtype": str(dtype),
            "shape": list(shape),
            "data_offsets": [int(begin), int(end)],
            **others,
        } if not others and type(begin) is type(end) is int:
            pass
        case _:
            raise damaged(path, f"the header entry of {name!r} lacks dtype, shape or data_offsets")
    if dtype not in DTYPES:
        raise damaged(path, f"{name!r} is {dtype}, expected one of {', '.join(DTYPES)}")
    if len(shape) > MOST_AXES:
        raise damaged(path, f"{name!r} has {len(shape):,} axes, expected at most {MOST_AXES}")
    if not all(type(axis) is int and axis >= 0 for axis in shape):
        raise damaged(path, f"{name!r} has the shape {shape}")
    # The reference implementation also refuses sizes that overflow before they are multiplied by 0.
    too_large = prod(max(axis, 1) for axis in shape) >> 63
    if too_large or prod(shape) * DTYPES[dtype].itemsize != end - begin:
        raise damaged(path, f"{name!r}, {dtype} {shape}, does not fit its {end - begin:,} bytes")
    return TensorEntry(dtype, tuple(shape), start + begin, start + end)


def _check_extent(entries: Mapping[str, TensorEntry], start: int, size: int, path: Path) -> None:
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


def _take_digests(
    header: Mapping[str, Any], metadata: dict[str, str], path: Path
) -> Mapping[str, str]:
    """The checksums of the arrays, which are removed from the metadata; that of the header fits."""
    expected = metadata.pop(HEADER_DIGEST, None)
    if expected is None and DIGESTS not in metadata:
        return {}
    if expected != _header_digest({**header, "__metadata__": metadata}):
        raise damaged(path, "its header does not have the checksum it was written with")
    try:
        digests = parse_json(metadata.pop(DIGESTS, ""))
    except ValueError:
        digests = None
    if not isinstance(digests, dict) or digests.keys() != header.keys():
        raise damaged(path, "its checksums are not those of its arrays")
    return digests


def _header_digest(header: Mapping[str, Any]) -> str:
    return checksum(canonical_json(header).encode())
