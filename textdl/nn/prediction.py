"""The outputs of a network for any number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.jax_settings import fixed_settings
from textdl.nn.sparse import SparseBatch, batch_from_csr
from textdl.nn.step import Params

ROWS = 64  # at once, always: so what a row gives does not depend on the rows beside it


@fixed_settings()
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
    params = jax.device_put(params)  # once, not with every batch
    pad = _pad_sparse if hasattr(features, "tocsr") else _pad_dense
    outputs = [np.asarray(_apply(network, params, batch)) for batch in pad(features)]
    return np.concatenate(outputs)[: np.shape(features)[0]]


def _pad_dense(features: Any) -> Iterator[NDArray[Any]]:
    """Batches of `ROWS` rows; the last is filled up with zeros. At least one."""
    features = np.asarray(features)
    for first in range(0, max(1, len(features)), ROWS):
        batch = np.zeros((ROWS, *features.shape[1:]), features.dtype)
        rows = features[first : first + ROWS]
        batch[: len(rows)] = rows
        yield batch


def _pad_sparse(features: Any) -> Iterator[SparseBatch]:
    """The same, all with room for as many non-zeros, so that they are compiled once."""
    matrix = features.tocsr()
    firsts = range(0, max(1, matrix.shape[0]), ROWS)
    ends = np.minimum(np.array(firsts) + ROWS, matrix.shape[0])
    most = int((matrix.indptr[ends] - matrix.indptr[np.array(firsts)]).max())
    for first in firsts:
        yield batch_from_csr(matrix[first : first + ROWS], ROWS, most)


@partial(jax.jit, static_argnames="network")
def _apply(network: Any, params: Params, batch: Any) -> Array:
    outputs: Array = network(params, batch, None)
    return outputs
