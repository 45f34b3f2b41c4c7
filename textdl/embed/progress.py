"""A progress bar on stderr: words read, then words per second, loss and the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from textdl.embed.loop import Report
from textdl.progress import progress_bar


class RunProgress(NamedTuple):
    """What a run tells as it goes on."""

    reading: Callable[[int], None] = lambda _: None  # words of the corpus read so far
    report: Callable[[Report], None] = lambda _: None


@contextmanager
def run_progress(show: bool = True) -> Iterator[RunProgress]:
    """Yield functions that draw how far a run is; a line an epoch with its mean loss remains.

    Where stderr is no terminal only the epochs are written.

    Args:
        show: otherwise nothing is drawn.
    """
    if not show:
        yield RunProgress()
        return
    with progress_bar("words", scale=True, leave=False) as bar:

        def count(words: int) -> None:
            bar.update(words, phase="reading")

        def draw(report: Report) -> None:
            phase = f"epoch {report.epoch}/{report.epochs}"
            note = f"loss {report.loss:.4f}"
            bar.update(report.words, report.total_words, phase=phase, note=note)
            if report.epoch_done:
                bar.write(f"{phase}: {note}")

        yield RunProgress(count, draw)
