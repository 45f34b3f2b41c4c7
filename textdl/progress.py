"""The one progress bar: on stderr, and only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


class ProgressBar:
    """How far a piece of work is.

    Args:
        unit: of what is counted, such as "words".
        show: otherwise nothing is drawn.
        scale: numbers are shortened, as in 1.2M.
        leave: the bar stays where it is in the end.
    """

    def __init__(
        self, unit: str, *, show: bool = True, scale: bool = False, leave: bool = True
    ) -> None:
        # tqdm takes None for: only on a terminal.
        self._bar: tqdm[None] = tqdm(
            unit=unit,
            unit_scale=scale,
            leave=leave,
            disable=None if show else True,
            dynamic_ncols=True,
        )
        self._show = show
        self._phase = ""

    def update(
        self, done: float, total: float | None = None, *, phase: str = "", note: str = ""
    ) -> None:
        """Draw where the work is.

        Args:
            done: units so far.
            total: units in all, where that is known.
            phase: what is being done; the clock starts anew where the total changes.
            note: a measure, such as the loss.
        """
        if total is not None and total != self._bar.total:
            self._bar.reset(total)
        self._bar.set_description_str(phase, refresh=False)
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(done - self._bar.n)

    def write(self, line: str) -> None:
        """Leave a line above the bar."""
        if self._show:
            print_above_bars(line)

    def close(self) -> None:
        """End the bar."""
        self._bar.close()


def print_above_bars(line: str) -> None:
    """Print a line on stderr, above the bars that are drawn there."""
    tqdm.write(line, file=sys.stderr)


@contextmanager
def progress_bar(
    unit: str, *, show: bool = True, scale: bool = False, leave: bool = True
) -> Iterator[ProgressBar]:
    """Yield a bar that is closed in the end.

    Args:
        unit: of what is counted, such as "words".
        show: otherwise nothing is drawn.
        scale: numbers are shortened, as in 1.2M.
        leave: the bar stays where it is in the end.

    Yields:
        The bar, which is closed in the end.

    Example:
        >>> with progress_bar("epochs", show=False) as bar:
        ...     bar.update(1, 10, note="loss 0.5")
    """
    bar = ProgressBar(unit, show=show, scale=scale, leave=leave)
    try:
        yield bar
    finally:
        bar.close()
