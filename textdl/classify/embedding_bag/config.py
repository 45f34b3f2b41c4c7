"""The parameters of the embedding-bag classifier: each with its default, range and description.

Nothing here needs JAX or scikit-learn, so that the command line can show its help at once.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from textdl.parameters import parameter


@dataclass(eq=False, repr=False)
class EmbeddingBagParameters:
    """The parameters of `EmbeddingBagClassifier`."""

    vector_size: int = parameter(100, "dimensions D of the vector of a term", minimum=1)
    _: KW_ONLY
    epochs: int = parameter(5, "passes over the examples", minimum=1)
    learning_rate: float = parameter(
        0.035, "learning rate at the first step; it falls to 0", minimum=0
    )
    batch_size: int = parameter(
        64,
        "examples per step, on average: every step has about the same number of non-zeros",
        minimum=1,
    )
    workers: int = parameter(
        2,
        "parts of the texts that are trained side by side; part of the result, not of the machine",
        minimum=1,
        maximum=1_024,
    )
    class_weight: Any = parameter(
        None, "weights of the classes: balanced, a dict from class to weight, or None: 1 each"
    )
    seed: int = parameter(
        1, "seed of every random draw; the same seed gives the same bits", minimum=0
    )
    verbose: bool = parameter(False, "show a progress bar on stderr")
