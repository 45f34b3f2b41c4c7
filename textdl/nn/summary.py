"""A network as a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from textdl.nn.layers.layer import Layer, Params
from textdl.nn.layers.sequential import Sequential
from textdl.table import format_table


def summarize(network: Layer, params: Params, output_activation: str | None = None) -> str:
    """The layers with their shapes, details and numbers of parameters.

    Args:
        network: any layer; those that change nothing are left out.
        params: of the network, arrays or their shapes.
        output_activation: what is applied to the outputs, in the place of the last layer's own.

    Returns:
        Aligned lines.

    Example:
        >>> from textdl.nn.layers.sequential import mlp
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
        >>> from textdl.nn.layers.sequential import mlp
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


def _shapes(params: Any) -> str:
    """The shapes of all arrays but biases."""
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(params)]
    return ", ".join(" x ".join(f"{n:,}" for n in shape) for shape in shapes if len(shape) > 1)
