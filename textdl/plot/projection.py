"""Vectors projected onto the plane: by principal components, or by a package that keeps neighbors.

To add one, write a function from directions `(N, D)` to points `(N, 2)` and add it to
`PROJECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textdl.errors import DataError, OutputError, ParameterError
from textdl.vectors.query import normalize

Projection = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
FEWEST_WORDS = 3


def project(
    rows: NDArray[np.float32], method: str = "pca", *, seed: int = 0
) -> NDArray[np.float64]:
    """The directions of rows as points of the plane, similar ones close together.

    Args:
        rows: `(N, D)`.
        method: one of `PROJECTIONS`.
        seed: of what is drawn at random; principal components draw nothing.

    Returns:
        `(N, 2)`.

    Raises:
        DataError: there are fewer than three rows, or four for umap.
        ParameterError: the method is unknown.
        OutputError: its package is not installed.

    Example:
        >>> project(np.eye(3, dtype=np.float32)).shape
        (3, 2)
    """
    if len(rows) < FEWEST_WORDS:
        raise DataError(f"{len(rows)} words are too few for a map; give three or more")
    if method not in PROJECTIONS:
        raise ParameterError(
            f"method {method!r} is unknown; expected one of {', '.join(PROJECTIONS)}"
        )
    return PROJECTIONS[method](normalize(rows), seed)


def _principal_components(directions: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from textdl.nn.principal_components import principal_components  # JAX

    return principal_components(directions, 2)


def _umap(directions: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    try:
        import umap  # an extra
    except ImportError:
        raise OutputError(
            "the method umap needs the package umap-learn; pip install 'textdl[umap]', or choose "
            "pca or tsne"
        ) from None
    if len(directions) <= FEWEST_WORDS:  # its spectral layout fails
        raise DataError(
            f"{len(directions)} words are too few for umap; give four or more, or choose pca"
        )
    neighbors = min(15, len(directions) - 1)
    reducer: Any = umap.UMAP(n_neighbors=neighbors, metric="cosine", random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(directions), np.float64)


def _tsne(directions: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE  # slow to load

    perplexity = min(30.0, (len(directions) - 1) / 3)
    init = _principal_components(directions, seed).astype(np.float32)
    init *= 1e-4 / max(float(init[:, 0].std()), 1e-12)
    reducer = TSNE(init=init, perplexity=perplexity, random_state=seed)
    return np.asarray(reducer.fit_transform(directions.astype(np.float32)), np.float64)


PROJECTIONS: Mapping[str, Projection] = {
    "pca": _principal_components,
    "umap": _umap,
    "tsne": _tsne,
}
