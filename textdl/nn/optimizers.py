"""Optimizers and learning-rate schedules by name, from optax.

Reference:
    Ruder 2016, "An overview of gradient descent optimization algorithms".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import optax

from textdl.errors import ParameterError, by_name

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

# A schedule is made from the first rate and the number of steps of the whole training.
SCHEDULES: dict[str, Callable[[float, int], optax.Schedule]] = {
    "constant": lambda rate, steps: optax.constant_schedule(rate),
    "linear": lambda rate, steps: optax.linear_schedule(rate, 0.0, steps),
    "cosine": optax.cosine_decay_schedule,
    "exponential": lambda rate, steps: optax.exponential_decay(rate, steps, 0.01),
    "invscaling": lambda rate, steps: lambda step: rate / (1 + step) ** 0.5,
    "warmup_cosine": lambda rate, steps: optax.warmup_cosine_decay_schedule(
        0.0, rate, max(1, steps // 10), max(2, steps)
    ),
}


@lru_cache(maxsize=128)
def make_optimizer(
    optimizer: str | optax.GradientTransformation,
    learning_rate: float | optax.Schedule,
    schedule: str = "constant",
    steps: int = 1,
    clip_norm: float | None = None,
) -> optax.GradientTransformation:
    """Build an optimizer; the same arguments give the same object, which compiles once.

    Args:
        optimizer: a name in `OPTIMIZERS`, or a transformation of optax, which has its own rate.
        learning_rate: at the first step, or a function from the step to the rate.
        schedule: a name in `SCHEDULES`, for a rate that is a number.
        steps: of the whole training.
        clip_norm: scale gradients down to this norm, all entries together.

    Raises:
        ParameterError: a name is unknown or a number out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> sgd = make_optimizer("sgd", 0.1, clip_norm=1.0)
        >>> updates, _ = sgd.update(jnp.array([3.0, 4.0]), sgd.init(jnp.zeros(2)))
        >>> updates.round(2).tolist()
        [-0.05..., -0.07...]
    """
    if isinstance(optimizer, str):
        make = by_name("optimizer", optimizer, OPTIMIZERS)
        optimizer = make(_rate(learning_rate, schedule, steps))
    if clip_norm is None:
        return optimizer
    if not clip_norm > 0:
        raise ParameterError(f"clip_norm={clip_norm} is out of range; expected above 0, or None")
    return optax.chain(optax.clip_by_global_norm(clip_norm), optimizer)


def _rate(rate: float | optax.Schedule, schedule: str, steps: int) -> optax.ScalarOrSchedule:
    make = by_name("schedule", schedule, SCHEDULES)
    if callable(rate):
        return rate
    if not rate > 0:
        raise ParameterError(f"learning rate {rate} is out of range; expected above 0")
    return rate if schedule == "constant" else make(rate, steps)
