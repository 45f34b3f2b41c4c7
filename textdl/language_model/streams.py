"""A text as parallel streams, read segment by segment.

The text is one sequence of N ids. Stream b of B is its part from b L to (b + 1) L, where L is
N / B, rounded up. A step reads the next segment of every stream, and the state after it goes into
the next step. The ids are in a file that is mapped into memory, so memory does not grow with the
text.

Reference:
    Zaremba, Sutskever and Vinyals 2014, "Recurrent neural network regularization", section 4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textdl.errors import CorpusError
from textdl.language_model.symbols import END

DTYPE = np.dtype("<i4")


class SegmentBatch(NamedTuple):
    """A segment of every stream; each id is to be predicted from all before it.

    Example:
        >>> streams = Streams(np.array([5, 6, 7, 8, 9], np.int32), count=2, segment_length=2)
        >>> [batch.targets.tolist() for batch in map(streams.batch, range(len(streams)))]
        [[[5, 6], [8, 9]], [[7, 0], [0, 0]]]
    """

    inputs: NDArray[np.int32]  # (B, T) the id before each target
    targets: NDArray[np.int32]  # (B, T)
    lengths: NDArray[np.int32]  # (B,) from 0 to T, what is behind being padding


@dataclass(frozen=True)
class Streams:
    """The segments of a text.

    Args:
        ids: `(N,)` of the text, which may be mapped from a file.
        count: B, streams; fewer where the text has fewer segments.
        segment_length: T, ids of a stream per segment.

    Example:
        >>> streams = Streams(np.array([5, 6, 7], np.int32), count=1, segment_length=2)
        >>> streams.batch(0).inputs.tolist(), streams.batch(1).inputs.tolist()
        ([[1, 5]], [[6, 0]])
    """

    ids: NDArray[np.int32]
    count: int
    segment_length: int

    @property
    def batch_size(self) -> int:
        """B: no stream is shorter than a segment, unless the text is."""
        return max(1, min(self.count, len(self.ids) // self.segment_length))

    @property
    def length(self) -> int:
        """L, ids of a stream."""
        return -(-len(self.ids) // self.batch_size)

    def __len__(self) -> int:
        return -(-self.length // self.segment_length)

    def batch(self, number: int) -> SegmentBatch:
        """Segment `number` of every stream, padded with 0."""
        width = self.segment_length
        starts = np.arange(self.batch_size) * self.length + number * width
        stops = np.minimum((np.arange(self.batch_size) + 1) * self.length, len(self.ids))
        lengths = np.clip(stops - starts, 0, width).astype(np.int32)
        inputs = np.zeros((self.batch_size, width), np.int32)
        targets = np.zeros_like(inputs)
        for row, (start, size) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            if size:
                targets[row, :size] = self.ids[start : start + size]
                inputs[row, 1:size] = targets[row, : size - 1]
                inputs[row, 0] = self.ids[start - 1] if start else END
        return SegmentBatch(inputs, targets, lengths)


def write_ids(parts: Iterable[NDArray[np.int32]], path: Path) -> NDArray[np.int32]:
    """Write ids to a file as they come, and map it.

    Args:
        parts: of the text.
        path: of the file.

    Returns:
        `(N,)`, all ids.

    Raises:
        CorpusError: there are none but those of ends of documents.
    """
    has_text = False
    with path.open("wb") as file:
        for part in parts:
            has_text |= bool((part != END).any())
            file.write(part.astype(DTYPE).data)
    if not has_text:
        raise CorpusError("the corpus is empty; expected text with at least one word")
    return np.memmap(path, DTYPE, "r")
