"""A figure in memory and on disk: PNG or SVG, complete or absent, equal bytes for equal input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textdl.errors import DataError, OutputError, ParameterError
from textdl.io.atomic import atomic_write, check_writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What would otherwise record the date of the file, by the formats we write.
METADATA: dict[str, dict[str, Any]] = {"png": {}, "svg": {"Date": None}}
DOTS_PER_INCH = 120

# Distinguishable also with red-green color blindness (Okabe and Ito 2008).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
MARKERS = "os^DvPX"  # and in print without colors


def new_figure(
    columns: int = 1, rows: int = 1, *, width: float = 5.2, height: float = 4.2
) -> tuple[Figure, list[Axes]]:
    """Make an empty figure of `rows` times `columns` plots.

    Args:
        columns: plots side by side.
        rows: plots one below the other.
        width: of one plot, in inches.
        height: of one plot, in inches.

    Returns:
        The figure and its plots, row by row.

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
    """The figure that a plot is part of.

    Example:
        >>> figure, (axes,) = new_figure()
        >>> figure_of(axes) is figure
        True
    """
    figure: Any = axes.get_figure(root=True)
    return figure  # type: ignore[no-any-return]


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG or SVG, by the suffix of the file; equal figures give equal bytes.

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
    """Raise before the work what `save` would raise after it.

    Raises:
        ParameterError: the name ends in neither ``.png`` nor ``.svg``.
        OutputError: the file cannot be written, or matplotlib is not installed.

    Example:
        >>> check_picture("loss.gif")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        textdl.errors.ParameterError: cannot draw 'loss.gif': its name ends in '.gif', expected ...
    """
    if _format(path) not in METADATA:
        raise ParameterError(
            f"cannot draw {str(path)!r}: its name ends in {Path(path).suffix or 'nothing'!r}, "
            f"expected one of {', '.join(f'.{format}' for format in METADATA)}; rename it"
        )
    check_writable(path)
    check_installed()


def check_installed() -> None:
    """Find out now whether a picture can be drawn later.

    Raises:
        OutputError: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401  # an extra: few programs draw
    except ImportError:
        raise OutputError(
            "drawing needs the package matplotlib; pip install 'textdl[plot]'"
        ) from None


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The content of a file, or its first `most` bytes.

    Raises:
        DataError: it cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "run.json").write_text("[1, 2]")
        ...     read_bytes(Path(folder, "run.json"), 2)
        b'[1'
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise DataError(
            f"{str(path)!r} cannot be read ({error.strerror}); pass the path of a file"
        ) from error


def _format(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower().removeprefix(".")
