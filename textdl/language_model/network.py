"""The network of a language model, and the loss of a segment.

The vector of the last symbol goes through recurrent layers; their state gives the probability of
every symbol that may come next. Where the weights are tied, the rows of the softmax are the vectors
that are read, which is fewer parameters and a lower perplexity.

References:
    Mikolov et al. 2010, "Recurrent neural network based language model";
    Press and Wolf 2017, "Using the output embedding to improve language models" (tied weights);
    Williams and Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent
    network trajectories" (truncated backpropagation through time).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import Array, lax

from textdl.jax_settings import check_key
from textdl.language_model.streams import SegmentBatch
from textdl.nn.data.sequences import SequenceBatch
from textdl.nn.initializers import glorot_uniform, uniform
from textdl.nn.layers.dropout import Dropout
from textdl.nn.layers.embedding import Embedding, EmbeddingParams
from textdl.nn.layers.recurrent import GRU, LSTM, RNN, Recurrent, RecurrentParams
from textdl.nn.layers.sequential import Layer
from textdl.nn.scan import State

Carry: TypeAlias = tuple[State, ...]  # the state of every recurrent layer

CELL_LAYERS: Mapping[str, type[Recurrent]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
# Vectors begin as U(-0.8, 0.8). From U(-0.1, 0.1), as in Zaremba et al. 2014, the first hundred
# steps go into making them larger: after them, 3.9 bits per character against 3.2 where tied.
VECTOR_SCALE = 0.8
OUTPUT_SCALE = 0.1  # of rows of the softmax that are not the vectors
LOGITS_AT_ONCE = 1 << 24  # more are made again for the gradient, part by part


class LanguageParams(NamedTuple):
    """The parameters of a `LanguageNetwork`.

    Example:
        >>> network = LanguageNetwork(rows=9, vector_size=4, hidden_size=4)
        >>> params = network.init(jax.random.key(0))
        >>> params.bias.shape, params.projection, params.output
        ((9,), None, None)
    """

    embedding: EmbeddingParams
    recurrent: tuple[RecurrentParams, ...]
    projection: Array | None  # (H, D) float, P; None where the state has D numbers, or not tied
    output: Array | None  # (V, H) float, the rows of the softmax; None where they are the vectors
    bias: Array  # (V,) float, b


@dataclass(frozen=True)
class LanguageNetwork(Layer):
    """p(next = v) = softmax_v(E_v · h P + b_v), h = recurrence(E[id_0], ..., E[id_t]).

    Args:
        rows: V, symbols.
        vector_size: D, numbers of a vector.
        hidden_size: H, numbers of a state.
        cell: a name in `CELL_LAYERS`.
        layers: recurrent ones.
        tied: the rows of the softmax are the vectors; False: they are learned by themselves.
        dropout: share of the vectors, and of the states of each layer, left out in training.

    Example:
        >>> network = LanguageNetwork(rows=9, vector_size=4, hidden_size=6)
        >>> batch = SequenceBatch(jnp.array([[1, 5, 7]]), jnp.array([3]))
        >>> network.apply(network.init(jax.random.key(0)), batch).values.shape
        (1, 3, 9)
    """

    rows: int
    vector_size: int
    hidden_size: int
    cell: str = "gru"
    layers: int = 1
    tied: bool = True
    dropout: float = 0.0

    is_random = True

    @property
    def draws(self) -> bool:
        """Whether there is dropout."""
        return self.dropout > 0

    def init(self, key: Array) -> LanguageParams:
        """Draw the vectors and all weights; biases start as those of the layers do."""
        check_key(key)
        embedding_key, recurrent_key, projection_key, output_key = jax.random.split(key, 4)
        keys = jax.random.split(recurrent_key, self.layers)
        has_projection = self.tied and self.hidden_size != self.vector_size
        sizes = (self.hidden_size, self.vector_size)
        output_sizes = (self.rows, self.hidden_size)
        return LanguageParams(
            self._embedding.init(embedding_key),
            tuple(layer.init(own) for layer, own in zip(self.recurrent_layers, keys, strict=True)),
            glorot_uniform(projection_key, sizes) if has_projection else None,
            None if self.tied else uniform(output_key, output_sizes, OUTPUT_SCALE),
            jnp.zeros(self.rows),
        )

    def initial_carry(self, batch_size: int) -> Carry:
        """The state before the first step: zeros."""
        return tuple(layer.initial_state(batch_size) for layer in self.recurrent_layers)

    def apply(
        self, params: LanguageParams, x: SequenceBatch, *, key: Array | None = None
    ) -> SequenceBatch:
        """The logits of what comes after every position.

        Args:
            params: of the network.
            x: ids `(B, T)` with lengths.
            key: of dropout; None: there is none.

        Returns:
            `(B, T, V)` with the same lengths.

        Raises:
            DataError: `x` is not sequences of ids.
        """
        hidden, _ = self.run(params, x, self.initial_carry(len(x.lengths)), key=key)
        return hidden._replace(values=self.logits(params, hidden.values))

    def run(
        self, params: LanguageParams, x: SequenceBatch, carry: Carry, *, key: Array | None = None
    ) -> tuple[SequenceBatch, Carry]:
        """What the recurrent layers make of ids, from a state to a state.

        Args:
            params: of the network.
            x: ids `(B, T)` with lengths.
            carry: the state of every layer before the first step.
            key: of dropout; None: there is none.

        Returns:
            `(B, T, D)` with the same lengths, `(B, T, H)` where the weights are not tied; and the
            state of every layer after the last step that is real.
        """
        keys = [None] * (self.layers + 1) if key is None else jax.random.split(key, self.layers + 1)
        dropout = Dropout(self.dropout)
        values = self._embedding.apply(params.embedding, x)
        after = []
        for number, layer in enumerate(self.recurrent_layers):
            values = dropout.apply((), values, key=keys[number])
            values, state = layer.run(params.recurrent[number], values, carry[number])
            after.append(state)
        values = dropout.apply((), values, key=keys[-1])
        if params.projection is not None:
            values = values._replace(values=values.values @ params.projection)
        return values, tuple(after)

    def logits(self, params: LanguageParams, hidden: Array) -> Array:
        """`(..., V)` from what `run` makes."""
        rows = params.embedding.table if params.output is None else params.output
        return hidden @ rows.T + params.bias

    @property
    def _embedding(self) -> Embedding:
        return Embedding(self.rows, self.vector_size, partial(uniform, scale=VECTOR_SCALE))

    @property
    def recurrent_layers(self) -> tuple[Recurrent, ...]:
        """From the vectors upwards."""
        kind = CELL_LAYERS[self.cell]
        inputs = (self.vector_size, *(self.hidden_size,) * (self.layers - 1))
        return tuple(kind(size, self.hidden_size, unroll=4) for size in inputs)


def segment_loss(
    network: LanguageNetwork,
    params: LanguageParams,
    carry: Carry,
    batch: SegmentBatch,
    key: Array | None = None,
) -> tuple[Array, Carry]:
    """-Σ log p(target) over all that is no padding, in nats, and the state after the segment.

    Args:
        network: with `carry` as its state.
        params: of the network.
        carry: before the segment; no gradient goes through it.
        batch: a segment of every stream.
        key: of dropout; None: there is none.

    Returns:
        A scalar, and the state after the last step that is real.

    Example:
        >>> import numpy as np
        >>> network = LanguageNetwork(rows=4, vector_size=2, hidden_size=2)
        >>> params = jax.tree.map(jnp.zeros_like, network.init(jax.random.key(0)))
        >>> ids = np.array([[2, 3]], np.int32)
        >>> batch = SegmentBatch(ids, ids, np.array([2], np.int32))
        >>> loss, _ = segment_loss(network, params, network.initial_carry(1), batch)
        >>> bool(jnp.isclose(loss, 2 * jnp.log(4)))
        True
    """
    x = SequenceBatch(jnp.asarray(batch.inputs), jnp.asarray(batch.lengths))
    hidden, after = network.run(params, x, lax.stop_gradient(carry), key=key)
    flat = hidden.values.reshape(-1, hidden.values.shape[-1])  # (B T, D)
    targets = jnp.asarray(batch.targets).reshape(-1)
    return _summed_loss(network, params, flat, targets, x.mask.reshape(-1)), after


def _summed_loss(
    network: LanguageNetwork, params: LanguageParams, hidden: Array, targets: Array, mask: Array
) -> Array:
    """The loss over positions `(P, D)`, whose logits are not all in memory at once."""

    def part(hidden: Array, targets: Array, mask: Array) -> Array:
        logits = network.logits(params, hidden)
        is_target = jnp.arange(network.rows) == targets[:, None]
        score = jnp.where(is_target, logits, 0).sum(-1)  # a gather's gradient would be a scatter
        return jnp.where(mask, jax.nn.logsumexp(logits, axis=-1) - score, 0).sum()

    parts = -(-len(targets) * network.rows // LOGITS_AT_ONCE)
    if parts == 1:
        return part(hidden, targets, mask)
    size = -(-len(targets) // parts)
    padding = size * parts - len(targets)
    columns = (
        jnp.pad(it, [(0, padding), *[(0, 0)] * (it.ndim - 1)]).reshape(parts, size, *it.shape[1:])
        for it in (hidden, targets, mask)
    )
    losses: Array = lax.map(lambda some: jax.checkpoint(part)(*some), tuple(columns))
    return losses.sum()
