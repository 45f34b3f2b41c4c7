"""Text by Zipf's law, of any length and with any number of words, that is made as it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from textdl.text.encode import EncodedChunk

CHUNK = 1 << 20  # tokens that are made at once
SENTENCE = 5, 45  # the shortest and the longest
FLATTENING = 2.7  # Mandelbrot's, of the share 1 / (rank + 2.7)


def make_chunks(tokens: int, vocabulary: int) -> Iterator[EncodedChunk]:
    """Make a text of Zipf's law, the same at every call, in which every word occurs."""
    from textdl.text.encode import EncodedChunk

    words = [f"w{rank}" for rank in range(vocabulary)]
    for number, start in enumerate(range(0, tokens, CHUNK)):
        draw, size = np.random.default_rng((vocabulary, number)), min(CHUNK, tokens - start)
        ids = zipf(draw.random(size), vocabulary)
        _strew(ids, start, vocabulary, tokens // vocabulary)
        shortest, longest = SENTENCE
        ends = np.cumsum(draw.integers(shortest, longest + 1, size // shortest + 1))
        lengths = np.diff(ends[ends < size], prepend=0, append=size)
        yield EncodedChunk(words, ids, lengths, False)


def zipf(uniform: np.ndarray[Any, np.dtype[np.float64]], vocabulary: int) -> Any:
    """Turn uniform numbers into ids, word 0 being rank 1.

    The density 1 / (x + c) has a closed inverse; over [r, r + 1) it is about 1 / (r + c + 1/2).
    """
    c = FLATTENING + 0.5
    x = c * np.expm1(uniform * math.log1p(vocabulary / c))
    return np.minimum(x.astype(np.int32), vocabulary - 1)


def _strew(ids: Any, start: int, vocabulary: int, every: int) -> None:
    """Put word i at token ``i · every`` of the text, so that none is missing."""
    first, stop = -(-start // every), -(-(start + len(ids)) // every)
    words = np.arange(first, min(stop, vocabulary))
    ids[words * every - start] = words
