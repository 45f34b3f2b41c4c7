"""What a callback of `fit` is given after every epoch, and the progress bar that is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from textdl import progress


class EpochLog(NamedTuple):
    """What a callback is given after every epoch."""

    epoch: int  # from 1
    epochs: int  # at most
    metrics: dict[str, float]  # the loss and the metrics, also those of validation
    params: Any  # after the epoch


@contextmanager
def progress_bar(show: bool = True) -> Iterator[Callable[[EpochLog], None]]:
    """Yield a callback for `fit` that draws every epoch with its metrics on stderr.

    Example:
        >>> with progress_bar(show=False) as draw:
        ...     draw(EpochLog(1, 10, {"loss": 0.5}, ()))
    """
    with progress.progress_bar("epoch", show=show) as bar:

        def draw(log: EpochLog) -> None:
            metrics = (f"{name}={value:.4g}" for name, value in log.metrics.items())
            bar.update(log.epoch, log.epochs, note=", ".join(metrics))

        yield draw
