"""Gradient checks: autodiff against central differences.

Reference:
    Griewank and Walther 2008, "Evaluating derivatives", section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from textdl.errors import DataError


class GradientCheck(NamedTuple):
    """The entry of a gradient with the largest error."""

    error: float  # |analytic - numerical| / max(1, |analytic|, |numerical|)
    entry: str  # the argument and the index
    analytic: float
    numerical: float


def check_gradients(
    function: Callable[..., Any], *arguments: Any, step: float = 1e-5
) -> GradientCheck:
    """Compare the gradient of Σ function(arguments) by autodiff with central differences.

    Everything runs in float64, whatever the arguments are, so the error of
    (f(x + h) - f(x - h)) / 2h is of order h² = 1e-10, far below that of a wrong gradient.

    Args:
        function: returns an array; its entries are summed.
        arguments: pytrees of float arrays, all of which are checked. Labels, keys and sparse
            batches belong in the function.
        step: h, for entries of magnitude 1.

    Returns:
        The entry with the largest error.

    Raises:
        DataError: there is no float entry to check.

    Example:
        >>> from textdl.nn.activations import tanh
        >>> check_gradients(tanh, jnp.array([-1.0, 0.0, 2.0])).error < 1e-8
        True
    """
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float64), arguments)
        flat, restore = ravel_pytree(wide)
        if flat.size == 0:
            raise DataError("there are no entries to check; give at least one array of floats")

        @jax.jit
        def total(flat: Any) -> Any:
            return jnp.sum(function(*restore(flat)))

        analytic = np.asarray(jax.jit(jax.grad(total))(flat))
        numerical = _central_differences(total, np.asarray(flat), step)
    size = np.maximum(1, np.maximum(np.abs(analytic), np.abs(numerical)))
    error = np.abs(analytic - numerical) / size
    worst = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
    return GradientCheck(
        float(error[worst]),
        _entry_name(wide, worst),
        float(analytic[worst]),
        float(numerical[worst]),
    )


def _central_differences(
    function: Callable[[Any], Any], x: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """(f(x + h e_i) - f(x - h e_i)) / 2h for every entry i."""
    slopes = np.empty_like(x)
    for i in range(x.size):
        h = np.zeros_like(x)
        h[i] = step
        slopes[i] = (float(function(x + h)) - float(function(x - h))) / (2 * step)
    return slopes


def _entry_name(arguments: tuple[Any, ...], entry: int) -> str:
    """The argument and the index of an entry of the raveled arguments."""
    for path, leaf in jax.tree_util.tree_flatten_with_path(arguments)[0]:
        if entry < leaf.size:
            index = [int(i) for i in np.unravel_index(entry, leaf.shape)]
            return f"argument{jax.tree_util.keystr(path)}{index}"
        entry -= leaf.size
    raise IndexError(entry)
