"""Layers: their protocol, layers one after another, and their parameters by name.

An array of parameters is named by its path in the pytree, such as ``0.weights``. Reading fills a
template of the same structure, so the structure in a file is never trusted, and a new layer needs
no line in any writer.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from textdl.errors import ParameterError
from textdl.jax_settings import check_key, random_key
from textdl.nn.data.dataset import Features
from textdl.table import format_table

Params = Any  # a pytree of arrays
Tree = TypeVar("Tree")


class Layer(ABC):
    """A description of a layer: pure functions that make its parameters and use them.

    Subclasses are frozen dataclasses: equal layers are compiled once, and layers of two classes are
    never equal. (A NamedTuple would be equal to any other of the same fields, so JAX would take the
    compiled program of one for the other.)

    Attributes:
        has_parameters: whether `init` draws any.
        is_random: whether `apply` draws from its key.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Square(Layer):
        ...     has_parameters = False
        ...     def apply(self, params, x, *, key=None):
        ...         return x**2
        >>> Square().apply((), 3)
        9
    """

    has_parameters: ClassVar[bool] = True
    is_random: ClassVar[bool] = False

    @property
    def draws(self) -> bool:
        """Whether a layer of these settings draws: without, no keys are made for training."""
        return self.is_random

    def init(self, key: Array) -> Params:
        """Draw parameters: a NamedTuple of arrays, or an empty tuple where there are none."""
        return ()

    @abstractmethod
    def apply(self, params: Params, x: Any, *, key: Array | None = None) -> Any:
        """The outputs for a batch.

        Args:
            params: as `init` makes them.
            x: the outputs of the previous layer, or the features of a batch: `(B, ...)`, a
                `SparseBatch` or a `SequenceBatch`.
            key: of random draws in training; None, as in prediction, switches them off.

        Returns:
            `(B, ...)`, or a `SequenceBatch`.
        """

    def check_features(self, features: Features) -> None:
        """Refuse features that this layer, as the first, cannot take; by their values.

        Raises:
            DataError: they do not fit.
        """
        del features

    def frozen(self, params: Params) -> Any:
        """A tree like the parameters, with True in place of those that training leaves alone."""
        return jax.tree.map(lambda _: False, params)

    def details(self) -> str | None:
        """What a summary shows beside the sizes; None omits a layer that changes nothing."""
        return ""


@partial(jax.jit, static_argnums=0)
def init_params(network: Layer, key: Array) -> Params:
    """Draw the parameters of a network, compiled as one; equal networks are compiled once.

    Example:
        >>> from textdl.nn.layers.dense import Dense
        >>> init_params(Dense(3, 2), jax.random.key(0)).bias.shape
        (2,)
    """
    return network.init(key)


@dataclass(frozen=True)
class Sequential(Layer):
    """x_0 = x, x_l = layer_l(x_l-1): a layer that is made of layers; see `sequential`.

    The parameters are a tuple with an entry per layer. Each layer that draws has its own key, so a
    layer that draws nothing can be added without changing what the others draw.

    Args:
        layers: from the inputs to the outputs.

    Raises:
        ParameterError: there is no layer, or one of them is not a layer.

    Example:
        >>> from textdl.nn.layers.dense import Dense
        >>> network = Sequential((Dense(3, 4, "relu"), Dense(4, 2)))
        >>> [layer.weights.shape for layer in network.init(jax.random.key(0))]
        [(3, 4), (4, 2)]
    """

    layers: tuple[Layer, ...]

    is_random = True

    def __post_init__(self) -> None:
        if not self.layers:
            raise ParameterError("the network has no layers; give at least one")
        for layer in self.layers:
            check_layer(layer)

    def init(self, key: Array) -> tuple[Params, ...]:
        """Draw the parameters of every layer."""
        check_key(key)
        drawing = sum(layer.has_parameters for layer in self.layers)
        keys = iter(jax.random.split(key, max(drawing, 1)))
        return tuple(
            layer.init(next(keys)) if layer.has_parameters else () for layer in self.layers
        )

    @property
    def draws(self) -> bool:
        """Whether any layer of it draws from its key."""
        return any(layer.draws for layer in self.layers)

    def apply(self, params: tuple[Params, ...], x: Any, *, key: Array | None = None) -> Any:
        """The outputs of the last layer.

        Args:
            params: an entry per layer.
            x: what the first layer takes.
            key: from which the key of each layer that draws is derived; None switches draws off.

        Returns:
            What the last layer gives.
        """
        drawing = 0
        for layer, layer_params in zip(self.layers, params, strict=True):
            if not layer.is_random:
                x = layer.apply(layer_params, x)
                continue
            layer_key = None if key is None else jax.random.fold_in(key, drawing)
            x = layer.apply(layer_params, x, key=layer_key)
            drawing += 1
        return x

    def check_features(self, features: Features) -> None:
        """Refuse features that the first layer cannot take."""
        self.layers[0].check_features(features)

    def frozen(self, params: tuple[Params, ...]) -> tuple[Any, ...]:
        """What each layer says."""
        return tuple(layer.frozen(own) for layer, own in zip(self.layers, params, strict=True))


def sequential(*layers: Layer) -> Sequential:
    """Put layers one after another.

    Args:
        layers: from the inputs to the outputs; what one gives, the next one takes.

    Returns:
        The network.

    Raises:
        ParameterError: there is no layer, or one of them is not a layer.

    Example:
        >>> import jax.numpy as jnp
        >>> from textdl.nn.data.sequences import SequenceBatch
        >>> from textdl.nn.layers.dense import Dense
        >>> from textdl.nn.layers.embedding import Embedding
        >>> from textdl.nn.layers.pooling import MeanPooling
        >>> network = sequential(Embedding(100, 8), MeanPooling(), Dense(8, 2))
        >>> params = network.init(jax.random.key(0))
        >>> batch = SequenceBatch(jnp.array([[3, 7, 0], [1, 0, 0]]), jnp.array([2, 1]))
        >>> network.apply(params, batch).shape
        (2, 2)
    """
    return Sequential(layers)


def check_layer(layer: Any) -> None:
    """Refuse what is not a layer.

    Raises:
        ParameterError: it lacks `init` or `apply`.
    """
    if not isinstance(layer, Layer):
        raise ParameterError(
            f"{layer!r} is not a layer; expected one of nn.Dense, nn.sequential(...), nn.mlp(...) "
            "or a subclass of nn.Layer"
        )


def summarize(network: Layer, params: Params, output_activation: str | None = None) -> str:
    """Make a table of the layers with their shapes, details and numbers of parameters.

    Args:
        network: any layer; layers that change nothing are omitted.
        params: of the network, arrays or their shapes.
        output_activation: what is applied to the outputs, in place of the last layer's own.

    Returns:
        Aligned lines.

    Example:
        >>> from textdl.nn.layers.dense import mlp
        >>> network = mlp((4, 8, 3))
        >>> print(summarize(network, network.init(jax.random.key(0)), "softmax"))
        layer    weights  details  parameters
        dense 1  4 x 8    relu             40
        dense 2  8 x 3    softmax          27
        total                              67
    """
    known = list(layers_of(network, params))
    numbers: Counter[str] = Counter()
    rows = [("layer", "weights", "details", "parameters")]
    for layer, own in known:
        details = layer.details()
        if details is None:
            continue
        if output_activation is not None and layer is known[-1][0]:
            details = output_activation
        name = re.sub("(?<=[a-z])(?=[A-Z])", " ", type(layer).__name__).lower()
        numbers[name] += 1
        size = sum(int(np.prod(np.shape(leaf))) for leaf in jax.tree.leaves(own))
        rows.append((f"{name} {numbers[name]}", _shapes(own), details, f"{size:,}"))
    total = sum(int(np.prod(np.shape(leaf))) for leaf in jax.tree.leaves(params))
    rows.append(("total", "", "", f"{total:,}"))
    return "\n".join(format_table(rows, "<<<>"))


def layers_of(network: Layer, params: Params) -> Iterator[tuple[Layer, Params]]:
    """The layers that a network is made of, with their parameters, from the inputs to the outputs.

    Example:
        >>> from textdl.nn.layers.dense import mlp
        >>> network = mlp((4, 8, 3))
        >>> params = network.init(jax.random.key(0))
        >>> [type(layer).__name__ for layer, _ in layers_of(network, params)]
        ['Dense', 'Dropout', 'Dense']
    """
    if not isinstance(network, Sequential):
        yield network, params
        return
    for layer, own in zip(network.layers, params, strict=True):
        yield from layers_of(layer, own)


def named_arrays(tree: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The leaves of a pytree by their paths.

    Args:
        tree: a pytree of arrays.
        prefix: of every name.

    Returns:
        The arrays on the host, by name.

    Raises:
        ParameterError: two leaves have the same name.

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
    """Say how arrays differ from the leaves of a template in names or shapes.

    Args:
        template: a pytree of arrays or of `jax.ShapeDtypeStruct`.
        arrays: by name, as `named_arrays` names them.
        prefix: of every name of the template.

    Returns:
        A phrase such as ``lacks 0.bias``, or None where they do not differ.

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
    """Put arrays in place of the leaves of a pytree.

    Args:
        template: a pytree, in which `difference` finds no fault.
        arrays: by name.
        prefix: of every name.

    Returns:
        A pytree of the structure of the template.

    Example:
        >>> fill({"a": 0}, {"a": np.ones(2)})
        {'a': array([1., 1.])}
    """
    filled: Tree = jax.tree_util.tree_map_with_path(
        lambda path, _: arrays[_name(prefix, path)], template
    )
    return filled


