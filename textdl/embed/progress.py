"""A progress bar on stderr: words per second, loss and the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from textdl.embed.loop import Report


@contextmanager
def progress_bar(show: bool = True) -> Iterator[Callable[[Report], None]]:
    """Yield a function that draws a `Report` and closes a line an epoch with its mean loss.

    Where stderr is no terminal only the epochs are written.
    """
    if not show:
        yield lambda _: None
        return
    bar: tqdm[None] = tqdm(
        unit="words", unit_scale=True, leave=False, disable=None, dynamic_ncols=True
    )

    def draw(report: Report) -> None:
        bar.total = report.total_words
        bar.set_description(f"epoch {report.epoch}/{report.epochs}", refresh=False)
        bar.set_postfix_str(f"loss {report.loss:.4f}", refresh=False)
        bar.update(report.words - bar.n)
        if report.epoch_done:
            line = f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.4f}"
            bar.write(line, file=sys.stderr)

    with bar:
        yield draw
