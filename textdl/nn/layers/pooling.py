"""Pooling: one vector for a whole sequence, or one number for a patch of an image.

References:
    Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text
    classification" (means);
    Collobert et al. 2011, "Natural language processing (almost) from scratch" (maxima);
    Yang et al. 2016, "Hierarchical attention networks for document classification" (attention).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from textdl.errors import DataError, ParameterError
from textdl.jax_settings import check_key
from textdl.nn.data.sequences import SequenceBatch, masked_vectors
from textdl.nn.initializers import Initializer, glorot_uniform
from textdl.nn.layers.sequential import Layer


@dataclass(frozen=True)
class MeanPooling(Layer):
    """y = Σ_{t < length} x_t / length^power: the mean over what is not padding.

    The mean of an empty sequence is 0.

    Args:
        power: of the length: 1 gives the mean; 1/2 numbers that are as large for long sequences as
            for short ones where the vectors are independent, of the scale of one vector.

    Example:
        >>> batch = SequenceBatch(jnp.array([[[1.0], [3.0], [99.0]]]), jnp.array([2]))
        >>> MeanPooling().apply((), batch).tolist()
        [[2.0]]
        >>> four = SequenceBatch(jnp.ones((1, 4, 1)), jnp.array([4]))
        >>> MeanPooling(power=0.5).apply((), four).tolist()
        [[2.0]]
    """

    power: float = 1.0

    has_parameters = False

    def apply(self, params: tuple[()], x: SequenceBatch, *, key: Array | None = None) -> Array:
        """The means, `(B, D)`.

        Args:
            params: none.
            x: vectors `(B, T, D)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, D)` float.

        Raises:
            DataError: `x` is not sequences of vectors.
        """
        del key
        kept = masked_vectors(x, "pooling")  # (B, T, D)
        lengths = jnp.maximum(x.lengths, 1)[:, None]
        return kept.sum(1) / (lengths if self.power == 1 else lengths**self.power)

    def details(self) -> str:
        """The power of the length, where it is not that of the mean."""
        return "" if self.power == 1 else f"power {self.power:g}"


@dataclass(frozen=True)
class MaxPooling(Layer):
    """y_d = max_{t < length} x_td: the maximum of each number over what is not padding.

    The maximum of an empty sequence is 0. Where several positions have the maximum, they share its
    gradient.

    Example:
        >>> batch = SequenceBatch(jnp.array([[[1.0], [-3.0], [99.0]]]), jnp.array([2]))
        >>> MaxPooling().apply((), batch).tolist()
        [[1.0]]
    """

    has_parameters = False

    def apply(self, params: tuple[()], x: SequenceBatch, *, key: Array | None = None) -> Array:
        """The maxima, `(B, D)`.

        Args:
            params: none.
            x: vectors `(B, T, D)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, D)` float.

        Raises:
            DataError: `x` is not sequences of vectors.
        """
        del key
        values = masked_vectors(x, "pooling")  # (B, T, D)
        kept = jnp.where(x.mask[:, :, None], values, -jnp.inf)
        return jnp.where(x.lengths[:, None] > 0, kept.max(1), 0)


class AttentionParams(NamedTuple):
    """The parameters of attention pooling.

    Example:
        >>> AttentionParams(jnp.zeros((8, 4)), jnp.zeros(4), jnp.zeros(4)).query.shape
        (4,)
    """

    weights: Array  # (D, A) float, W
    bias: Array  # (A,) float, b
    query: Array  # (A,) float, q


@dataclass(frozen=True)
class AttentionPooling(Layer):
    """y = Σ_t α_t x_t, α = softmax over t < length of q · tanh(x_t W + b).

    The result for an empty sequence is 0.

    Args:
        inputs: D, numbers per vector.
        units: A, units of the hidden layer that scores a position.
        initializer: of W and of q, as a matrix `(A, 1)`; b starts at 0.

    Raises:
        ParameterError: a size is below 1.

    Example:
        >>> layer = AttentionPooling(8, 4)
        >>> batch = SequenceBatch(jnp.ones((2, 3, 8)), jnp.array([2, 3]))
        >>> layer.apply(layer.init(jax.random.key(0)), batch).shape
        (2, 8)
    """

    inputs: int
    units: int
    initializer: Initializer = glorot_uniform

    def __post_init__(self) -> None:
        if not (self.inputs >= 1 and self.units >= 1):
            raise ParameterError(
                f"attention pooling of {self.inputs} inputs and {self.units} units; expected 1 or "
                "more of each"
            )

    def init(self, key: Array) -> AttentionParams:
        """Draw W and q; b starts at 0."""
        check_key(key)
        weights_key, query_key = jax.random.split(key)
        return AttentionParams(
            self.initializer(weights_key, (self.inputs, self.units)),
            jnp.zeros(self.units),
            self.initializer(query_key, (self.units, 1))[:, 0],
        )

    def apply(
        self, params: AttentionParams, x: SequenceBatch, *, key: Array | None = None
    ) -> Array:
        """The weighted means, `(B, D)`.

        Args:
            params: of the layer.
            x: vectors `(B, T, D)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, D)` float.

        Raises:
            DataError: `x` is not sequences of vectors, or not of D numbers.
        """
        del key
        values = masked_vectors(x, "attention pooling", self.inputs)  # (B, T, D)
        return jnp.einsum("bt,btd->bd", attention_weights(params, x), values)


def attention_weights(params: AttentionParams, x: SequenceBatch) -> Array:
    """α of attention pooling: how much each position counts.

    Args:
        params: of the layer.
        x: vectors `(B, T, D)` with lengths.

    Returns:
        `(B, T)` float, 0 in the padding; the sum of a sequence is 1, or 0 where it is empty.

    Example:
        >>> params = AttentionParams(jnp.eye(1), jnp.zeros(1), jnp.ones(1))
        >>> batch = SequenceBatch(jnp.array([[[1.0], [1.0], [9.0]]]), jnp.array([2]))
        >>> attention_weights(params, batch).tolist()
        [[0.5, 0.5, 0.0]]
    """
    values = masked_vectors(x, "attention pooling")  # (B, T, D)
    scores = jnp.tanh(values @ params.weights + params.bias) @ params.query  # (B, T)
    return jax.nn.softmax(scores, axis=1, where=x.mask)


@dataclass(frozen=True)
class MaxPooling2D(Layer):
    """y_ij = max of the patch of an image that begins at row s i and column s j.

    Rows and columns that do not fill a patch are left out.

    Args:
        size: rows and columns of a patch.
        stride: s, rows and columns from one patch to the next; None: `size`, so none overlap.

    Raises:
        ParameterError: a size is below 1.

    Example:
        >>> image = jnp.arange(16.0).reshape(1, 4, 4, 1)
        >>> MaxPooling2D((2, 2)).apply((), image)[0, :, :, 0].tolist()
        [[5.0, 7.0], [13.0, 15.0]]
    """

    size: tuple[int, int]
    stride: tuple[int, int] | None = None

    has_parameters = False

    def __post_init__(self) -> None:
        if not min(*self.size, *(self.stride or (1, 1))) >= 1:
            raise ParameterError(
                f"max pooling of size {self.size} and stride {self.stride}; expected 1 or more each"
            )

    def apply(self, params: tuple[()], x: Array, *, key: Array | None = None) -> Array:
        """The maxima of the patches.

        Args:
            params: none.
            x: images `(B, H, W, C)`.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, H', W', C)` float.

        Raises:
            DataError: `x` is not images, or they are smaller than a patch.
        """
        del key
        rows, columns = self.size
        if getattr(x, "ndim", 0) != 4 or x.shape[1] < rows or x.shape[2] < columns:
            raise DataError(
                f"max pooling of {rows} x {columns} cannot take {getattr(x, 'shape', type(x))}; "
                "expected images (B, H, W, C) of at least that size"
            )
        window = (1, *self.size, 1)
        strides = (1, *(self.stride or self.size), 1)
        maxima: Array = lax.reduce_window(x, -jnp.inf, lax.max, window, strides, "valid")
        return maxima

    def details(self) -> str:
        """The size of a patch."""
        return " x ".join(map(str, self.size))
