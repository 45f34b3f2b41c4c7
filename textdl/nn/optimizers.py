"""Optimizers and learning-rate schedules by name, from optax.

Reference:
    Ruder 2016, "An overview of gradient descent optimization algorithms".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import optax

from textdl.errors import ParameterError
from textdl.parameters import lookup

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
    """Build an optimizer of learning rate 1: updates are proportional to it, so it comes after.

    The same arguments give the same object, which is compiled once, for every rate.

    Args:
        optimizer: a name in `OPTIMIZERS`, or a transformation of optax, which has its own rate.
        schedule: a name in `SCHEDULES`, or a function from the step to the rate.
        steps: of the whole training.
        clip_norm: scale gradients down to this norm, all entries together.

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
