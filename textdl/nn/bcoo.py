"""Sparse features in JAX's own form, `jax.experimental.sparse.BCOO`, there and back."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.experimental.sparse import BCOO
from scipy import sparse

from textdl.errors import DataError


def to_bcoo(matrix: Any) -> BCOO:
    """A SciPy sparse matrix on the device: the way from a vectorizer to JAX.

    A network takes it as it takes the matrix itself: `mlp.apply`, `make_data` and the estimators.
    Entries of a row are sorted, and those given twice summed up.

    Args:
        matrix: `(N, F)`.

    Returns:
        `(N, F)` float.

    Example:
        >>> from textdl import CountVectorizer
        >>> counts = to_bcoo(CountVectorizer().fit_transform(["the cat", "the dog the cat"]))
        >>> (counts @ jnp.array([1.0, 10.0, 100.0])).tolist()
        [101.0, 211.0]
    """
    rows = sparse.csr_array(matrix, copy=True)
    rows.sum_duplicates()
    entries = rows.tocoo()
    indices = np.stack([entries.row, entries.col], axis=1).astype(np.int32)  # (nnz, 2)
    values = jnp.asarray(entries.data, float)
    shape = rows.shape
    return BCOO(
        (values, jnp.asarray(indices)), shape=shape, indices_sorted=True, unique_indices=True
    )


def from_bcoo(array: BCOO) -> sparse.csr_array:
    """The SciPy matrix of a `BCOO`; what pads it is dropped.

    Raises:
        DataError: it has not two axes, or one of them is a batch axis or dense.

    Example:
        >>> from_bcoo(BCOO.fromdense(jnp.array([[0.0, 2.0], [3.0, 0.0]]), nse=5)).toarray()
        array([[0., 2.],
               [3., 0.]], dtype=float32)
    """
    if array.ndim != 2 or array.n_batch or array.n_dense:
        raise DataError(
            f"a BCOO of shape {array.shape} with {array.n_batch} batch and {array.n_dense} dense "
            "axes; expected two sparse axes, examples and features: see bcoo_update_layout"
        )
    indices, values = np.asarray(array.indices), np.asarray(array.data)
    if values.dtype not in (np.float32, np.float64):  # SciPy knows no bfloat16
        values = values.astype(np.float32)
    inside = (indices < array.shape).all(axis=1)  # padding points behind the last row or column
    return sparse.csr_array((values[inside], indices[inside].T), shape=array.shape)


def without_bcoo(features: Any) -> Any:
    """Features of any kind, a `BCOO` as a SciPy matrix.

    Raises:
        DataError: as `from_bcoo` does.
    """
    return from_bcoo(features) if isinstance(features, BCOO) else features
