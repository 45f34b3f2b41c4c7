"""How to train, and when to stop: optimizers, schedules, `TrainingConfig`, the best epoch.

References:
    Ruder 2016, "An overview of gradient descent optimization algorithms";
    Kingma and Ba 2015, "Adam: a method for stochastic optimization";
    Prechelt 1998, "Early stopping, but when?".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

import optax

from textdl.errors import ParameterError
from textdl.nn.layers.sequential import Params
from textdl.parameters import check_parameters, document_parameters, lookup, parameter

OPTIMIZERS: dict[str, Callable[[optax.ScalarOrSchedule], optax.GradientTransformation]] = {
    "sgd": optax.sgd,
    "momentum": partial(optax.sgd, momentum=0.9),
    "nesterov": partial(optax.sgd, momentum=0.9, nesterov=True),
    "rmsprop": optax.rmsprop,
    "adagrad": optax.adagrad,
    "adadelta": optax.adadelta,
    "adam": optax.adam,
    "amsgrad": optax.amsgrad,
    "nadam": optax.nadam,
    "radam": optax.radam,
    "adamw": optax.adamw,
    "lamb": optax.lamb,
    "lion": optax.lion,
}

# A schedule is made from the number of steps of the whole training; it begins at 1.
SCHEDULES: dict[str, Callable[[int], optax.Schedule]] = {
    "constant": lambda steps: optax.constant_schedule(1.0),
    "linear": lambda steps: optax.linear_schedule(1.0, 0.0, steps),
    "cosine": lambda steps: optax.cosine_decay_schedule(1.0, steps),
    "exponential": lambda steps: optax.exponential_decay(1.0, steps, 0.01),
    "invscaling": lambda steps: lambda step: 1 / (1 + step) ** 0.5,
    "warmup_cosine": lambda steps: optax.warmup_cosine_decay_schedule(
        0.0, 1.0, max(1, steps // 10), max(2, steps)
    ),
}


@lru_cache(maxsize=128)
def make_optimizer(
    optimizer: str | optax.GradientTransformation,
    schedule: str | optax.Schedule = "constant",
    steps: int = 1,
    clip_norm: float | None = None,
) -> optax.GradientTransformation:
    """Build an optimizer of learning rate 1; its updates are multiplied by the rate afterwards.

    The same arguments give the same object, which is compiled once, for every rate.

    Args:
        optimizer: a name in `OPTIMIZERS`, or a transformation of optax, which has its own rate.
        schedule: a name in `SCHEDULES`, or a function from the step to the rate.
        steps: of the whole training.
        clip_norm: scale gradients down to this norm, all entries together.

    Returns:
        The transformation.

    Raises:
        ParameterError: a name is unknown or a number out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> sgd = make_optimizer("sgd", clip_norm=1.0)
        >>> updates, _ = sgd.update(jnp.array([3.0, 4.0]), sgd.init(jnp.zeros(2)))
        >>> bool(jnp.allclose(updates, jnp.array([-0.6, -0.8])))
        True
    """
    if isinstance(schedule, str):
        decay = lookup("schedule", schedule, SCHEDULES)(steps) if schedule != "constant" else 1.0
    else:
        decay = schedule
    if isinstance(optimizer, str):
        optimizer = lookup("optimizer", optimizer, OPTIMIZERS)(decay)
    if clip_norm is None:
        return optimizer
    if not clip_norm > 0:
        raise ParameterError(f"clip_norm={clip_norm} is out of range; expected above 0, or None")
    return optax.chain(optax.clip_by_global_norm(clip_norm), optimizer)


@document_parameters
@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Args:
        {parameters}

    Raises:
        ParameterError: a setting is out of range or unknown.

    Example:
        >>> TrainingConfig(epochs=5, optimizer="sgd", learning_rate=0.1).rate
        0.1
    """

    epochs: int = parameter(200, "passes over the data, at most", minimum=0)
    batch_size: int = parameter(
        128, "examples per step; the last batch of an epoch may have fewer", minimum=1
    )
    optimizer: Any = parameter(
        "adam", f"a transformation of optax, or a name: {', '.join(OPTIMIZERS)}"
    )
    learning_rate: Any = parameter(
        1e-3, "rate at the first step, above 0, or a function from step to rate"
    )
    schedule: str = parameter(
        "constant", "schedule of the rate over the steps", choices=tuple(SCHEDULES)
    )
    clip_norm: float | None = parameter(
        None, "gradients are scaled down to this norm, all entries together; None: never", above=0
    )
    shuffle: bool = parameter(True, "draw a new order of the examples every epoch")
    monitor: str = parameter(
        "loss",
        "what to monitor: loss, the name of a metric, or either of the validation data, such as "
        "val_loss; then the best weights are restored in the end; what ends in loss or error "
        "should fall, all else rise",
    )
    patience: float | None = parameter(
        None, "stop after so many epochs without improvement; None: never", minimum=1
    )
    min_delta: float = parameter(
        0.0, "smallest improvement that counts, in the unit of what is monitored"
    )

    def __post_init__(self) -> None:
        check_parameters(self)
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
        return float(self.learning_rate)

    def make_optimizer(self, examples: int) -> optax.GradientTransformation:
        """The optimizer for a number of examples: a schedule depends on the number of steps."""
        steps = max(1, self.epochs * math.ceil(examples / self.batch_size))
        if self.schedule == "constant":
            steps = 1  # equal optimizers are compiled once
        schedule = self.learning_rate if callable(self.learning_rate) else self.schedule
        return make_optimizer(self.optimizer, schedule, steps, self.clip_norm)