def restored_params(
    network: Layer, arrays: Mapping[str, NDArray[Any]], dtype: str = "float32", prefix: str = ""
) -> Any:
    """The parameters of a network as a file has them: of its shapes and type, and finite.

    Args:
        network: whose parameters they are.
        arrays: by name, as `named_arrays` names them.
        dtype: of all of them, float32 or float64.
        prefix: of every name.

    Returns:
        Copies, since the file may change.

    Raises:
        ValueError: they are not.
    """
    with jax.enable_x64(dtype == "float64"):
        template = jax.eval_shape(lambda: network.init(random_key(0)))
    fault = difference(template, arrays, prefix)
    if fault is not None:
        raise ValueError(f"it {fault}")
    for name, array in arrays.items():
        if array.dtype != dtype:
            raise ValueError(f"{name} is of type {array.dtype}, not {dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"a weight is not finite, in {name}")
    return jax.tree.map(np.array, fill(template, arrays, prefix))


def _shapes(params: Any) -> str:
    """The shapes of all arrays but biases."""
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(params)]
    return ", ".join(" x ".join(f"{n:,}" for n in shape) for shape in shapes if len(shape) > 1)


def _name(prefix: str, path: tuple[Any, ...]) -> str:
    name = jax.tree_util.keystr(path, simple=True, separator=".")
    joined = ".".join(part for part in (prefix, name) if part)
    return joined.replace("%", "%25").replace("/", "%2F")  # "/" separates the parts of an archive
