"""The embedding layer: a vector per id, such as of a word, learned or given.

References:
    Bengio et al. 2003, "A neural probabilistic language model";
    Kim 2014, "Convolutional neural networks for sentence classification" (given vectors, static
    and fine-tuned);
    Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text
    classification" (word dropout).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
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

UNKNOWN = 0  # the id of all words that are not known, and of those that are dropped


class EmbeddingParams(NamedTuple):
    """The parameters of an embedding layer.

    Example:
        >>> EmbeddingParams(jnp.zeros((10, 4))).table.shape
        (10, 4)
    """

    table: Array  # (V, D) float, E


@dataclass(frozen=True)
class Embedding(Layer):
    """h_t = E[id_t]; in training E[0] in its place with probability `word_dropout`.

    Whole words are dropped, so that no text is known by one rare word; and the vector of id 0,
    which is to stand for unknown words, is trained on all contexts.

    Args:
        rows: V, how many ids there are.
        size: D, dimensions of a vector.
        initializer: of E.
        trainable: whether training changes E; False: not even weight decay does.
        word_dropout: share of ids that are read as 0 in training; at least 0, below 1.

    Raises:
        ParameterError: a size is below 1, or the share is out of range.

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
    word_dropout: float = 0.0

    def __post_init__(self) -> None:
        if not (self.rows >= 1 and self.size >= 1):
            raise ParameterError(
                f"an embedding of {self.rows} rows of size {self.size}; expected 1 or more of each"
            )
        if not 0 <= self.word_dropout < 1:
            raise ParameterError(
                f"word_dropout={self.word_dropout} is out of range; expected 0 <= word_dropout < 1"
            )

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Only with word dropout: without, the layers behind it draw as they do without it."""
        return self.word_dropout > 0

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
            key: of word dropout; None, as in prediction, gives every id its own vector.

        Returns:
            Vectors `(B, T, D)` with the same lengths.

        Raises:
            DataError: `x` is not sequences of ids.
        """
        if not isinstance(x, SequenceBatch) or not jnp.issubdtype(x.values.dtype, jnp.integer):
            raise DataError(_NOT_IDS)
        table = params.table if self.trainable else lax.stop_gradient(params.table)
        rows = table.at[self._kept_ids(x, key)]
        vectors = rows.get(mode="fill", fill_value=jnp.nan, wrap_negative_indices=False)
        return x._replace(values=vectors)

    def _kept_ids(self, x: SequenceBatch, key: Array | None) -> Array:
        """The ids `(B, T)`, some of which are `UNKNOWN`; the padding stays as it is."""
        if key is None or self.word_dropout == 0:
            return x.values
        check_key(key)
        is_dropped = jax.random.bernoulli(key, self.word_dropout, x.values.shape)
        return jnp.where(is_dropped & x.mask, UNKNOWN, x.values)

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
        """Whether E is frozen, and word dropout."""
        dropped = f"word dropout {self.word_dropout:g}" if self.word_dropout else ""
        return ", ".join(filter(None, ["" if self.trainable else "frozen", dropped]))


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
