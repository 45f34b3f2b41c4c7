"""Convolution over sequences (1-D) and images (2-D).

References:
    LeCun et al. 1998, "Gradient-based learning applied to document recognition" (images);
    Kim 2014, "Convolutional neural networks for sentence classification" (text);
    Yu and Koltun 2016, "Multi-scale context aggregation by dilated convolutions".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple, get_args

import jax.numpy as jnp
from jax import Array, lax

from textdl.errors import DataError, ParameterError
from textdl.jax_settings import check_key, is_in_loop
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.data.dataset import Features
from textdl.nn.data.dense import DenseRows
from textdl.nn.data.sequences import SequenceBatch, masked_vectors
from textdl.nn.initializers import Initializer, glorot_uniform
from textdl.nn.layers.sequential import Layer
from textdl.parameters import lookup

Padding = Literal["same", "valid"]
_AXES = {3: ("NWC", "WIO", "NWC"), 4: ("NHWC", "HWIO", "NHWC")}  # by those of the kernel


class ConvParams(NamedTuple):
    """The parameters of a convolution.

    Example:
        >>> ConvParams(jnp.zeros((3, 100, 16)), jnp.zeros(16)).kernel.shape
        (3, 100, 16)
    """

    kernel: Array  # (W, I, O) or (H, W, I, O) float
    bias: Array  # (O,) float


@dataclass(frozen=True)
class Conv1D(Layer):
    """y_t = g(b + Σ_k x_{s t + d k - p} W_k), where x is 0 outside the sequence.

    The window has `width` positions k, `dilation` d apart; windows are `stride` s apart. With
    ``padding="same"`` windows begin p = ⌊d (width - 1) / 2⌋ before the sequence, so a sequence of
    length n gives ⌈n / s⌉ outputs; with ``"valid"`` p is 0, and all of a window is inside the
    sequence: ⌊(n - d (width - 1) - 1) / s⌋ + 1 outputs, none where the sequence is shorter.

    Lengths go through the same formula, so that padding never changes an output. (Keras shifts the
    windows of ``"same"`` by the length of the padded batch where s is above 1: here they stay.)

    Args:
        inputs: I, numbers per position.
        outputs: O, filters.
        width: positions per window.
        padding: ``"same"`` or ``"valid"``.
        stride: s, positions from one window to the next.
        dilation: d, positions from one k to the next.
        activation: g, a name in `ACTIVATIONS`.
        initializer: of W, as a matrix `(width I, O)`; the bias starts at 0.

    Raises:
        ParameterError: a size is below 1, or the padding or the activation is unknown.

    Example:
        >>> import jax
        >>> layer = Conv1D(1, 1, width=3, padding="valid")
        >>> ones = ConvParams(jnp.ones((3, 1, 1)), jnp.zeros(1))
        >>> batch = SequenceBatch(jnp.array([[[1.0], [2.0], [3.0], [4.0]]]), jnp.array([4]))
        >>> out = layer.apply(ones, batch)
        >>> out.values[0, :, 0].tolist(), out.lengths.tolist()
        ([6.0, 9.0], [2])
    """

    inputs: int
    outputs: int
    width: int
    padding: Padding = "same"
    stride: int = 1
    dilation: int = 1
    activation: str = "linear"
    initializer: Initializer = glorot_uniform

    def __post_init__(self) -> None:
        sizes = (self.inputs, self.outputs, self.width, self.stride, self.dilation)
        _check(sizes, self.padding, self.activation)

    def init(self, key: Array) -> ConvParams:
        """Draw the kernel; the bias starts at 0."""
        return _init(key, (self.width, self.inputs, self.outputs), self.initializer)

    def apply(
        self, params: ConvParams, x: SequenceBatch, *, key: Array | None = None
    ) -> SequenceBatch:
        """The outputs of every window, with the number of windows of each sequence.

        Args:
            params: of the layer.
            x: vectors `(B, T, I)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, T', O)` with lengths.

        Raises:
            DataError: `x` is not sequences of vectors, or not of I numbers.
        """
        del key
        values = masked_vectors(x, "a convolution", self.inputs)  # (B, T, I)
        window = self.dilation * (self.width - 1) + 1
        before, after = _pads(self.padding, window)
        if self.padding == "valid":
            after = max(0, window - values.shape[1])  # at least one window, which no length counts
        z = _convolve(values, params, ((before, after),), (self.stride,), (self.dilation,))
        return SequenceBatch(ACTIVATIONS[self.activation](z), self._lengths(x.lengths, window))

    def details(self) -> str:
        """Padding, stride and dilation where they are not 1, and the activation."""
        return _details(self.padding, (self.stride,), (self.dilation,), self.activation)

    def _lengths(self, lengths: Array, window: int) -> Array:
        last = lengths - 1 if self.padding == "same" else lengths - window
        return jnp.maximum(last // self.stride + 1, 0)


@dataclass(frozen=True)
class Conv2D(Layer):
    """y_ij = g(b + Σ_kl x_{s i + d k - p, s j + d l - q} W_kl), where x is 0 outside the image.

    Args:
        inputs: I, channels of the image.
        outputs: O, filters.
        size: rows and columns of the window.
        padding: ``"same"``: ⌈rows / s⌉ x ⌈columns / s⌉ outputs; ``"valid"``: those windows that are
            inside the image.
        stride: s, rows and columns from one window to the next.
        dilation: d, rows and columns from one entry of the window to the next.
        activation: g, a name in `ACTIVATIONS`.
        initializer: of W, as a matrix `(rows columns I, O)`; the bias starts at 0.

    Raises:
        ParameterError: a size is below 1, or the padding or the activation is unknown.

    Example:
        >>> import jax
        >>> layer = Conv2D(1, 8, (3, 3), activation="relu")
        >>> params = layer.init(jax.random.key(0))
        >>> params.kernel.shape, layer.apply(params, jnp.ones((5, 28, 28, 1))).shape
        ((3, 3, 1, 8), (5, 28, 28, 8))
    """

    inputs: int
    outputs: int
    size: tuple[int, int]
    padding: Padding = "same"
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    activation: str = "linear"
    initializer: Initializer = glorot_uniform

    def __post_init__(self) -> None:
        sizes = (self.inputs, self.outputs, *self.size, *self.stride, *self.dilation)
        _check(sizes, self.padding, self.activation)

    def init(self, key: Array) -> ConvParams:
        """Draw the kernel; the bias starts at 0."""
        return _init(key, (*self.size, self.inputs, self.outputs), self.initializer)

    def apply(self, params: ConvParams, x: Array, *, key: Array | None = None) -> Array:
        """The outputs of every window.

        Args:
            params: of the layer.
            x: images `(B, H, W, I)`.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, H', W', O)` float.

        Raises:
            DataError: `x` is not images of I channels, or with ``"valid"`` they are smaller than
                the window.
        """
        del key
        _check_images(x.shape, self.inputs)
        window = [d * (n - 1) + 1 for n, d in zip(self.size, self.dilation, strict=True)]
        if self.padding == "valid" and not (x.shape[1] >= window[0] and x.shape[2] >= window[1]):
            raise DataError(
                f"images of {x.shape[1]} x {x.shape[2]} are smaller than a window of {window[0]} x "
                f'{window[1]}; take a smaller window, or padding="same"'
            )
        pads = tuple(_pads(self.padding, size) for size in window)
        z = _convolve(x, params, pads, self.stride, self.dilation)
        return ACTIVATIONS[self.activation](z)

    def check_features(self, features: Features) -> None:
        """Refuse what is not images.

        Raises:
            DataError: the features are not dense, or not images of I channels.
        """
        if not isinstance(features, DenseRows):
            raise DataError(_NOT_IMAGES)
        _check_images(features.values.shape, self.inputs)

    def details(self) -> str:
        """Padding, stride and dilation where they are not 1, and the activation."""
        return _details(self.padding, self.stride, self.dilation, self.activation)


_NOT_IMAGES = "a 2-D convolution takes images (B, H, W, C); reshape the features"


def _check(sizes: Sequence[int], padding: str, activation: str) -> None:
    if not min(sizes) >= 1:
        raise ParameterError(
            f"a convolution of sizes {', '.join(map(str, sizes))}; expected inputs, outputs, "
            "window, stride and dilation of 1 or more each"
        )
    if padding not in get_args(Padding):
        raise ParameterError(f"padding={padding!r}; expected {' or '.join(get_args(Padding))}")
    lookup("activation", activation, ACTIVATIONS)


def _check_images(shape: tuple[int, ...], channels: int) -> None:
    if len(shape) != 4:
        raise DataError(f"{_NOT_IMAGES}, which have the shape {shape}")
    if shape[-1] != channels:
        raise DataError(
            f"images of {shape[-1]} channels do not fit a convolution of {channels} inputs; make "
            f"it for {shape[-1]} inputs, or give images of {channels} channels"
        )


def _init(key: Array, shape: tuple[int, ...], initializer: Initializer) -> ConvParams:
    """The kernel is drawn as the matrix that multiplies a window."""
    check_key(key)
    *window, outputs = shape
    matrix = initializer(key, (math.prod(window), outputs))
    return ConvParams(matrix.reshape(shape), jnp.zeros(outputs))


def _pads(padding: str, window: int) -> tuple[int, int]:
    """Zeros before and after an axis, so that a window begins at every position."""
    before = (window - 1) // 2 if padding == "same" else 0
    return before, window - 1 - before if padding == "same" else 0


def _convolve(
    x: Array,
    params: ConvParams,
    pads: Sequence[tuple[int, int]],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Array:
    """The windows of `x` times the kernel, and the bias.

    In a loop (`lax.scan`, which an epoch of steps may be) the windows are copied side by side, and
    one product does the rest: XLA's own convolution takes ten times as long there on a CPU. Outside
    of one it takes two thirds of the time.

    Args:
        x: `(B, T, I)` or `(B, H, W, I)`.
        params: of the layer.
        pads: zeros before and after each axis.
        strides: of each axis.
        dilations: of each axis.

    Returns:
        `(B, T', O)` or `(B, H', W', O)`.
    """
    if not is_in_loop():
        z = lax.conv_general_dilated(
            x, params.kernel, strides, pads, rhs_dilation=dilations,
            dimension_numbers=_AXES[params.kernel.ndim],
        )  # fmt: skip
        return z + params.bias
    *window, _, outputs = params.kernel.shape
    x = jnp.pad(x, ((0, 0), *pads, (0, 0)))
    spans = [d * (n - 1) for n, d in zip(window, dilations, strict=True)]
    columns = []
    for offsets in product(*map(range, window)):
        begins = [o * d for o, d in zip(offsets, dilations, strict=True)]
        ends = [n - s + b for n, s, b in zip(x.shape[1:], spans, begins, strict=False)]
        slices = (slice(*limits) for limits in zip(begins, ends, strides, strict=True))
        columns.append(x[(slice(None), *slices)])
    windows = jnp.concatenate(columns, axis=-1)
    kernel = params.kernel.reshape(-1, outputs)
    flat = windows.reshape(-1, len(kernel)) @ kernel  # of matrices: its gradient is faster
    return flat.reshape(*windows.shape[:-1], outputs) + params.bias


def _details(
    padding: str, strides: Sequence[int], dilations: Sequence[int], activation: str
) -> str:
    shown = [padding]
    for name, sizes in (("stride", strides), ("dilation", dilations)):
        if max(sizes) > 1:
            shown.append(f"{name} {' x '.join(map(str, sizes))}")
    return ", ".join([*shown, activation])
