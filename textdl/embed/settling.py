"""How much of its change a row takes where pushes that belong one after the other come at once.

A pair pushes the rows of its words. A row on its way to where it settles covers 1 - q of the way in
`n` pushes that follow each other, q = exp(-κ n). Pushes that are computed from the same point, and
then added up, know nothing of each other: their sum overshoots, and the words that are pushed most
are thrown to and fro, ever further. So a row takes only the share of the sum that the pushes would
have covered in sequence; for rare words that is all of it. The number of pushes is an expectation
over the whole text; what holds where a word comes in a burst is the limit of `bounds`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# κ, the share of its way that a row covers at one push, as measured. Larger, and frequent words
# learn too slowly; smaller, and training diverges. Within a step it is larger, for rows also meet
# the noise that blocks share in lumps, which a worker that goes step by step has taken in before a
# merge.
STEP, MERGE = 8e-3, 1e-3


def step_weights(pushes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weigh the summed gradient of a step: (1 - q) / (κ n).

    Args:
        pushes: `(V,)` pairs n that push each row in one step.

    Example:
        >>> [f"{weight:.2f}" for weight in step_weights(np.array([0.0, 1e2, 1e3]))]
        ['1.00', '0.69', '0.12']
    """
    way = np.maximum(STEP * pushes, np.finfo(np.float64).tiny)
    return (-np.expm1(-way) / way).astype(np.float32)


def merge_weights(pushes: NDArray[np.float64], workers: int) -> NDArray[np.float32]:
    """Weigh the summed changes of `W` workers, each of which went on from the same point.

    One after the other they would cover 1 - q^W; side by side each covers 1 - q. The ratio is

        (1 - q^W) / (W (1 - q)) = (1 + q + ... + q^(W-1)) / W

    So the changes of rare words are summed, for they have far to go, and those of words that settle
    between two merges are averaged.

    Args:
        pushes: `(V,)` pairs n that push each row of a worker between two merges.
        workers: W.
    """
    q = np.exp(-MERGE * pushes)
    total = sum((q**k for k in range(workers)), np.zeros_like(q))
    return (total / workers).astype(np.float32)
