"""A picture in memory and on disk: PNG or SVG, complete or absent, equal bytes for equal input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.errors import OutputError, ParameterError
from textdl.io.atomic import atomic_write, check_writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What a file would otherwise say of the day it was made, by the formats we write.
METADATA: dict[str, dict[str, Any]] = {"png": {}, "svg": {"Date": None}}
DOTS_PER_INCH = 120

# Told apart also by those who see no red and green (Okabe and Ito 2008).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
MARKERS = "os^DvPX"  # and in print without colors


def new_figure(
    columns: int = 1, rows: int = 1, *, width: float = 5.2, height: float = 4.2
) -> tuple[Figure, list[Axes]]:
    """An empty picture of `rows` times `columns` plots.

    Args:
        columns: plots side by side.
        rows: plots one below the other.
        width: of one plot, in inches.
        height: of one plot, in inches.

    Returns:
        The picture and its plots, row by row.

    Raises:
        OutputError: matplotlib is not installed.

    Example:
        >>> figure, plots = new_figure(2)
        >>> len(plots)
        2
    """
    check_installed()
    from matplotlib.figure import Figure  # an extra: few programs draw

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def figure_of(axes: Axes) -> Figure:
    """The picture that a plot is part of.

    Example:
        >>> figure, (axes,) = new_figure()
        >>> figure_of(axes) is figure
        True
    """
    figure: Any = axes.get_figure(root=True)
    return figure  # type: ignore[no-any-return]


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a picture as PNG or SVG, by the name of the file; the same picture, the same bytes.

    Raises:
        ParameterError: the name ends in neither ``.png`` nor ``.svg``.
        OutputError: the file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(new_figure()[0], Path(folder, "empty.png"))
        ...     Path(folder, "empty.png").read_bytes()[1:4]
        b'PNG'
    """
    check_picture(path)
    import matplotlib as mpl  # an extra: few programs draw

    format = _format(path)
    # The ids within an SVG are hashes, salted at random unless told otherwise.
    with atomic_write(path) as temporary, mpl.rc_context({"svg.hashsalt": "textdl"}):
        figure.savefig(temporary, format=format, dpi=DOTS_PER_INCH, metadata=METADATA[format])


def check_picture(path: str | os.PathLike[str]) -> None:
    """Raise now what `save` would raise later, after the work.

    Raises:
        ParameterError: the name ends in neither ``.png`` nor ``.svg``.
        OutputError: the file cannot be written, or matplotlib is not installed.
    """
    if _format(path) not in METADATA:
        raise ParameterError(
            f"cannot draw {str(path)!r}: its name ends in {Path(path).suffix or 'nothing'!r}, "
            f"expected one of {', '.join(f'.{format}' for format in METADATA)}; rename it"
        )
    check_writable(path)
    check_installed()


def check_installed() -> None:
    """Raise `OutputError` where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401  # an extra: few programs draw
    except ImportError:
        raise OutputError(
            "drawing needs the package matplotlib; pip install 'textdl[plot]'"
        ) from None


def _format(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower().removeprefix(".")
