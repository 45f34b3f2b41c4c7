"""Vectors of new documents: the tables of a trained model stay, and only their rows are learned.

The gradient is that of the model's own objective, on blocks as in training. A document takes a step
per epoch, on all of its text at once; the step is damped as the updates of training are, so that
it goes as far as they would one after the other.

What a document becomes depends on its text alone. Which of its words are kept, and the windows, are
drawn from keys of their place in the document; all documents of an epoch meet the same noise
words. Batches have one shape, so that each document is computed by the same program: the same bits,
alone or among a million others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textdl.embed.config import EmbeddingConfig
from textdl.embed.model import ModelState
from textdl.embed.objectives.document_rows import DOCUMENTS
from textdl.embed.objectives.negative_sampling import NOISE_WORDS
from textdl.embed.objectives.objective import (
    Blocks,
    DocumentRows,
    TrainingText,
    make_objective,
)
from textdl.embed.objectives.word_tables import OUTPUT
from textdl.embed.sampling import Subsampler, keep_probability, reduced_windows
from textdl.embed.tables import Batches, LossFunction, RowGradients
from textdl.embed.update import COMPILER_OPTIONS, step_weights
from textdl.jax_settings import fixed_settings
from textdl.keyed_random import INFERENCE, random_bits
from textdl.parallel import count_jobs, ordered_map
from textdl.text.vocabulary import Vocabulary

BLOCKS = 64  # of a batch; more where a document is longer
FIRST_EPOCH = 1 << 33  # the number of no epoch of training, so that the draws are others
SUBSAMPLING_DRAWS = 0  # the end of the key of what is kept
WINDOW_DRAWS = 1  # the end of the key of windows


class NewDocuments(NamedTuple):
    """The kept words of documents."""

    ids: NDArray[np.int32]  # (n,) of all, one document after the other
    starts: NDArray[np.int64]  # (documents,) where each begins in `ids`
    lengths: NDArray[np.int64]  # (documents,)


class DocumentInference:
    """Learns the vectors of new documents.

    Args:
        model: trained, with vectors of documents.
        config: that it was trained with.
    """

    def __init__(self, model: ModelState, config: EmbeddingConfig) -> None:
        self._config = replace(config, train_words=False)  # words do not learn
        counts = model.objective_counts
        keep = keep_probability(counts, config.sample)
        self._subsample = Subsampler(keep, len(keep))
        # A row for each document of a batch. Of what is expected only a share is asked for: how
        # often the row of a document is moved at one of its words.
        rows = DocumentRows(np.arange(BLOCKS, dtype=np.int32)[:, None], np.ones(BLOCKS), BLOCKS, 1)
        vocabulary = Vocabulary(model.vocabulary.words, counts)
        text = TrainingText(vocabulary, keep * counts / (keep @ counts), rows)
        self._objective = make_objective(text, self._config)
        self._updates_per_word = float(self._objective.bursts[DOCUMENTS][0])
        self._tables = {
            name: jnp.asarray(table) for name, table in model.tables.items() if name != DOCUMENTS
        }
        self._program = jit_learning(self._objective.loss_and_gradients)

    def infer(
        self, ids: NDArray[np.int32], lengths: NDArray[np.int64], epochs: int
    ) -> NDArray[np.float32]:
        """The vectors of documents.

        Args:
            ids: of the known words of all documents, one document after the other.
            lengths: `(documents,)` how many of them are of each.
            epochs: steps that each document takes.

        Returns:
            `(documents, D)`; zeros where a document has no known word.
        """
        documents = self._thin_out(ids, lengths)
        config = self._config
        falling = config.start_rate * (1 - np.arange(epochs) / epochs)
        rates = np.maximum(falling, config.min_learning_rate).astype(np.float32)
        noise = self._noise(epochs)
        vectors = np.zeros((len(lengths), config.vector_size), np.float32)
        groups = list(group_documents(-(-documents.lengths // config.block_tokens)))

        def learn(group: range) -> NDArray[np.float32]:
            return self._learn(documents, group, rates, noise)

        for group, found in zip(groups, ordered_map(learn, groups, count_jobs(-1)), strict=True):
            vectors[group.start : group.stop] = found[: len(group)]
        return vectors

    def _thin_out(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> NewDocuments:
        """Drop frequent words, at places that are the same for every document."""
        place = np.arange(len(ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        of_document = np.repeat(np.arange(len(lengths)), lengths)
        key = (self._config.seed, INFERENCE, SUBSAMPLING_DRAWS)
        bits = random_bits(int(lengths.max(initial=0)), *key)
        stays = bits[place] < self._subsample.threshold[ids]
        kept = np.bincount(of_document[stays], minlength=len(lengths))
        stays |= (kept == 0)[of_document]  # a few frequent words are better than none
        kept = np.bincount(of_document[stays], minlength=len(lengths))
        return NewDocuments(ids[stays], np.cumsum(kept) - kept, kept)

    def _noise(self, epochs: int) -> NDArray[np.int32] | None:
        """The noise words of every epoch, `(epochs, K)`; None where the loss has none."""
        one = np.zeros((1, 1, self._config.block_tokens), np.int32)
        tokens = np.zeros((1, 1, one.shape[2] + 2 * self._config.window), np.int32)
        draws = (
            self._objective.draw(Blocks(tokens, one, one, FIRST_EPOCH + epoch, 0, one))
            for epoch in range(epochs)
        )
        found = [draw.rows[OUTPUT][NOISE_WORDS] for draw in draws if OUTPUT in draw.rows]
        return np.concatenate(found)[:, 0] if found else None

    @fixed_settings()
    def _learn(
        self,
        documents: NewDocuments,
        group: range,
        rates: NDArray[np.float32],
        noise: NDArray[np.int32] | None,
    ) -> NDArray[np.float32]:
        """The vectors of some documents. `-> (BLOCKS, D)`, of which the first are theirs."""
        blocks, document = self._lay_out(documents, group)
        draws = self._objective.draw(blocks)
        rows, values = jax.tree.map(lambda array: array[0], tuple(draws))
        batch = Batches(rows, values, rate=None)
        lengths = np.zeros(BLOCKS)
        lengths[: len(group)] = documents.lengths[group.start : group.stop]
        weights = step_weights(self._updates_per_word * lengths)
        start = np.zeros((BLOCKS, self._config.vector_size), np.float32)
        learned = self._program(self._tables, batch, start, document, weights, rates, noise)
        return np.asarray(learned)

    def _lay_out(self, documents: NewDocuments, group: range) -> tuple[Blocks, NDArray[np.int32]]:
        """Some documents as blocks of one step, and which of them each block is of, `(B,)`."""
        config = self._config
        length, halo = config.block_tokens, config.window
        lengths = documents.lengths[group.start : group.stop]
        sizes = -(-lengths // length)
        blocks = BLOCKS << max(0, int(sizes.sum() - 1) // BLOCKS).bit_length()
        first = (np.cumsum(sizes) - sizes) * length  # where each document begins
        of_token = np.repeat(np.arange(len(group)), lengths)
        place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        target = first[of_token] + place
        start = int(documents.starts[group.start])
        tokens = np.zeros(blocks * length + 2 * halo, np.int32)
        tokens[target + halo] = documents.ids[start : start + len(target)]
        windows = self._windows(int(lengths.max()))[place]
        extents = np.zeros((2, blocks * length), np.int32)
        if config.window_side != "right":
            extents[0, target] = np.minimum(windows, place)
        if config.window_side != "left":
            extents[1, target] = np.minimum(windows, lengths[of_token] - 1 - place)
        document = np.full(blocks * length, -1, np.int32)
        document[target] = of_token
        by_block = (1, blocks, length)
        left, right = extents[0].reshape(by_block), extents[1].reshape(by_block)
        cut = sliding_window_view(tokens, length + 2 * halo)[::length][None]
        laid = Blocks(cut, left, right, FIRST_EPOCH, 0, document.reshape(by_block))
        return laid, np.maximum(document[::length], 0)

    def _windows(self, size: int) -> NDArray[np.int32]:
        """The window of every place of a document. `-> (size,)`."""
        if not self._config.draws_windows:
            return np.full(size, self._config.window, np.int32)
        return reduced_windows(
            size, self._config.window, self._config.seed, INFERENCE, WINDOW_DRAWS
        )


def group_documents(sizes: NDArray[np.int64]) -> Iterator[range]:
    """Share documents out to batches, in order.

    Args:
        sizes: `(documents,)` blocks of each.

    Yields:
        Documents that have at most `BLOCKS` together, or one that has more.

    Example:
        >>> list(group_documents(np.array([30, 30, 0, 10, 70, 1])))
        [range(0, 3), range(3, 4), range(4, 5), range(5, 6)]
    """
    begin = 0
    blocks = 0
    for number, size in enumerate(sizes.tolist()):
        if number > begin and (blocks + size > BLOCKS or number - begin == BLOCKS):
            yield range(begin, number)
            begin = number
            blocks = 0
        blocks += size
    if len(sizes):
        yield range(begin, len(sizes))


def jit_learning(loss_and_gradients: LossFunction) -> Any:
    """`learn_documents` of an objective, to be compiled."""
    return jax.jit(partial(learn_documents, loss_and_gradients), compiler_options=COMPILER_OPTIONS)


def learn_documents(
    loss_and_gradients: LossFunction,
    tables: Mapping[str, Array],
    batch: Batches,
    start: Array,
    document: Array,
    weights: Array,
    rates: Array,
    noise: Array | None,
) -> Array:
    """Take a step per epoch, each on all blocks of a document.

    Args:
        loss_and_gradients: of the objective.
        tables: all but that of documents.
        batch: of one step.
        start: `(rows, D)` the vectors at the start.
        document: `(B,)` the row of each block.
        weights: `(rows,)` by which the summed gradient of each row is damped.
        rates: `(epochs,)`.
        noise: `(epochs, K)`, in place of what the batch has; None: the loss has none.

    Returns:
        `(rows, D)`.
    """
    blocks = document.shape[0]

    def step(vectors: Array, epoch: tuple[Array, Array | None]) -> tuple[Array, None]:
        rate, words = epoch
        rows = dict(batch.rows)
        if words is not None:
            shared = jnp.broadcast_to(words, (blocks, words.shape[0]))
            rows[OUTPUT] = {**rows[OUTPUT], NOISE_WORDS: shared}
        found = loss_and_gradients({**tables, DOCUMENTS: vectors}, batch._replace(rows=rows))
        by_block = sum(
            gradient.values.reshape(blocks, -1, vectors.shape[1]).sum(1)
            for gradient in found.gradients[DOCUMENTS]
            if isinstance(gradient, RowGradients)
        )
        gradients = jax.ops.segment_sum(by_block, document, vectors.shape[0])
        return vectors - rate * weights[:, None] * gradients, None

    vectors, _ = lax.scan(step, start, (rates, noise))
    return vectors
