"""A progress bar on stderr: words read, then words per second, loss and the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tqdm import tqdm

from textdl.embed.loop import Report


class ProgressBar(NamedTuple):
    """What a run tells as it goes on."""

    reading: Callable[[int], None] = lambda _: None  # words of the corpus read so far
    report: Callable[[Report], None] = lambda _: None


@contextmanager
def progress_bar(show: bool = True) -> Iterator[ProgressBar]:
    """Yield functions that draw how far a run is; a line an epoch with its mean loss remains.

    Where stderr is no terminal only the epochs are written.

    Args:
        show: otherwise nothing is drawn.
    """
    if not show:
        yield ProgressBar()
        return
    bar: tqdm[None] = tqdm(
        unit="words", unit_scale=True, leave=False, disable=None, dynamic_ncols=True
    )

    def count(words: int) -> None:
        bar.set_description_str("reading", refresh=False)
        bar.update(words - bar.n)

    def draw(report: Report) -> None:
        if bar.total is None:  # what was counted until now was read
            bar.reset(report.total_words)
        bar.set_description(f"epoch {report.epoch}/{report.epochs}", refresh=False)
        bar.set_postfix_str(f"loss {report.loss:.4f}", refresh=False)
        bar.update(report.words - bar.n)
        if report.epoch_done:
            line = f"epoch {report.epoch}/{report.epochs}: loss {report.loss:.4f}"
            bar.write(line, file=sys.stderr)

    with bar:
        yield ProgressBar(count, draw)
