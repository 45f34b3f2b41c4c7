"""How far a row may move at once: the bound that keeps training from diverging on any text.

Update damping (`settling`) weighs a row by the number of updates that are *expected* in a step.
Real text is bursty: a table repeats its bars, a song its refrain, source code its names. Then a
word that is rare in the corpus gets hundreds of updates in one step, all computed from the same
point, many from pairs of the word with itself, and their sum overshoots further each time. So the
length of what a row moves is bounded:

- **In a step** no row moves by more than `STEP_LIMIT`. The changes of its occurrences are added up
  by length (triangle inequality), and all of them are shortened by the same factor where the sum is
  above the limit.
- **In a merge** a row becomes the mean of the workers' rows, and what update damping adds to the
  mean (the changes of rare words are summed) is limited to `MERGE_LIMIT` / W: where all W have
  come to the same place, their sum lies W - 1 times as far beyond it.

Why training cannot diverge: as a function of one row x, the others held, the loss of a step is
convex. The row moves against its gradient g, by t = min(STEP_LIMIT, length of the summed update).
For every point y of a lower loss, g · (x - y) >= 0, so

    |x' - y|² = |x - y|² - 2 t g · (x - y) / |g| + t² <= |x - y|² + STEP_LIMIT²

An update that overshoots adds a constant to the squared distance; it never multiplies it, which is
what divergence is. The score with a row o changes by at most STEP_LIMIT |o|, a share of
STEP_LIMIT / |x| of what it can be: the larger a row has become, the smaller the share, so a score
that has gone too far is led back and not thrown over to the other side. The mean of rows is no
longer than the longest of them, and MERGE_LIMIT / W again is a constant.

References:
    Pascanu et al. 2013, "On the difficulty of training recurrent neural networks" (clipping a
    gradient by its norm).
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

# As measured on wiki17m and on bursty texts (scripts/README.md). Smaller, and frequent words, whose
# updates all point the same way at first, start slowly; larger, and bursts show in the loss.
STEP_LIMIT = 1.0
MERGE_LIMIT = 4.0  # of all workers together
FEWEST_SLOTS = 1 << 12


def row_lengths(changes: Array) -> Array:
    """Euclidean length of every row. `(..., D) -> (n,)`, all axes but the last in one.

    Example:
        >>> row_lengths(jnp.array([[[3.0, 4.0]], [[0.0, 2.0]]])).tolist()
        [5.0, 2.0]
    """
    rows = changes.reshape(-1, changes.shape[-1])
    # As a product: XLA adds up a row on a CPU one number after the other, and a product in lanes.
    return jnp.sqrt((rows * rows) @ jnp.ones(rows.shape[1], rows.dtype))


def bounded_shares(ids: Array, lengths: Array, limit: float = STEP_LIMIT) -> Array:
    """The factor that keeps the summed changes of every row within a limit.

        limit / max(limit, Σ lengths of the occurrences of the same row)

    Rows are told apart by their number modulo a power of two, so that no table of the size of the
    vocabulary is cleared in every step. Two rows that fall together share one limit, which is only
    stricter.

    Args:
        ids: `(n,)` int32, the row that each change is for.
        lengths: `(n,)` float32, the length of each change, at least 0.
        limit: of what a row moves, in all.

    Returns:
        `(n,)` float32, from 0 to 1.

    Example:
        >>> bounded_shares(jnp.array([7, 8, 7]), jnp.array([1.0, 0.5, 3.0]), limit=1.0).tolist()
        [0.25, 1.0, 0.25]
    """
    slots = max(FEWEST_SLOTS, 1 << (2 * ids.size - 1).bit_length())
    slot = ids & (slots - 1)
    sums = jnp.zeros(slots, lengths.dtype).at[slot].add(lengths)
    return limit / jnp.maximum(limit, sums[slot])


def bounded_merge(start: Array, changes: Array, weight: Array, workers: int) -> Array:
    """Merge the rows of workers that all went on from `start`.

        start + (1 / W) Σ changes + limited((weight - 1 / W) Σ changes)

    The limit is `MERGE_LIMIT` / (W √D) for each number, so that it costs no pass over the tables.

    Args:
        start: `(V, D)` float32, what the workers began with.
        changes: `(V, D)` float32, their changes, summed.
        weight: `(V,)` float32, from `settling.merge_weights`: 1 / W is the mean, 1 the sum.
        workers: W.

    Returns:
        `(V, D)` float32.

    Example:
        >>> start, changes = jnp.zeros((2, 1)), jnp.array([[0.4], [40.0]])
        >>> bounded_merge(start, changes, jnp.ones(2), workers=2).tolist()
        [[0.4000000059604645], [22.0]]
    """
    limit = MERGE_LIMIT / workers / start.shape[1] ** 0.5
    beyond_mean = (weight[:, None] - 1 / workers) * changes
    return start + changes / workers + jnp.clip(beyond_mean, -limit, limit)
