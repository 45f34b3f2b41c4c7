"""A progress bar on stderr: epochs, measures and the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from textdl.nn.training import Report


@contextmanager
def progress_bar(show: bool = True) -> Iterator[Callable[[Report], None]]:
    """Yield a callback for `fit` that draws every epoch with its measures.

    Example:
        >>> with progress_bar(show=False) as draw:
        ...     draw(Report(1, 10, {"loss": 0.5}, ()))
    """
    bar: tqdm[None] = tqdm(unit="epoch", disable=None if show else True, dynamic_ncols=True)

    def draw(report: Report) -> None:
        bar.total = report.epochs
        bar.set_postfix(report.measures, refresh=False)
        bar.update(report.epoch - bar.n)

    with bar:
        yield draw
