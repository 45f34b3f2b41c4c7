"""The outputs of a network for any number of rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.nn.sparse import batch_from_csr
from textdl.nn.step import Params

ROWS = 256  # at once, always: so what a row gives does not depend on the rows beside it


def predict(network: Any, params: Params, features: Any) -> NDArray[np.floating]:
    """Apply a network, without dropout, to `(N, F)` features, dense or SciPy sparse.

    Args:
        network: `(params, batch, None) -> (B, ...)`; equal ones are compiled once.
        params: of the network.
        features: any number of rows.

    Returns:
        `(N, ...)` float.

    Example:
        >>> from textdl.nn.dense import Dense
        >>> from textdl.nn.mlp import Network
        >>> layer = Dense(np.array([[2.0]], np.float32), np.array([1.0], np.float32))
        >>> predict(Network(), (layer,), [[1.0], [3.0]]).tolist()
        [[3.0], [7.0]]
    """
    if not hasattr(features, "tocsr"):
        features = np.asarray(features)
    starts = range(0, max(1, features.shape[0]), ROWS)
    chunks = (features[start : start + ROWS] for start in starts)
    outputs = [np.asarray(_apply(network, params, _padded(chunk))) for chunk in chunks]
    return np.concatenate(outputs)[: features.shape[0]]


def _padded(features: Any) -> Any:
    """At most `ROWS` rows as a batch of so many."""
    if hasattr(features, "tocsr"):
        return batch_from_csr(features, ROWS)
    batch = np.zeros((ROWS, *features.shape[1:]), features.dtype)
    batch[: len(features)] = features
    return batch


@partial(jax.jit, static_argnames="network")
def _apply(network: Any, params: Params, batch: Any) -> Array:
    outputs: Array = network(params, batch, None)
    return outputs
