"""How to train, and when to stop: optimizers, schedules, `TrainingConfig`, the best epoch.

References:
    Ruder 2016, "An overview of gradient descent optimization algorithms";
    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning";
    Kingma and Ba 2015, "Adam: a method for stochastic optimization";
    Prechelt 1998, "Early stopping, but when?".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
import optax
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.nn.layers.sequential import Params
from textdl.parameters import check_parameters, document_parameters, lookup, parameter

OptimizerMaker: TypeAlias = Callable[[optax.ScalarOrSchedule], optax.GradientTransformation]

OPTIMIZERS: dict[str, OptimizerMaker] = {
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


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum, from the rate to a transformation, as in `OPTIMIZERS`.

    Args:
        momentum: share of the velocity that is kept at a step.
        nesterov: whether the velocity looks ahead by one step.

    Example:
        >>> import jax.numpy as jnp
        >>> sgd = SGD(momentum=0.5)(0.1)
        >>> _, state = sgd.update(jnp.ones(1), sgd.init(jnp.zeros(1)))
        >>> sgd.update(jnp.ones(1), state)[0].round(3).tolist() == [-0.15000000596046448]
        True
    """

    momentum: float = 0.9
    nesterov: bool = False

    def __call__(self, rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
        """The transformation of a rate or schedule."""
        return optax.sgd(rate, momentum=self.momentum or None, nesterov=self.nesterov)


@dataclass(frozen=True)
class Adam:
    """Adam, from the rate to a transformation, as in `OPTIMIZERS`.

    Args:
        beta_1: decay of the mean of the gradients.
        beta_2: decay of the mean of their squares.
        epsilon: added to the root of the latter.

    Example:
        >>> import jax.numpy as jnp
        >>> adam = Adam(beta_1=0.8)(0.1)
        >>> adam.update(jnp.ones(1), adam.init(jnp.zeros(1)))[0].round(3).tolist()
        [-0.10000000149011612]
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __call__(self, rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
        """The transformation of a rate or schedule."""
        return optax.adam(rate, b1=self.beta_1, b2=self.beta_2, eps=self.epsilon)


# What the rate is divided by when nothing improves, and where that ends: scikit-learn's "adaptive".
ADAPTIVE_DIVISOR = 5.0
LEAST_ADAPTIVE_RATE = 1e-6
# A schedule is made from the number of steps of the whole training; it begins at 1.
SCHEDULES: dict[str, Callable[[int], optax.Schedule]] = {
    "constant": lambda steps: optax.constant_schedule(1.0),
    "linear": lambda steps: optax.linear_schedule(1.0, 0.0, steps),
    "cosine": lambda steps: optax.cosine_decay_schedule(1.0, steps),
    "exponential": lambda steps: optax.exponential_decay(1.0, steps, 0.01),
    "invscaling": lambda steps: lambda step: 1 / (1 + step) ** 0.5,
    "adaptive": lambda steps: optax.constant_schedule(1.0),  # it changes between epochs
    "warmup_cosine": lambda steps: optax.warmup_cosine_decay_schedule(
        0.0, 1.0, max(1, steps // 10), max(2, steps)
    ),
}


CHANGED_BETWEEN_EPOCHS = ("constant", "adaptive")  # or never: no part of the compiled step


@lru_cache(maxsize=128)
def make_optimizer(
    optimizer: str | OptimizerMaker | optax.GradientTransformation,
    schedule: str | optax.Schedule = "constant",
    steps: int = 1,
    clip_norm: float | None = None,
) -> optax.GradientTransformation:
    """Build an optimizer of learning rate 1; its updates are multiplied by the rate afterwards.

    The same arguments give the same object, which is compiled once, for every rate.

    Args:
        optimizer: a name in `OPTIMIZERS`, a function from the rate to a transformation of optax, as
            there, or a transformation, which has its own rate.
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
        is_fixed = schedule in CHANGED_BETWEEN_EPOCHS
        decay = 1.0 if is_fixed else lookup("schedule", schedule, SCHEDULES)(steps)
    else:
        decay = schedule
    if isinstance(optimizer, str):
        optimizer = lookup("optimizer", optimizer, OPTIMIZERS)
    if callable(optimizer):
        optimizer = optimizer(decay)
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
        "adam",
        f"a name: {', '.join(OPTIMIZERS)}; or a function from the rate to a transformation of "
        "optax, such as nn.SGD or nn.Adam; or a transformation, which has its own rate",
    )
    learning_rate: Any = parameter(
        1e-3, "rate at the first step, above 0, or a function from step to rate"
    )
    schedule: str = parameter(
        "constant", "schedule of the rate over the steps", choices=tuple(SCHEDULES)
    )
    epoch_schedule: Any = parameter(
        None, "a function from the epoch, from 0, to a factor of the rate; None: 1"
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
        None,
        "stop after so many epochs without improvement, or, where the schedule is adaptive, divide "
        f"the rate by {ADAPTIVE_DIVISOR:g} until it is {LEAST_ADAPTIVE_RATE:g}; None: never",
        minimum=1,
    )
    min_delta: float = parameter(
        0.0,
        "what an epoch must gain over the best before it to be an improvement, in the unit of what "
        "is monitored",
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if not callable(self.learning_rate) and not self.learning_rate > 0:
            raise ParameterError(
                f"learning rate {self.learning_rate} is out of range; expected above 0"
            )
        self.make_optimizer()

    @property
    def rate(self) -> float:
        """Factor of the updates; 1 where the optimizer or schedule has its own rate."""
        has_own_rate = not isinstance(self.optimizer, str) and not callable(self.optimizer)
        if callable(self.learning_rate) or has_own_rate:
            return 1.0
        return float(self.learning_rate)

    def rate_in(self, epoch: int, factor: float = 1.0) -> float:
        """Factor of the updates in an epoch, from 0; `factor` is what an adaptive rate fell by."""
        scheduled = 1.0 if self.epoch_schedule is None else self.epoch_schedule(epoch)
        return float(self.rate * factor * scheduled)

    def make_optimizer(self) -> optax.GradientTransformation:
        """The optimizer, without the schedule: so it is compiled once for any number of steps."""
        schedule = self.learning_rate if callable(self.learning_rate) else "constant"
        return make_optimizer(self.optimizer, schedule, clip_norm=self.clip_norm)

    def decay(self, examples: int) -> NDArray[np.float64]:
        """`(epochs, S)` the schedule: a factor of the rate, step by step, for so many examples."""
        steps = math.ceil(examples / self.batch_size)
        if callable(self.learning_rate) or self.schedule in CHANGED_BETWEEN_EPOCHS:
            return np.ones((self.epochs, steps))
        schedule = SCHEDULES[self.schedule](max(1, self.epochs * steps))
        factors = jax.jit(jax.vmap(schedule))(np.arange(self.epochs * steps))
        return np.asarray(factors, np.float64).reshape(self.epochs, steps)


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
        rate_factor: of the rate, where the schedule is adaptive.
        last_rate: of the epoch before; 0: none.

    Example:
        >>> config = TrainingConfig(epochs=9, patience=1)
        >>> progress = FitProgress().after_epoch({"loss": 0.5}, (), config)
        >>> progress.after_epoch({"loss": 0.7}, (), config).is_over(config)
        True
    """

    epoch: int = 0
    history: tuple[dict[str, float], ...] = ()
    best: BestEpoch = field(default_factory=BestEpoch)
    rate_factor: float = 1.0
    last_rate: float = 0.0

    def after_epoch(
        self, metrics: dict[str, float], params: Params, config: TrainingConfig
    ) -> FitProgress:
        """Advance by one epoch.

        It is an improvement if it gains at least `min_delta` over the best; any gain is the new
        best.

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
        if improved or value < best.value:
            best = BestEpoch(value, stale, params if restores_best(config) else None)
        best = best._replace(epochs_without_improvement=stale)
        history = (*self.history, metrics)
        after = replace(self, epoch=self.epoch + 1, history=history, best=best)
        return after._with_adapted_rate(config)

    def _with_adapted_rate(self, config: TrainingConfig) -> FitProgress:
        """A lower rate, where nothing has improved for long and the schedule is adaptive."""
        rate = config.rate * self.rate_factor
        if (
            config.schedule != "adaptive"
            or not self._is_stale(config)
            or rate <= LEAST_ADAPTIVE_RATE
        ):
            return self
        best = self.best._replace(epochs_without_improvement=0)
        return replace(self, best=best, rate_factor=self.rate_factor / ADAPTIVE_DIVISOR)

    def _is_stale(self, config: TrainingConfig) -> bool:
        stale = self.best.epochs_without_improvement
        return config.patience is not None and stale >= config.patience

    def is_over(self, config: TrainingConfig) -> bool:
        """Whether all epochs are done, or nothing has improved for too long."""
        return self._is_stale(config) or self.epoch >= config.epochs


def keep_velocity(state: optax.OptState, factor: float) -> optax.OptState:
    """Momentum's velocity in units of a new rate, so that a change of the rate does not change it.

    optax keeps the velocity without the rate and multiplies by it afterwards; scikit-learn, as in
    Sutskever et al. 2013, accumulates steps that are multiplied already.

    Args:
        state: of an optimizer.
        factor: the rate before over the rate after.

    Returns:
        The state, unchanged where there is no momentum in it.

    Example:
        >>> import jax.numpy as jnp
        >>> keep_velocity(optax.TraceState(jnp.ones(1)), 2.0).trace.tolist()
        [2.0]
    """
    if factor == 1:
        return state

    def is_trace(node: Any) -> bool:
        return isinstance(node, optax.TraceState)

    def scaled(node: Any) -> Any:
        if not is_trace(node):
            return node
        return optax.TraceState(jax.tree.map(lambda velocity: velocity * factor, node.trace))

    return jax.tree.map(scaled, state, is_leaf=is_trace)


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
