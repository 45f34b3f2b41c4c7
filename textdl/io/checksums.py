"""Checksums, which tell whether what is read is what was written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a help text needs no NumPy
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 1 << 22  # bytes that are hashed at once
DIGEST_BYTES = 16


def checksum(content: bytes) -> str:
    """BLAKE2b of `content`, in hexadecimal digits.

    Example:
        >>> checksum(b"king")
        '7611c39b93dfe24190c165ea3aa71f3c'
    """
    return blake2b(content, digest_size=DIGEST_BYTES).hexdigest()


def file_checksum(*paths: Path) -> str:
    """BLAKE2b of the contents of files, one after another, in hexadecimal digits."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(CHUNK):
                digest.update(block)
    return digest.hexdigest()


def seal(content: Mapping[str, Any]) -> str:
    """A JSON object as text that carries its own checksum.

    Example:
        >>> unseal(seal({"epoch": 3}))
        {'epoch': 3}
        >>> unseal(seal({"epoch": 3}).replace("3", "4"))
        Traceback (most recent call last):
            ...
        ValueError: it is not as it was written
    """
    return _sealed_json({"content": content, "digest": _content_checksum(content)})


def unseal(text: str) -> dict[str, Any]:
    """The object that `seal` wrote.

    Raises:
        ValueError: not a bit of the text may differ.
    """
    try:
        sealed = json.loads(text)
        whole = isinstance(sealed, dict) and set(sealed) == {"content", "digest"}
        # The text is compared too: JSON has many spellings of one object.
        if (
            whole
            and sealed["digest"] == _content_checksum(sealed["content"])
            and text == _sealed_json(sealed)
        ):
            content = sealed["content"]
            if isinstance(content, dict):
                return content
    except (ValueError, RecursionError):
        pass
    raise ValueError("it is not as it was written")


def _content_checksum(content: object) -> str:
    return checksum(_sealed_json(content).encode())


def _sealed_json(value: object) -> str:
    # Numbers that are not finite are written as Python reads them: a loss may be one.
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def array_checksums(arrays: Sequence[NDArray[Any]]) -> list[str]:
    """The checksum of the bytes of each array.

    It is BLAKE2b of the digests of its chunks of `CHUNK` bytes (of an empty array: of one empty
    chunk), so that several cores can work on it.

    Args:
        arrays: C-contiguous, of any type.

    Returns:
        One string of hexadecimal digits per array.
    """
    contents = [array.reshape(-1).view("uint8") for array in arrays]
    chunks = [
        content[begin : begin + CHUNK]
        for content in contents
        for begin in range(0, max(1, len(content)), CHUNK)
    ]
    digests = _hash_all(chunks)
    found: list[str] = []
    begin = 0
    for content in contents:
        end = begin + max(1, -(-len(content) // CHUNK))
        found.append(checksum(b"".join(digests[begin:end])))
        begin = end
    return found


def _hash_all(chunks: Sequence[NDArray[np.uint8]]) -> list[bytes]:
    if sum(map(len, chunks)) <= CHUNK:
        return [_hash(chunk) for chunk in chunks]
    # Most files need none, and a command that asks one question should start soon.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(_hash, chunks))


def _hash(chunk: NDArray[np.uint8]) -> bytes:
    return blake2b(chunk.data, digest_size=DIGEST_BYTES).digest()
