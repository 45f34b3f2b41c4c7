"""What the examples share: how they are written to the terminal and to a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

from textdl import plot
from textdl.table import format_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def heading(title: str) -> None:
    """Print the title of an example."""
    print(f"\n{title}\n{'=' * len(title)}\n")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as aligned columns; floats get four digits."""
    cells = [list(header), *([_text(cell) for cell in row] for row in rows)]
    print(indent("\n".join(format_table(cells)), "  "))
    print()


def _text(cell: object) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def keep(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure, and print its path."""
    path = folder / f"{name}.png"
    plot.save(figure, path)
    print(f"Picture: {path}")
