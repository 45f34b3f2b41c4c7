"""Trees of arrays as arrays by name: how parameters and states are written and read.

An array is named by its path in the tree, such as ``0.weights``. Reading fills a template of the
same structure, so what a file says is never trusted: a new layer needs no line in any writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

from textdl.errors import ParameterError

Tree = TypeVar("Tree")


def named_arrays(tree: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The leaves of a tree by their paths.

    Args:
        tree: a pytree of arrays.
        prefix: of every name.

    Raises:
        ParameterError: two leaves have one name.

    Example:
        >>> from textdl.nn.layers.dense import Dense
        >>> params = Dense(3, 2).init(jax.random.key(0))
        >>> {name: array.shape for name, array in named_arrays((params,)).items()}
        {'0.weights': (3, 2), '0.bias': (2,)}
    """
    named: dict[str, NDArray[Any]] = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        name = _name(prefix, path)
        if name in named:
            raise ParameterError(f"two arrays are named {name!r}; rename one to save them")
        named[name] = np.asarray(leaf)
    return named


def difference(template: Any, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> str | None:
    """How arrays differ from the leaves of a template in names or shapes; None: they do not.

    Args:
        template: a pytree of arrays or of `jax.ShapeDtypeStruct`.
        arrays: by name, as `named_arrays` names them.
        prefix: of every name of the template.

    Example:
        >>> difference((np.ones(3),), {"0": np.ones(2)})
        'has 0 of shape (2,), not (3,)'
        >>> difference((np.ones(3),), {})
        'lacks 0'
    """
    expected = {
        _name(prefix, path): np.shape(leaf)
        for path, leaf in jax.tree_util.tree_flatten_with_path(template)[0]
    }
    for name in sorted(expected.keys() ^ arrays.keys()):
        return f"lacks {name}" if name in expected else f"has {name}"
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            return f"has {name} of shape {arrays[name].shape}, not {shape}"
    return None


def fill(template: Tree, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Tree:
    """The tree with the arrays in the place of its leaves.

    Args:
        template: a pytree, which `difference` found no fault with.
        arrays: by name.
        prefix: of every name.

    Example:
        >>> fill({"a": 0}, {"a": np.ones(2)})
        {'a': array([1., 1.])}
    """
    filled: Tree = jax.tree_util.tree_map_with_path(
        lambda path, _: arrays[_name(prefix, path)], template
    )
    return filled


def _name(prefix: str, path: tuple[Any, ...]) -> str:
    name = jax.tree_util.keystr(path, simple=True, separator=".")
    joined = ".".join(part for part in (prefix, name) if part)
    return joined.replace("%", "%25").replace("/", "%2F")  # "/" separates the parts of an archive
