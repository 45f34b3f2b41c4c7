"""Tables as aligned text: the one printer of columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

_PAD = {"<": str.ljust, ">": str.rjust}


def format_table(
    rows: Sequence[Sequence[str]],
    alignment: str = "<",
    *,
    first_width: int | None = None,
    gap: int = 2,
) -> list[str]:
    r"""Lay out rows so that the cells of a column stand below each other.

    Args:
        rows: of cells; a row may lack the last ones.
        alignment: one character per column, `<` for left and `>` for right; the last character
            holds for all columns after it.
        first_width: of the first column, in characters, so that tables stand below each other; a
            longer cell moves the rest of its row. None: that of the longest cell.
        gap: between columns, in spaces.

    Returns:
        One line per row, without spaces at its end.

    Example:
        >>> print("\n".join(format_table([("layer", "size"), ("dense 1", "40")], "<>")))
        layer    size
        dense 1    40
    """
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    if first_width is not None:
        widths[:1] = [first_width]
    pads = [_PAD[side] for side in alignment.ljust(len(widths), alignment[-1])]
    lines = []
    for row in rows:
        cells = (pad(cell, width) for cell, pad, width in zip(row, pads, widths, strict=False))
        lines.append((" " * gap).join(cells).rstrip())
    return lines
