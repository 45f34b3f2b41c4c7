"""A progress bar on stderr: epochs, measures and the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textdl import progress
from textdl.nn.training import Report


@contextmanager
def progress_bar(show: bool = True) -> Iterator[Callable[[Report], None]]:
    """Yield a callback for `fit` that draws every epoch with its measures.

    Example:
        >>> with progress_bar(show=False) as draw:
        ...     draw(Report(1, 10, {"loss": 0.5}, ()))
    """
    with progress.progress_bar("epoch", show=show) as bar:

        def draw(report: Report) -> None:
            measures = (f"{name}={value:.4g}" for name, value in report.measures.items())
            bar.update(report.epoch, report.epochs, note=", ".join(measures))

        yield draw
