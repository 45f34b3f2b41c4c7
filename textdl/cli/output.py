"""What the verbs print, and how numbers on the command line are read."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence


def print_json(value: object) -> None:
    """Print one JSON document; what is no number becomes null, for NaN is no JSON."""
    print(json.dumps(_finite(value), ensure_ascii=False))


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_neighbors(
    found: Sequence[tuple[str | list[str], Sequence[tuple[str, float]]]], *, as_json: bool
) -> None:
    """Print queries and their neighbours, one neighbour a line."""
    if as_json:
        print_json(
            [
                {
                    "query": query,
                    "neighbors": [{"word": word, "similarity": cosine} for word, cosine in words],
                }
                for query, words in found
            ]
        )
        return
    for number, (query, words) in enumerate(found):
        if len(found) > 1:
            print(("\n" if number else "") + f"{query}:")
        width = max((len(word) for word, _ in words), default=0)
        for word, cosine in words:
            print(f"{word:<{width}}  {cosine:.4f}")


def whole_number(text: str) -> int:
    """Read a whole number from 1 up."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return number
