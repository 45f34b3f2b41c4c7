"""The embedding layer: a vector per id, such as of a word, learned or given.

References:
    Bengio et al. 2003, "A neural probabilistic language model";
    Kim 2014, "Convolutional neural networks for sentence classification" (given vectors, static
    and fine-tuned).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from numpy.typing import ArrayLike

from textdl.errors import DataError, ParameterError
from textdl.jax_settings import check_key
from textdl.nn.data.dataset import Features
from textdl.nn.data.packed_sequences import PackedSequences
from textdl.nn.data.sequences import SequenceBatch, Sequences
from textdl.nn.initializers import Initializer, uniform
from textdl.nn.layers.sequential import Layer


class EmbeddingParams(NamedTuple):
    """The parameters of an embedding layer.

    Example:
        >>> EmbeddingParams(jnp.zeros((10, 4))).table.shape
        (10, 4)
    """

    table: Array  # (V, D) float, E


@dataclass(frozen=True)
class Embedding(Layer):
    """h_t = E[id_t].

    Args:
        rows: V, how many ids there are.
        size: D, dimensions of a vector.
        initializer: of E.
        trainable: whether training changes E; False: not even weight decay does.

    Raises:
        ParameterError: a size is below 1.

    Example:
        >>> import jax
        >>> layer = Embedding(10, 4)
        >>> batch = SequenceBatch(jnp.array([[3, 7, 0]]), jnp.array([2]))
        >>> layer.apply(layer.init(jax.random.key(0)), batch).values.shape
        (1, 3, 4)
    """

    rows: int
    size: int
    initializer: Initializer = uniform
    trainable: bool = True

    def __post_init__(self) -> None:
        if not (self.rows >= 1 and self.size >= 1):
            raise ParameterError(
                f"an embedding of {self.rows} rows of size {self.size}; expected 1 or more of each"
            )

    def init(self, key: Array) -> EmbeddingParams:
        """Draw the table."""
        check_key(key)
        return EmbeddingParams(self.initializer(key, (self.rows, self.size)))

    def apply(
        self, params: EmbeddingParams, x: SequenceBatch, *, key: Array | None = None
    ) -> SequenceBatch:
        """The vectors of ids, with their lengths unchanged.

        An id that the table does not have becomes NaN, which no mask hides; the values in the
        padding make no difference.

        Args:
            params: of the layer.
            x: ids `(B, T)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            Vectors `(B, T, D)` with the same lengths.

        Raises:
            DataError: `x` is not sequences of ids.
        """
        del key
        if not isinstance(x, SequenceBatch) or not jnp.issubdtype(x.values.dtype, jnp.integer):
            raise DataError(_NOT_IDS)
        table = params.table if self.trainable else lax.stop_gradient(params.table)
        rows = table.at[x.values]
        vectors = rows.get(mode="fill", fill_value=jnp.nan, wrap_negative_indices=False)
        return x._replace(values=vectors)

    def check_features(self, features: Features) -> None:
        """Refuse ids that the table does not have.

        Raises:
            DataError: there is one, or the features are not sequences of ids.
        """
        if not isinstance(features, Sequences | PackedSequences):
            raise DataError(_NOT_IDS)
        smallest, largest = features.id_range()
        if smallest < 0 or largest >= self.rows:
            wrong: Any = smallest if smallest < 0 else largest
            raise DataError(
                f"id {wrong:,} is not in an embedding of {self.rows:,} rows; expected ids from 0 "
                f"to {self.rows - 1:,}"
            )

    def frozen(self, params: EmbeddingParams) -> EmbeddingParams:
        """True for E where it is not trainable."""
        del params
        return EmbeddingParams(not self.trainable)  # type: ignore[arg-type]

    def details(self) -> str:
        """Whether E is frozen."""
        return "" if self.trainable else "frozen"


def pretrained_embedding(
    matrix: ArrayLike, *, trainable: bool = True
) -> tuple[Embedding, EmbeddingParams]:
    """An embedding layer with given vectors, such as those of `Word2Vec`.

    Args:
        matrix: `(V, D)` float; row i is the vector of id i.
        trainable: whether training goes on to change them (fine-tuning).

    Returns:
        The layer, and its parameters, which take the place of those that `init` draws.

    Raises:
        DataError: the matrix does not have two axes, or an entry is not finite.

    Example:
        >>> import jax
        >>> from textdl import nn
        >>> embedding, table = pretrained_embedding([[1.0, 0.0], [0.0, 3.0]], trainable=False)
        >>> network = nn.sequential(embedding, nn.MeanPooling(), nn.Dense(2, 2))
        >>> params = (table, *network.init(jax.random.key(0))[1:])
        >>> params[0].table.tolist()
        [[1.0, 0.0], [0.0, 3.0]]
    """
    table = jnp.asarray(matrix, jnp.float32)
    if table.ndim != 2 or not table.size:
        raise DataError(f"vectors of shape {table.shape}; expected (V, D), a row per id")
    if not jnp.isfinite(table).all():
        row = int(jnp.argmin(jnp.isfinite(table).all(1)))
        raise DataError(f"the vector of id {row:,} is not finite; train or convert them again")
    rows, size = table.shape
    return Embedding(rows, size, trainable=trainable), EmbeddingParams(table)


_NOT_IDS = "an embedding takes sequences of integer ids; make them by nn.make_sequences"
