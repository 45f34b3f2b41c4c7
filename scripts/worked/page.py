"""What the examples share: how they are written to the terminal and to a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textdl import plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def heading(title: str) -> None:
    """Print the title of an example."""
    print(f"\n{title}\n{'=' * len(title)}\n")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as aligned columns; floats get four digits."""
    lines = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print(
            "  " + "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        )
    print()


def _text(cell: object) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def keep(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure, and print its path."""
    path = folder / f"{name}.png"
    plot.save(figure, path)
    print(f"Picture: {path}")
