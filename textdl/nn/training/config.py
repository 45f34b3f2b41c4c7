"""How to train: the settings of `fit`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import optax

from textdl.errors import ParameterError
from textdl.nn.optimizers import OPTIMIZERS, SCHEDULES, make_optimizer
from textdl.parameters import check_parameters, document_parameters, parameter


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
    learning_rate: Any = parameter(1e-3, "at the first step, or a function from step to rate")
    schedule: str = parameter(
        "constant", "how the rate changes over the steps", choices=tuple(SCHEDULES)
    )
    clip_norm: float | None = parameter(
        None, "gradients are scaled down to this norm, all entries together; None: never"
    )
    shuffle: bool = parameter(True, "draw a new order of the examples every epoch")
    monitor: str = parameter(
        "loss",
        "what to watch: loss, the name of a metric, or either of the validation data, such as "
        "val_loss; then the best weights are restored in the end; what ends in loss or error "
        "should fall, all else rise",
    )
    patience: float | None = parameter(
        None, "stop after so many epochs without improvement; None: never", minimum=1
    )
    min_delta: float = parameter(0.0, "what counts as improvement, in the unit of what is watched")

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
        """The optimizer for so many examples: a schedule depends on the number of steps."""
        steps = max(1, self.epochs * math.ceil(examples / self.batch_size))
        if self.schedule == "constant":
            steps = 1  # equal optimizers are compiled once
        schedule = self.learning_rate if callable(self.learning_rate) else self.schedule
        return make_optimizer(self.optimizer, schedule, steps, self.clip_norm)
