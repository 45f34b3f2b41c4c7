"""Checksums of arrays that are written and read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

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


def array_checksums(arrays: Sequence[NDArray[Any]]) -> list[str]:
    """The checksum of the bytes of each array.

    It is BLAKE2b of the digests of its chunks of `CHUNK` bytes (of an empty array: of one empty
    chunk), so that several cores can work on it.

    Args:
        arrays: C-contiguous, of any type.

    Returns:
        One string of hexadecimal digits per array.
    """
    contents = [array.reshape(-1).view(np.uint8) for array in arrays]
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
