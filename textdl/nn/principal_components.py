"""Principal components: the directions of the largest variance.

Reference: Pearson 1901, "On lines and planes of closest fit to systems of points in space".
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from textdl.jax_settings import fixed_settings


def principal_components(rows: ArrayLike, count: int) -> NDArray[np.float64]:
    """Centered rows in their first principal components, by the eigenvectors of `X' X`.

    The sign of a component is arbitrary: its largest entry is made positive. Where there are fewer
    dimensions than components, the others are zero.

    Args:
        rows: `(N, D)`.
        count: of components.

    Returns:
        `(N, count)`, to single precision.

    Example:
        >>> principal_components([[0.0, 0.0], [3.0, 0.0], [0.0, 0.0]], 1).round(4).tolist()
        [[-1.0], [2.0], [-1.0]]
    """
    wide = np.asarray(rows, np.float64)
    centered = (wide - wide.mean(0)).astype(np.float32)
    kept = min(count, centered.shape[1])
    with fixed_settings():
        found = np.asarray(_project(jnp.asarray(centered), kept), np.float64)
    points = np.zeros((len(centered), count))
    points[:, :kept] = found
    signs = np.sign(points[np.abs(points).argmax(0), np.arange(count)])
    signed: NDArray[np.float64] = points * np.where(signs == 0, 1.0, signs)
    return signed


@partial(jax.jit, static_argnums=1)
def _project(centered: Array, count: int) -> Array:
    """`(N, D)` to `(N, count)`."""
    precise = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
    _, directions = jnp.linalg.eigh(precise(centered.T, centered))  # by rising variance
    return precise(centered, directions[:, ::-1][:, :count])