class BestEpoch(NamedTuple):
    """The best epoch so far."""

    value: float = math.inf  # of what is monitored, negated where more is better
    epochs_without_improvement: int = 0
    params: Any = None  # its weights, where they are to be restored


@dataclass(frozen=True)
class FitProgress:
    """The progress of a training, beside its `TrainState`.

    Args:
        epoch: how many are done.
        history: the metrics of every epoch.
        best: the best epoch.

    Example:
        >>> config = TrainingConfig(epochs=9, patience=1)
        >>> progress = FitProgress().after_epoch({"loss": 0.5}, (), config)
        >>> progress.after_epoch({"loss": 0.7}, (), config).is_over(config)
        True
    """

    epoch: int = 0
    history: tuple[dict[str, float], ...] = ()
    best: BestEpoch = field(default_factory=BestEpoch)

    def after_epoch(
        self, metrics: dict[str, float], params: Params, config: TrainingConfig
    ) -> FitProgress:
        """Advance by one epoch.

        It is an improvement if it gains more than `min_delta`; weights are kept for any gain.

        Args:
            metrics: of the epoch, with what is monitored among them.
            params: after the epoch.
            config: of the training.

        Returns:
            The progress after the epoch.
        """
        best = self.best
        value = metrics[config.monitor]
        if not lower_is_better(config.monitor):
            value = -value
        improved = value < best.value - config.min_delta
        stale = 0 if improved else best.epochs_without_improvement + 1
        if improved or (value < best.value and restores_best(config)):
            best = BestEpoch(value, stale, params if restores_best(config) else None)
        best = best._replace(epochs_without_improvement=stale)
        return FitProgress(self.epoch + 1, (*self.history, metrics), best)

    def is_over(self, config: TrainingConfig) -> bool:
        """Whether all epochs are done, or nothing has improved for too long."""
        stale = self.best.epochs_without_improvement
        is_stale = config.patience is not None and stale >= config.patience
        return is_stale or self.epoch >= config.epochs


def lower_is_better(name: str) -> bool:
    """Whether a metric should fall: its name ends in `loss` or `error`.

    Example:
        >>> lower_is_better("val_loss"), lower_is_better("accuracy")
        (True, False)
    """
    return name.endswith(("loss", "error"))


def restores_best(config: TrainingConfig) -> bool:
    """Whether the best weights are restored: those measured on data that was not trained on.

    Example:
        >>> restores_best(TrainingConfig(monitor="val_loss"))
        True
    """
    return config.monitor.startswith("val_")
