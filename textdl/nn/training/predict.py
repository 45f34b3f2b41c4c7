"""The outputs of a network for any number of examples."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.jax_settings import fixed_settings
from textdl.nn.data.features import as_features
from textdl.nn.layers.layer import Layer, Params
from textdl.nn.layers.sequential import check_layer

ROWS = 64  # at once, always: so what a row gives does not depend on the rows beside it


@fixed_settings()
def predict(network: Layer, params: Params, features: Any) -> NDArray[np.floating]:
    """Apply a network, without dropout, to any number of examples.

    Args:
        network: a layer; equal ones are compiled once.
        params: of the network.
        features: N examples: `(N, F)` dense, SciPy sparse or `BCOO`, or `Sequences`.

    Returns:
        `(N, ...)` float.

    Raises:
        DataError: the features do not fit the network.

    Example:
        >>> from textdl.nn.layers.dense import Dense, DenseParams
        >>> params = DenseParams(np.array([[2.0]], np.float32), np.array([1.0], np.float32))
        >>> predict(Dense(1, 1), params, [[1.0], [3.0]]).tolist()
        [[3.0], [7.0]]
    """
    check_layer(network)
    known = as_features(features)
    network.check_features(known)
    params = jax.device_put(params)  # once, not with every batch
    outputs = [np.asarray(_apply(network, params, batch)) for batch in known.batches(ROWS)]
    return np.concatenate(outputs)[: known.size]


@partial(jax.jit, static_argnames="network")
def _apply(network: Layer, params: Params, batch: Any) -> Array:
    outputs: Array = network.apply(params, batch)
    return outputs
