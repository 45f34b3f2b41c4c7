"""The parameters of the linear classifier: each with its default, range and description.

Nothing here needs JAX or scikit-learn, so that the command line can show its help at once.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from textdl.parameters import parameter


@dataclass(eq=False, repr=False)
class LinearParameters:
    """The parameters of `LinearClassifier`."""

    C: float = parameter(
        1.0,
        "inverse strength of the regularization: what an example's loss counts against the squared "
        "weights",
        above=0,
    )
    _: KW_ONLY
    class_weight: Any = parameter(
        None, "weights of the classes: balanced, a dict from class to weight, or None: 1 each"
    )
    calibration_folds: int = parameter(
        3,
        "parts of the examples, each scored by a model of the others; the scores make the "
        "probabilities calibrated. 0: they are not",
        minimum=0,
        maximum=100,
    )
    seed: int = parameter(
        1, "seed of every random draw; the same seed gives the same bits", minimum=0
    )
