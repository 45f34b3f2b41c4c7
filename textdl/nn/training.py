"""How to train, and what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import optax

from textdl.errors import DivergenceError, ParameterError
from textdl.nn.optimizers import make_optimizer
from textdl.nn.step import Params, State


@dataclass(frozen=True)
class Training:
    """How to train.

    Args:
        epochs: passes over the data, at most.
        batch_size: examples a step; the last batch may have fewer.
        optimizer: a name in `optimizers.OPTIMIZERS`, or a transformation of optax.
        learning_rate: at the first step, or a function from the step to the rate.
        schedule: a name in `optimizers.SCHEDULES`.
        clip_norm: scale gradients down to this norm.
        shuffle: draw a new order every epoch.
        monitor: what to watch: ``loss``, the name of a metric, or either after ``val_``; then the
            best weights are restored in the end. What ends in loss or error should fall, all else
            rise.
        patience: stop after so many epochs without improvement; None: never.
        min_delta: what counts as improvement, in the unit of what is watched.

    Raises:
        ParameterError: a setting is out of range or unknown.
    """

    epochs: int = 200
    batch_size: int = 128
    optimizer: str | optax.GradientTransformation = "adam"
    learning_rate: float | optax.Schedule = 1e-3
    schedule: str = "constant"
    clip_norm: float | None = None
    shuffle: bool = True
    monitor: str = "loss"
    patience: int | None = None
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 0), ("batch_size", 1), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ParameterError(f"{name}={value} is out of range; expected {least} or more")
        if not callable(self.learning_rate) and not self.learning_rate > 0:
            raise ParameterError(
                f"learning rate {self.learning_rate} is out of range; expected above 0"
            )
        self.make_optimizer(examples=1)

    @property
    def rate(self) -> float:
        """What updates are multiplied by; 1 for what has a rate of its own."""
        if callable(self.learning_rate) or not isinstance(self.optimizer, str):
            return 1.0
        return self.learning_rate

    def make_optimizer(self, examples: int) -> optax.GradientTransformation:
        """The optimizer for so many examples: a schedule depends on the number of steps."""
        steps = max(1, self.epochs * math.ceil(examples / self.batch_size))
        if self.schedule == "constant":
            steps = 1  # equal optimizers are compiled once
        schedule = self.learning_rate if callable(self.learning_rate) else self.schedule
        return make_optimizer(self.optimizer, schedule, steps, self.clip_norm)


class Best(NamedTuple):
    """The best epoch so far."""

    value: float = math.inf  # of what is watched, negated where more is better
    since: int = 0  # epochs since then
    params: Any = None  # its weights, where they are to be restored


@dataclass(frozen=True)
class Progress:
    """How far a training is, beside its `State`."""

    epoch: int = 0
    history: tuple[dict[str, float], ...] = ()  # the measures of every epoch
    best: Best = field(default_factory=Best)

    def after_epoch(
        self, measures: dict[str, float], params: Params, training: Training
    ) -> Progress:
        """One epoch further.

        It is an improvement if it gains more than `min_delta`; weights are kept for any gain.
        """
        value, best = measures[training.monitor], self.best
        if not lower_is_better(training.monitor):
            value = -value
        since = 0 if value < best.value - training.min_delta else best.since + 1
        if since == 0 or (value < best.value and restores_best(training)):
            best = Best(value, since, params if restores_best(training) else None)
        return Progress(self.epoch + 1, (*self.history, measures), best._replace(since=since))

    def is_over(self, training: Training) -> bool:
        """Whether all epochs are done, or nothing has improved for too long."""
        stale = training.patience is not None and self.best.since >= training.patience
        return stale or self.epoch >= training.epochs


class Report(NamedTuple):
    """What a callback is given after every epoch."""

    epoch: int  # from 1
    epochs: int
    measures: dict[str, float]
    params: Params


class Trained(NamedTuple):
    """The result of `fit`."""

    params: Params  # the best, where ``val_...`` was watched; else the last
    state: State  # to go on from
    history: dict[str, list[float]]  # every measure, epoch by epoch

    @classmethod
    def after(cls, state: State, progress: Progress) -> Trained:
        """The result at this point."""
        if progress.best.params is not None:
            state = state._replace(params=progress.best.params)
        names = progress.history[0] if progress.history else ()
        history = {name: [measures[name] for measures in progress.history] for name in names}
        return cls(state.params, state, history)


def lower_is_better(name: str) -> bool:
    """Whether a measure should fall: its name ends in `loss` or `error`."""
    return name.endswith(("loss", "error"))


def restores_best(training: Training) -> bool:
    """Whether the best weights are restored: those measured on data that was not trained on."""
    return training.monitor.startswith("val_")


def divergence(training: Training, epoch: int, last_good: Trained) -> DivergenceError:
    """The error for a loss that is not finite."""
    rate = training.learning_rate
    if callable(rate) or not isinstance(training.optimizer, str):
        advice = "its own learning rate; lower it"
    else:
        advice = f"learning rate {rate:g}; try {rate / 10:g}"
    return DivergenceError(
        f"training diverged in epoch {epoch} (the loss or a weight is not finite) with {advice}, "
        "or set clip_norm",
        last_good,
    )
