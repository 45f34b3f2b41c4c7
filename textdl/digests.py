"""Digests that tell whether a file is as it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BYTES = 16  # of a digest
BLOCK = 1 << 22  # bytes that are hashed at once


def digest_files(*paths: Path) -> str:
    """The BLAKE2b digest of the contents of files, one after another, in hexadecimal."""
    digest = hashlib.blake2b(digest_size=BYTES)
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def seal(content: Mapping[str, Any]) -> str:
    """A JSON object as text that carries its own digest.

    Example:
        >>> unseal(seal({"epoch": 3}))
        {'epoch': 3}
        >>> unseal(seal({"epoch": 3}).replace("3", "4"))
        Traceback (most recent call last):
            ...
        ValueError: it is not as it was written
    """
    return _json({"content": content, "digest": _digest(content)})


def unseal(text: str) -> dict[str, Any]:
    """The object that `seal` wrote.

    Raises:
        ValueError: not a bit of the text may differ.
    """
    try:
        sealed = json.loads(text)
        whole = isinstance(sealed, dict) and set(sealed) == {"content", "digest"}
        # The text is compared too: JSON has many spellings of one object.
        if whole and sealed["digest"] == _digest(sealed["content"]) and text == _json(sealed):
            content = sealed["content"]
            if isinstance(content, dict):
                return content
    except (ValueError, RecursionError):
        pass
    raise ValueError("it is not as it was written")


def _digest(content: object) -> str:
    return hashlib.blake2b(_json(content).encode(), digest_size=BYTES).hexdigest()


def _json(value: object) -> str:
    # Numbers that are not finite are written as Python reads them: a loss may be one.
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
