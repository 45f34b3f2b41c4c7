"""The one scheme of every file that textdl saves: what it holds, how it was made, and its arrays.

An archive is a safetensors file whose metadata have the entry ``textdl``, a JSON object:

    {"kind": "TfidfVectorizer",         what the file holds
     "format_version": 1,               of that kind
     "versions": {"numpy": ..., ...},   of the libraries that wrote it
     "parameters": {...},               what the object was made with
     "state": {...},                    what it learned, except for arrays
     "parts": {"features": {...}}}      archives within it, whose arrays are "features/NAME"

`write_archive` writes an `ArchiveContent`; `open_archive` opens an `Archive`, whose reader names
the kinds it takes (`Archive.require`). Nothing in a file is believed: its header, the type, shape
and checksum of every array are checked here, and `Archive.decoding` makes one error of whatever
the values in it do to the code that reads them. Nothing is ever unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import textdl
from textdl.errors import FileFormatError, ParameterError
from textdl.io.atomic import atomic_write
from textdl.io.safetensors import DTYPES, SafetensorsFile, damaged, open_mapped, write_safetensors
from textdl.io.strict_json import decode_value, encode_value, parse_json, writable_json

METADATA_KEY = "textdl"
SEPARATOR = "/"  # between the name of a part and that of its array
DECODING_ERRORS = (
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class ArraySpec(NamedTuple):
    """What an array of a kind may be.

    Args:
        dtypes: as safetensors names them; an array of another type is saved as the first.
        axes: a name for each. Axes of one name have one size, and "V + 1" is one more than "V".
        required: every file of the kind has it.
    """

    dtypes: tuple[str, ...]
    axes: tuple[str, ...]
    required: bool = True


class ArchiveKind(NamedTuple):
    """A kind of object that is saved.

    Args:
        name: in the header, such as that of the class.
        arrays: what its arrays may be, by name; None: any names, which its reader checks.
        version: of the format, raised when a file of before can no longer be read.
    """

    name: str
    arrays: Mapping[str, ArraySpec] | None = None
    version: int = 1


class ArchiveContent(NamedTuple):
    """An object, taken apart to be saved.

    `parameters` and `state` hold None, booleans, numbers, strings, and tuples, lists and
    dictionaries of those; they come back as they were. An array that is None is left out.
    """

    kind: ArchiveKind
    parameters: Mapping[str, Any] = {}
    state: Mapping[str, Any] = {}
    arrays: Mapping[str, NDArray[Any] | None] = {}
    parts: Mapping[str, ArchiveContent] = {}


class Archive(NamedTuple):
    """An opened archive, or a part of one; its arrays are read from disk when they are touched."""

    file: SafetensorsFile
    prefix: str  # of the names of its arrays
    kind: str
    format_version: int
    parameters: Mapping[str, Any]
    state: Mapping[str, Any]
    versions: Mapping[str, str]
    part_headers: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.file.path

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its own arrays by name, as read-only views of the mapped file."""
        return {name: self.file.array(self.prefix + name) for name in self.array_names}

    @property
    def array_names(self) -> list[str]:
        """The names of its own arrays."""
        names = (
            n.removeprefix(self.prefix) for n in self.file.entries if n.startswith(self.prefix)
        )
        return [name for name in names if SEPARATOR not in name]

    def part(self, name: str) -> Archive:
        """An archive within this one.

        Raises:
            FileFormatError: there is none of that name.
        """
        if name not in self.part_headers:
            raise self.damaged(f"it lacks its part {name!r}")
        prefix = f"{self.prefix}{name}{SEPARATOR}"
        return _parse_header(self.file, prefix, self.part_headers[name], self.versions)

    def require(self, *kinds: ArchiveKind) -> ArchiveKind:
        """The one of `kinds` that this is, its arrays being what the kind declares.

        Raises:
            FileFormatError: it is of another kind, of a version that this textdl does not read, or
                its arrays are not those of the kind.
        """
        found = next((kind for kind in kinds if kind.name == self.kind), None)
        if found is None:
            expected = " or ".join(kind.name for kind in kinds)
            raise FileFormatError(
                f"{str(self.path)!r} is a file of {self.kind}, expected {expected}; load it as "
                "what it is"
            )
        if self.format_version != found.version:
            raise FileFormatError(
                f"{str(self.path)!r} has format version {self.format_version} of a {self.kind}, "
                f"this textdl reads {found.version}; "
                + ("upgrade textdl" if self.format_version > found.version else "save it again")
            )
        if found.arrays is not None:
            self._check_arrays(found.arrays)
        return found

    def damaged(self, what: str) -> FileFormatError:
        """The error for an archive whose content contradicts itself."""
        return damaged(self.path, what)

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Turn what a file that was tampered with does to the code that reads it into one error.

        Raises:
            FileFormatError: in place of any error that a wrong value leads to.
        """
        try:
            yield
        except FileFormatError:
            raise
        except DECODING_ERRORS as error:
            raise self.damaged(f"its parts do not fit together ({error})") from error

    def _check_arrays(self, declared: Mapping[str, ArraySpec]) -> None:
        names = self.array_names
        missing = [n for n, spec in declared.items() if spec.required and n not in names]
        unknown = [name for name in names if name not in declared]
        if missing or unknown:
            what = f"lacks the array {missing[0]!r}" if missing else f"has an array {unknown[0]!r}"
            raise self.damaged(f"it {what}, unlike any {self.kind}")
        sizes: dict[str, int] = {}
        for name in names:
            entry = self.file.entries[self.prefix + name]
            spec = declared[name]
            if entry.dtype not in spec.dtypes or len(entry.shape) != len(spec.axes):
                expected = f"{' or '.join(spec.dtypes)} ({', '.join(spec.axes)})"
                raise self.damaged(f"{name!r} is {entry.dtype} {entry.shape}, expected {expected}")
            for axis, length in zip(spec.axes, entry.shape, strict=True):
                base = axis.removesuffix(" + 1")
                size = length if axis == base else length - 1
                if sizes.setdefault(base, size) != size:
                    expected = f"{sizes[base] + (axis != base):,}"
                    raise self.damaged(f"{name!r} has {length:,} entries where {expected} are due")


def write_archive(path: str | os.PathLike[str], content: ArchiveContent) -> None:
    """Write an archive, complete or not at all; equal content gives equal bytes.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a parameter is of a kind that no file can hold.
    """
    arrays, metadata = encode_archive(content)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        write_safetensors(file, arrays, metadata)


def encode_archive(content: ArchiveContent) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the metadata of an archive, as `write_safetensors` takes them.

    Raises:
        ParameterError: a parameter is of a kind that no file can hold.
    """
    versions = {module.__name__: module.__version__ for module in (np, textdl)}
    header = {**_header(content), "versions": versions}
    try:
        metadata = {METADATA_KEY: writable_json(header)}
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"the parameters cannot be saved ({error}); use text, and numbers of 64 bits"
        ) from None
    # Widest elements first, so that every array is aligned in the mapped file.
    arrays = sorted(_named_arrays(content, ""), key=lambda item: -item[1].itemsize)
    return dict(arrays), metadata


