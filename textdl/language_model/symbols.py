"""Characters or words as ids, and ids as text again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textdl.text.encode import EncodedChunk

UNKNOWN = 0  # the id of all that is not known
END = 1  # the id of the end of a document, which is a line in a file; it also stands before a text
RESERVED = 2  # ids before that of the first symbol


class Symbols:
    r"""What a language model reads and predicts.

    Args:
        names: V - 2 characters or words, by falling count; their ids begin at `RESERVED`.
        separator: what stands between two of them in a text.

    Example:
        >>> symbols = Symbols(["a", "b"], "")
        >>> symbols.ids(["b", "a", "z"]).tolist()
        [3, 2, 0]
        >>> symbols.text([3, 2, END, 2])
        'ba\na'
    """

    def __init__(self, names: list[str], separator: str) -> None:
        self.names = names
        self.separator = separator

    def __len__(self) -> int:
        return len(self.names) + RESERVED

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names, RESERVED)}

    def ids(self, names: Iterable[str]) -> NDArray[np.int32]:
        """The id of each symbol."""
        index = self._index
        return np.array([index.get(name, UNKNOWN) for name in names], np.int32)

    def encode(self, chunks: Iterable[EncodedChunk]) -> Iterator[NDArray[np.int32]]:
        """The ids of chunks of a corpus, with `END` behind every document."""
        for chunk in chunks:
            ids = self.ids(chunk.words)[chunk.ids]
            ends = np.cumsum(chunk.lengths)
            yield np.insert(ids, ends[:-1] if chunk.continues else ends, END)

    def text(self, ids: Iterable[int]) -> str:
        """What ids say; `END` is a line break, and what is unknown U+FFFD."""
        lines: list[list[str]] = [[]]
        for number in ids:
            if number == END:
                lines.append([])
            else:
                lines[-1].append("\ufffd" if number == UNKNOWN else self.names[number - RESERVED])
        return "\n".join(map(self.separator.join, lines))
