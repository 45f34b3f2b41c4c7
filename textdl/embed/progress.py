"""How far a run is: what it reports, whom it tells, the bar that shows it and the log it writes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from textdl.errors import OutputError, ParameterError
from textdl.io.atomic import atomic_write, check_writable
from textdl.progress import progress_bar

if TYPE_CHECKING:
    from textdl.vectors.vectors import Vectors

BEGINNING = '{"epoch": '  # of every line of a log
METHODS = ("on_train_begin", "on_round_end", "on_epoch_end", "on_train_end")


@dataclass(frozen=True)
class RunPosition:
    """Where a run stands: between two rounds of an epoch."""

    epoch: int = 0
    chunk: int = 0  # chunks of this epoch that are done
    steps: int = 0  # steps of all workers since the beginning
    loss: float = 0.0  # summed over the predictions of this epoch
    predictions: float = 0.0
    history: tuple[float, ...] = ()  # mean loss of every finished epoch
    val_losses: tuple[float, ...] = ()  # of every finished epoch, where it is measured
    scores: tuple[dict[str, float], ...] = ()  # of every finished epoch, by benchmark
    seconds: float = 0.0  # of training so far
    epoch_seconds: tuple[float, ...] = ()  # `seconds` at the end of every finished epoch
    is_stopped: bool = False  # before the last epoch

    @property
    def mean_loss(self) -> float:
        """Mean loss of a prediction, in this epoch so far."""
        return self.loss / max(self.predictions, 1.0)

    def after_round(
        self, loss: float, predictions: float, *, chunks: int, steps: int
    ) -> RunPosition:
        """One round further.

        Args:
            loss: of the round, summed over its predictions.
            predictions: of the round.
            chunks: of the round, of all workers.
            steps: of the round, of all workers.

        Returns:
            The position at the start of the next round.
        """
        return replace(
            self,
            chunk=self.chunk + chunks,
            steps=self.steps + steps,
            loss=self.loss + loss,
            predictions=self.predictions + predictions,
        )

    def after_epoch(
        self, val_loss: float | None = None, scores: Mapping[str, float] | None = None
    ) -> RunPosition:
        """At the start of the next epoch.

        Args:
            val_loss: what the epoch came to on held-out sentences, where that is measured.
            scores: and on benchmarks.
        """
        return replace(
            self,
            epoch=self.epoch + 1,
            chunk=0,
            loss=0.0,
            predictions=0.0,
            history=(*self.history, self.mean_loss),
            val_losses=self.val_losses if val_loss is None else (*self.val_losses, val_loss),
            scores=(*self.scores, dict(scores)) if scores else self.scores,
            epoch_seconds=(*self.epoch_seconds, self.seconds),
        )

    @property
    def measured(self) -> dict[str, list[float]]:
        """All that was measured, epoch by epoch."""
        columns = {"loss": list(self.history)}
        if self.val_losses:
            columns["val_loss"] = list(self.val_losses)
        for name in self.scores[0] if self.scores else ():
            columns[name] = [scores[name] for scores in self.scores]
        ends = (0.0, *self.epoch_seconds)
        return columns | {"seconds": [end - begin for begin, end in pairwise(ends)]}


class RoundReport(NamedTuple):
    """How far a run is; handed to the caller after every round, and at the end of every epoch."""

    epoch: int  # from 1; of a model that was trained on, its earlier epochs count too
    epochs: int
    words: float  # raw words of the corpus done so far, over all epochs
    total_words: int
    loss: float  # mean over the pairs of this epoch so far
    epoch_done: bool
    learning_rate: float = math.nan
    seconds: float = 0.0  # of training so far, also before the run was resumed
    val_loss: float | None = None  # on held-out sentences; at the end of an epoch
    scores: Mapping[str, float] = {}  # of every benchmark; at the end of an epoch
    #: The vectors as they are, copied. For as long as the callback runs.
    vectors: Callable[[], Vectors] | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """The loss and all that was measured beside it."""
        measured = {} if self.val_loss is None else {"val_loss": self.val_loss}
        return {"loss": self.loss, **measured, **self.scores}

    def beside(self, others: Iterable[RoundReport], models: int) -> RoundReport:
        """How far the whole run is, if this is the last report of several models side by side.

        Args:
            others: the last report of each other model that has begun.
            models: how many there are.

        Returns:
            The report, in epochs and words of all.

        Example:
            >>> one = RoundReport(1, 5, 1000.0, 5000, 2.5, epoch_done=True)
            >>> other = RoundReport(2, 5, 1500.0, 5000, 2.4, epoch_done=False)
            >>> one.beside([other], models=3)[:4]
            (2, 15, 2500.0, 15000)
        """
        others = list(others)
        return self._replace(
            epoch=self.epoch + sum(it.epoch - (not it.epoch_done) for it in others),
            epochs=models * self.epochs,
            words=self.words + sum(it.words for it in others),
            total_words=models * self.total_words,
        )

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
    #: After every round and every epoch; the run ends after a report for which it returns True.
    report: Callable[[RoundReport], object] = lambda _: None
    begin: Callable[[RoundReport], object] = lambda _: None  # before the first round
    end: Callable[[RoundReport], object] = lambda _: None  # after the last epoch

    def of_member(self, number: int, members: int) -> RunCallbacks:
        """What one of several models calls, which count on from each other.

        Args:
            number: of the model, from 0.
            members: how many there are; below 2 the callbacks stay as they are.
        """
        if members < 2:
            return self
        return RunCallbacks(
            self.reading,
            lambda it: self.report(it.of_member(number, members)),
            lambda it: self.begin(it.of_member(number, members)),
            lambda it: self.end(it.of_member(number, members)),
        )


#: A function of a report, called after every round and every epoch; or an object that has some of
#: the methods `on_train_begin`, `on_round_end`, `on_epoch_end` and `on_train_end`, each a function
#: of a report. Training stops after a round or an epoch for which one returns True.
Callback: TypeAlias = Any


def as_callbacks(callbacks: Any) -> tuple[Callback, ...]:
    """Callbacks that a parameter names: one, or several.

    Raises:
        ParameterError: one is neither a function nor has any of the methods.
    """
    if callbacks is None:
        return ()
    several = tuple(callbacks) if isinstance(callbacks, list | tuple) else (callbacks,)
    for callback in several:
        if isinstance(callback, type) or not (_has_methods(callback) or callable(callback)):
            raise ParameterError(
                f"callbacks has {callback!r}; expected a function of a report, or an object with "
                f"some of the methods {', '.join(METHODS)}"
            )
    return several


def all_callbacks(drawing: RunCallbacks, callbacks: Sequence[Callback]) -> RunCallbacks:
    """What a run calls, to draw how far it is and to tell the caller's own callbacks.

    Args:
        drawing: of `training_progress_bar`.
        callbacks: of `as_callbacks`. All of them see a report, also those after one that stops.
    """
    if not callbacks:
        return drawing

    def report(it: RoundReport) -> bool:
        drawing.report(it)
        method = "on_epoch_end" if it.epoch_done else "on_round_end"
        answers = [_call(callback, method, it) for callback in callbacks]
        return any(isinstance(answer, bool | np.bool_) and answer for answer in answers)

    def begin(it: RoundReport) -> None:
        for callback in callbacks:
            _call(callback, "on_train_begin", it)

    def end(it: RoundReport) -> None:
        for callback in callbacks:
            _call(callback, "on_train_end", it)

    return RunCallbacks(drawing.reading, report, begin, end)


def _call(callback: Callback, method: str, report: RoundReport) -> object:
    if _has_methods(callback):
        function = getattr(callback, method, None)
        return None if function is None else function(report)
    is_report = method in ("on_round_end", "on_epoch_end")
    return callback(report) if is_report else None


def _has_methods(callback: Callback) -> bool:
    return any(callable(getattr(callback, method, None)) for method in METHODS)


class TrainingLog:
    """A callback that writes a line of JSON at the end of every epoch.

    A run that is resumed, or trains a model on, goes on below the lines of the epochs before;
    lines of epochs that it trains again are removed, as is one that was cut off.

    Args:
        path: of the file.

    Raises:
        OutputError: it cannot be written, or holds something else than such lines.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        check_writable(self.path)
        self._lines()

    def on_train_begin(self, report: RoundReport) -> None:
        """Keep the lines of the epochs that are done."""
        done = report.epoch - (not report.epoch_done)
        kept = [line for line, epoch in self._lines() if epoch <= done]
        with atomic_write(self.path) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept), "utf-8")

    def on_epoch_end(self, report: RoundReport) -> None:
        """Write the line of an epoch.

        Raises:
            OutputError: it cannot be written.
        """
        facts = {
            "epoch": report.epoch,
            "epochs": report.epochs,
            **report.metrics,
            "learning_rate": report.learning_rate,
            "words": round(report.words),
            "seconds": round(report.seconds, 3),
        }
        numbers = {name: value if math.isfinite(value) else None for name, value in facts.items()}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(numbers) + "\n")
        except OSError as error:
            raise OutputError(
                f"cannot write the log {str(self.path)!r} ({error.strerror}); free some space, or "
                "log elsewhere"
            ) from error

    def _lines(self) -> list[tuple[str, int]]:
        """The whole lines of the file, each with its epoch.

        Raises:
            OutputError: it is no log.
        """
        if not self.path.exists():
            return []
        try:
            text = self.path.read_text("utf-8")
            whole, _, half = text.rpartition("\n")
            lines = whole.split("\n") if whole else []
            if half[: len(BEGINNING)] != BEGINNING[: len(half)]:
                raise ValueError("its last line is no beginning of one")
            return [(line, int(json.loads(line)["epoch"])) for line in lines]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(
                f"{str(self.path)!r} is no log of a training, and would be written over; choose "
                "another name for the log"
            ) from error


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
                others = [f"{name} {it:.4f}" for name, it in report.metrics.items()][1:]
                bar.write(f"{phase}: {', '.join([note, *others])}")

        yield RunCallbacks(count, draw)