def open_archive(
    path: str | os.PathLike[str],
    *,
    expected: str,
    unverified: Collection[str] = (),
    part: str | None = None,
) -> Archive:
    """Open an archive: its header is checked, and the checksums of its arrays.

    Args:
        path: of the file.
        expected: what the caller wants, for the message, such as "word vectors".
        unverified: names of large arrays that are mapped without reading them.
        part: the name of an archive within it, which is opened in its place where it has one.

    Returns:
        The archive; its arrays are views of the mapped file.

    Raises:
        FileFormatError: the file is missing, damaged, or not an archive of textdl.
    """
    path = Path(path)
    try:
        file = open_mapped(path)
    except OSError as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} ({error.strerror}); expected a file of {expected}"
        ) from error
    archive = parse_archive(file, expected)
    _check_owners(archive)
    if part is not None and part in archive.part_headers:
        archive = archive.part(part)
    own = [name for name in file.entries if name.startswith(archive.prefix)]
    file.verify(name for name in own if name.removeprefix(archive.prefix) not in unverified)
    return archive


def parse_archive(file: SafetensorsFile, expected: str) -> Archive:
    """The header of an archive.

    Args:
        file: opened, its checksums compared or not.
        expected: what the caller wants, for the message.

    Raises:
        FileFormatError: it is damaged, or textdl did not write it.
    """
    text = file.metadata.get(METADATA_KEY)
    if text is None:
        held = ", ".join(sorted(file.entries)[:5]) or "nothing"
        raise FileFormatError(
            f"{str(file.path)!r} has no header of textdl (it holds {held}); expected {expected}, "
            "saved by this version of textdl"
        )
    try:
        header = parse_json(text)
        versions = header.pop("versions")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise damaged(file.path, f"its header says {text[:40]!r}") from None
    return _parse_header(file, "", header, versions)


