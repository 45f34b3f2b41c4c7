"""How far a run is: what it reports after every round, and a progress bar that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from textdl.progress import progress_bar


class RoundReport(NamedTuple):
    """How far a run is; handed to the caller after every round, and at the end of every epoch."""

    epoch: int  # from 1
    epochs: int
    words: float  # raw words of the corpus done so far, over all epochs
    total_words: int
    loss: float  # mean over the pairs of this epoch so far
    epoch_done: bool

    def of_member(self, number: int, members: int) -> RoundReport:
        """How far the whole run is, if this is the report of one of several models in sequence.

        Args:
            number: of the model, from 0.
            members: how many there are.

        Returns:
            The report, in epochs and words of all.

        Example:
            >>> RoundReport(1, 5, 100.0, 1000, 2.5, False).of_member(1, 2)[:4]
            (6, 10, 1100.0, 2000)
        """
        return self._replace(
            epoch=number * self.epochs + self.epoch,
            epochs=members * self.epochs,
            words=number * self.total_words + self.words,
            total_words=members * self.total_words,
        )


class RunCallbacks(NamedTuple):
    """Functions that a run calls as it goes on."""

    reading: Callable[[int], None] = lambda _: None  # with the words of the corpus read so far
    report: Callable[[RoundReport], None] = lambda _: None


@contextmanager
def training_progress_bar(show: bool = True) -> Iterator[RunCallbacks]:
    """Yield callbacks that draw how far a run is; a line per epoch with its mean loss remains.

    Where stderr is not a terminal only the epochs are written.

    Args:
        show: otherwise nothing is drawn.
    """
    if not show:
        yield RunCallbacks()
        return
    with progress_bar("words", scale=True, leave=False) as bar:

        def count(words: int) -> None:
            bar.update(words, phase="reading")

        def draw(report: RoundReport) -> None:
            phase = f"epoch {report.epoch}/{report.epochs}"
            note = f"loss {report.loss:.4f}"
            bar.update(report.words, report.total_words, phase=phase, note=note)
            if report.epoch_done:
                bar.write(f"{phase}: {note}")

        yield RunCallbacks(count, draw)
