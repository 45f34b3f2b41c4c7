"""Points of the plane that no line can separate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_moons

TURNS = 2.5

LabeledPoints = tuple[NDArray[np.float64], NDArray[np.int64]]  # (N, 2) and (N,)


def spirals(points: int, seed: int) -> LabeledPoints:
    """Points of two arms, half a turn apart, and their arm."""
    draw = np.random.default_rng(seed)
    arm = np.arange(points) % 2
    turn = TURNS * np.sqrt(draw.uniform(0.02, 1, points))
    angle = 2 * np.pi * turn + np.pi * arm
    xy = turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return xy + draw.normal(0, 0.03, xy.shape), arm


def moons(points: int, noise: float, seed: int) -> LabeledPoints:
    """Points of two interleaved half circles, and their half circle."""
    xy, moon = make_moons(points, noise=noise, random_state=seed)
    return xy, moon