def check_offsets(offsets: NDArray[np.int64], end: int, of: str) -> None:
    """Refuse offsets that do not rise from 0 to `end`; they say where items of many sizes begin.

    Args:
        offsets: `(n + 1,)`, item i being from `offsets[i]` to `offsets[i + 1]`.
        end: of the last item.
        of: what they are the offsets of, for the message.

    Raises:
        ValueError: they do not rise, or not from 0 to `end`.
    """
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != end:
        raise ValueError(f"the offsets of the {of} do not span their {end:,} entries")
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        raise ValueError(f"the offsets of the {of} fall at {int(np.argmax(falls)):,}")


def _check_owners(archive: Archive) -> None:
    """Refuse arrays that belong to no part."""
    prefixes = {""} | set(_prefixes("", archive.part_headers))
    for name in archive.file.entries:
        owner, separator, _ = name.rpartition(SEPARATOR)
        if owner + separator not in prefixes:
            raise archive.damaged(f"it has an array {name!r} of no part")


def _prefixes(prefix: str, headers: Mapping[str, Any]) -> Iterator[str]:
    for name, header in headers.items():
        own = f"{prefix}{name}{SEPARATOR}"
        yield own
        if isinstance(header, dict) and isinstance(header.get("parts"), dict):
            yield from _prefixes(own, header["parts"])


def _parse_header(file: SafetensorsFile, prefix: str, header: Any, versions: Any) -> Archive:
    match header:
        case {
            "kind": str(kind),
            "format_version": int(version),
            "parameters": dict(parameters),
            "state": dict(state),
            "parts": dict(parts),
            **others,
        } if not others and isinstance(versions, dict):
            pass
        case _:
            raise damaged(file.path, "its header lacks kind, format_version or parameters")
    try:
        values = decode_value(parameters), decode_value(state)
    except DECODING_ERRORS as error:
        raise damaged(file.path, f"its parameters do not fit ({error})") from None
    return Archive(file, prefix, kind, version, *values, versions, parts)


def _header(content: ArchiveContent) -> dict[str, Any]:
    return {
        "kind": content.kind.name,
        "format_version": content.kind.version,
        "parameters": encode_value("parameters", dict(content.parameters)),
        "state": encode_value("state", dict(content.state)),
        "parts": {name: _header(part) for name, part in content.parts.items()},
    }


def _named_arrays(content: ArchiveContent, prefix: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, array in content.arrays.items():
        if array is not None:
            yield prefix + name, _saved_type(content.kind, name, np.asarray(array))
    for name, part in content.parts.items():
        yield from _named_arrays(part, f"{prefix}{name}{SEPARATOR}")


def _saved_type(kind: ArchiveKind, name: str, array: NDArray[Any]) -> NDArray[Any]:
    if kind.arrays is None:
        return array
    dtypes = [DTYPES[dtype] for dtype in kind.arrays[name].dtypes]
    return array if array.dtype in dtypes else array.astype(dtypes[0])
