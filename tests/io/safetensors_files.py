"""Safetensors files taken apart and put together again, with checksums that fit or do not."""

import json

import numpy as np

from textdl.io.archive import METADATA_KEY
from textdl.io.checksums import array_checksums, checksum
from textdl.io.safetensors import DIGESTS, HEADER_DIGEST
from textdl.io.strict_json import canonical_json


def take_apart(raw):
    """The header of a file as a dict, and the bytes of its arrays."""
    end = 8 + int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:end]), raw[end:]


def put_together(header, body):
    """The file of a header and arrays, checksums as they are in the header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def seal(header, body):
    """Compute the checksums anew, as somebody would who forges a file; changes the header."""
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or DIGESTS not in metadata:
        return header
    names = [name for name in header if name != "__metadata__"]
    spans = [header[name]["data_offsets"] for name in names]
    arrays = [np.frombuffer(body[begin:end], np.uint8) for begin, end in spans]
    metadata[DIGESTS] = canonical_json(dict(zip(names, array_checksums(arrays), strict=True)))
    metadata.pop(HEADER_DIGEST, None)
    metadata[HEADER_DIGEST] = checksum(canonical_json(header).encode())
    return header


def rewrite(path, change, *, sealed=True):
    """Change the header of the file at `path`; its checksums fit the change, if `sealed`."""
    header, body = take_apart(path.read_bytes())
    change(header)
    if sealed:
        try:
            seal(header, body)
        except (KeyError, TypeError, ValueError):
            header["__metadata__"] = without_checksums(header["__metadata__"])
    path.write_bytes(put_together(header, body))


def without_checksums(metadata):
    """The metadata of a file that textdl 0.1.0 would have written."""
    if not isinstance(metadata, dict):
        return metadata
    return {key: value for key, value in metadata.items() if key not in (DIGESTS, HEADER_DIGEST)}


def change_header(path, changes):
    """Change the header that textdl writes into an archive; its checksums fit the change.

    Args:
        path: of the archive.
        changes: new entries, or a function that changes the dict it is given.
    """

    def change(header):
        content = json.loads(header["__metadata__"][METADATA_KEY])
        if callable(changes):
            changes(content)
        else:
            content |= changes
        header["__metadata__"][METADATA_KEY] = json.dumps(content)

    rewrite(path, change)
