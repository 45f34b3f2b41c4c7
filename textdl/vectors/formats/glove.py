"""GloVe's text: a word and its D numbers per line, without the line `V D` of word2vec text.

It has no suffix of its own, so it is written when it is asked for by name.

Reference: Pennington, Socher and Manning 2014, "GloVe: Global Vectors for Word Representation".
"""

from __future__ import annotations

from pathlib import Path

from textdl.errors import ParameterError
from textdl.vectors.formats import word2vec_text
from textdl.vectors.formats.rows import Format, VectorData, parse_header
from textdl.vectors.formats.text_rows import trailing_numbers


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` has numbers at the end of its first line, a row."""
    if parse_header(head) is not None:
        return False
    line = head.lstrip(b"\n").partition(b"\n")[0]
    return trailing_numbers(line.split()) > 0


def write(table: VectorData, path: Path) -> None:
    """Write `table` to `path`.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
        ParameterError: a label is empty or holds whitespace, there are no rows, or the first of
            them would be read as the header of word2vec text.
    """
    if not len(table.labels):
        raise ParameterError(
            f"no vectors cannot be written to {str(path)!r}: a file of GloVe shows by its first "
            "row how long vectors are; save as .txt instead"
        )
    first = word2vec_text.encode_row(table.labels[0], table.matrix[0])
    if parse_header(first) is not None:
        raise ParameterError(
            f"the first row, {first.decode().rstrip()!r}, cannot be written to {str(path)!r}: in a "
            "file of GloVe it would be read as 'V D', the header of word2vec text; save as .txt "
            "instead"
        )
    word2vec_text.write(table, path, with_header=False)


FORMAT = Format(matches, word2vec_text.read, lambda table, path, dtype: write(table, path))
