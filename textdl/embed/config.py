"""The parameters of a training run, checked in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from textdl.errors import ParameterError

# Parameter: (type, smallest, largest). Bounds are inclusive.
_RANGES: dict[str, tuple[type, float, float]] = {
    "vector_size": (int, 1, 65_536),
    "window": (int, 1, 1_000),
    "negative": (int, 1, 1_000),
    "min_count": (int, 1, math.inf),
    "max_vocab_size": (int, 1, math.inf),
    "sample": (float, 0.0, 1.0),
    "epochs": (int, 1, math.inf),
    "seed": (int, 0, 2**63 - 1),
    "learning_rate": (float, 0.0, 1e3),
    "min_learning_rate": (float, 0.0, 1e3),
    "workers": (int, 1, 1_024),
    "step_tokens": (int, 1, 1 << 20),
    "block_tokens": (int, 1, 4_096),
    "block_noise": (int, 1, 65_536),
}
# Noise words of a block for each that a pair would draw. With fewer, each stands for more pairs at
# once, and the rows it meets are pushed in lumps too large to follow.
NOISE_A_NEGATIVE = 8
STRIP = 16  # R, centres that are multiplied with the tokens around them in one small product
_OPTIONAL = {"max_vocab_size", "block_noise"}


@dataclass(frozen=True)
class Config:
    """The parameters that, with the corpus, decide every bit of the vectors.

    `workers` is one of them, not a property of the machine: each worker trains on text of its own
    and their changes are merged, so another number of workers is another result. Two workers give
    the same bits on one core as on two.

    Raises:
        ParameterError: a value is of the wrong type or out of range.

    Example:
        >>> Config(vector_size=0)
        Traceback (most recent call last):
            ...
        textdl.errors.ParameterError: vector_size is 0; expected a whole number from 1 to 65,536
    """

    vector_size: int = 100  # D
    window: int = 5  # w, the largest distance of a pair
    negative: int = 5  # noise words a positive pair
    min_count: int = 5  # rarer words are dropped
    max_vocab_size: int | None = None
    sample: float = 1e-3  # frequent words are thinned out above this share of the text; 0: never
    epochs: int = 5
    seed: int = 1
    learning_rate: float = 0.03  # at the start
    min_learning_rate: float = 1e-4  # where the linear decay ends
    workers: int = 2
    step_tokens: int = 128  # centres a step; fewer where the vocabulary is very small
    block_tokens: int = 128  # L, centres that share noise words; a multiple of 16
    block_noise: int | None = None  # K, noise words of a block; None: 8 a noise word of a pair

    def __post_init__(self) -> None:
        """Check every parameter."""
        for name, (kind, smallest, largest) in _RANGES.items():
            value = getattr(self, name)
            if not (value is None and name in _OPTIONAL):
                _check(name, value, kind, smallest, largest)
        if self.block_tokens % STRIP:
            raise ParameterError(
                f"block_tokens is {self.block_tokens}; expected a multiple of {STRIP}"
            )

    @property
    def noise_words(self) -> int:
        """K."""
        return self.block_noise or NOISE_A_NEGATIVE * self.negative


def _check(name: str, value: object, kind: type, smallest: float, largest: float) -> None:
    expected = Integral if kind is int else Real
    if (
        not isinstance(value, expected)
        or isinstance(value, bool)
        or not smallest <= float(value) <= largest
    ):
        noun = "a whole number" if kind is int else "a number"
        end = f"from {smallest:,} to {largest:,}" if largest < math.inf else f"from {smallest:,} up"
        raise ParameterError(f"{name} is {value!r}; expected {noun} {end}")
