"""Vectors of new documents: the tables of a trained model stay, and only their rows are learned.

The gradient is that of the model's own objective, on blocks as in training. In a pass a document
takes a step for each of its blocks, one after the other, and its row is damped as in training, so
that it comes to lie where training would have put it. With negative sampling every score is an
affine function of a document's vector, whose coefficients are computed once: the output rows of the
words of a batch are gathered once and not in every pass, and what the words around a center add to
its scores are single numbers.

What a document becomes depends on its text alone. Which of its words are kept, and the windows, are
drawn from keys of their place in the document; all documents meet the same noise words in the same
step of a pass, once for all of their words. A batch is documents of about one length side by
side, each in a lane of its own; what a lane computes does not depend on the others. So a document
has the same bits, alone or among a million others.

Shapes are compiled for: a batch has one of few, and takes only the steps that its longest document
has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from textdl.embed.objectives.negative_sampling import (
    NOISE_WORDS,
    AffineScores,
    affine_gradient,
    affine_scores,
)
from textdl.embed.objectives.objective import (
    Blocks,
    DocumentRows,
    EmbeddingObjective,
    TrainingText,
    make_objective,
)
from textdl.embed.objectives.word_tables import OUTPUT
from textdl.embed.sampling import Subsampler, keep_probability, reduced_windows
from textdl.embed.tables import Batches, RowGradients
from textdl.embed.update import COMPILER_OPTIONS, step_weights
from textdl.jax_settings import fixed_settings
from textdl.keyed_random import INFERENCE, random_bits
from textdl.parallel import count_jobs, ordered_map
from textdl.text.vocabulary import Vocabulary

STEPS = 4  # of a batch; where a document has more, so much more that there are few shapes
STEPS_FACTOR = 4
LANES = 64  # documents of a batch at most
BATCH_BLOCKS = 512  # of all lanes of a batch at most: what stays of them is to fit a cache
# Passes over a document, each of them with the rate of so many epochs; update damping counts them.
EPOCHS_PER_PASS = 2
# L, as measured: an epoch has half the steps that it would have with the blocks of training, which
# takes half the time, and the vectors tell classes as well.
INFERENCE_BLOCK_TOKENS = 32
# K, noise words of a step. In dbow they meet a document, in dm each of its words.
INFERENCE_NOISE = {"dbow": 96, "dm": 24}
NOISE_STEPS = 16  # that meet different noise words in a pass
NOISE_DRAWS = 5  # passes that meet different noise words
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
        noise = INFERENCE_NOISE[config.arch] if config.loss == "ns" else None
        self._config = replace(
            config, train_words=False, block_noise=noise, block_tokens=INFERENCE_BLOCK_TOKENS
        )  # words do not learn
        counts = model.objective_counts
        keep = keep_probability(counts, config.sample)
        self._subsample = Subsampler(keep, len(keep))
        # A row for each lane of a batch. Of what is expected only a share is asked for: how often
        # the row of a document is moved at one of its words.
        rows = DocumentRows(np.arange(LANES, dtype=np.int32)[:, None], np.ones(LANES), LANES, 1)
        vocabulary = Vocabulary(model.vocabulary.words, counts)
        text = TrainingText(vocabulary, keep * counts / (keep @ counts), rows)
        self._objective = make_objective(text, self._config)
        self._updates_per_word = float(self._objective.bursts[DOCUMENTS][0])
        self._tables = {
            name: jnp.asarray(table) for name, table in model.tables.items() if name != DOCUMENTS
        }
        self._program = jit_learning(gradient_of(self._objective, self._config))

    def infer(
        self, ids: NDArray[np.int32], lengths: NDArray[np.int64], epochs: int
    ) -> NDArray[np.float32]:
        """The vectors of documents.

        Args:
            ids: of the known words of all documents, one document after the other.
            lengths: `(documents,)` how many of them are of each.
            epochs: in each of which a document takes a step for every block of its text.

        Returns:
            `(documents, D)`; zeros where a document has no known word.
        """
        documents = self._thin_out(ids, lengths)
        config = self._config
        falling = config.start_rate * (1 - np.arange(epochs) / epochs)
        of_epochs = np.maximum(falling, config.min_learning_rate)
        passes = np.arange(0, epochs, EPOCHS_PER_PASS)
        rates = np.add.reduceat(of_epochs, passes).astype(np.float32)
        noise = self._noise()
        vectors = np.zeros((len(lengths), config.vector_size), np.float32)
        groups = list(group_documents(-(-documents.lengths // config.block_tokens)))

        def learn(group: DocumentGroup) -> NDArray[np.float32]:
            return self._learn(documents, group, rates, noise)

        for group, found in zip(groups, ordered_map(learn, groups, count_jobs(-1)), strict=True):
            vectors[group.numbers] = found[: len(group.numbers)]
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

    def _noise(self) -> Array | None:
        """The vectors of noise words, `(n, NOISE_STEPS, K, H)`; None: the loss has none.

        Pass p meets those of number p modulo n, n = `NOISE_DRAWS`.
        """
        one = np.zeros((NOISE_STEPS, 1, self._config.block_tokens), np.int32)
        tokens = np.zeros((NOISE_STEPS, 1, one.shape[2] + 2 * self._config.window), np.int32)
        draws = (
            self._objective.draw(Blocks(tokens, one, one, FIRST_EPOCH + number, 0, one))
            for number in range(NOISE_DRAWS)
        )
        found = [draw.rows[OUTPUT][NOISE_WORDS][:, 0] for draw in draws if OUTPUT in draw.rows]
        return self._tables[OUTPUT][np.stack(found)] if found else None

    @fixed_settings()
    def _learn(
        self,
        documents: NewDocuments,
        group: DocumentGroup,
        rates: NDArray[np.float32],
        noise: Array | None,
    ) -> NDArray[np.float32]:
        """The vectors of some documents. `-> (lanes, D)`, of which the first are theirs."""
        blocks = self._lay_out(documents, group)
        draws = self._objective.draw(blocks)
        batches = Batches(draws.rows, draws.values, rate=None)
        of_documents = blocks.documents
        assert of_documents is not None
        updates = EPOCHS_PER_PASS * self._updates_per_word * (of_documents >= 0).sum(2)
        weights = step_weights(updates)
        used = np.int32(np.flatnonzero((of_documents >= 0).any((1, 2)))[-1] + 1)
        start = np.zeros((group.lanes, self._config.vector_size), np.float32)
        learned = self._program(self._tables, batches, start, weights, used, rates, noise)
        return np.asarray(learned)

    def _lay_out(self, documents: NewDocuments, group: DocumentGroup) -> Blocks:
        """Documents as the blocks of a batch: a lane each, a step for each of its blocks."""
        config = self._config
        length, halo = config.block_tokens, config.window
        lengths = documents.lengths[group.numbers]
        size = group.steps * length
        place = np.arange(size)
        is_text = np.zeros((group.lanes, size), bool)
        is_text[: len(lengths)] = place < lengths[:, None]
        lane, at = np.nonzero(is_text)
        tokens = np.zeros((group.lanes, size + 2 * halo), np.int32)
        tokens[lane, at + halo] = documents.ids[documents.starts[group.numbers][lane] + at]
        windows = self._windows(size)[at]
        extents = np.zeros((2, group.lanes, size), np.int32)
        if config.window_side != "right":
            extents[0, lane, at] = np.minimum(windows, at)
        if config.window_side != "left":
            extents[1, lane, at] = np.minimum(windows, lengths[lane] - 1 - at)
        number = np.where(is_text, np.arange(group.lanes)[:, None], -1).astype(np.int32)

        def by_step(of_lanes: NDArray[np.int32]) -> NDArray[np.int32]:
            cut = of_lanes.reshape(group.lanes, group.steps, length)
            return np.ascontiguousarray(cut.swapaxes(0, 1))

        around = sliding_window_view(tokens, length + 2 * halo, axis=1)[:, ::length]
        left, right = map(by_step, extents)
        own = np.ascontiguousarray(around.swapaxes(0, 1))
        return Blocks(own, left, right, FIRST_EPOCH, 0, by_step(number))

    def _windows(self, size: int) -> NDArray[np.int32]:
        """The window of every place of a document. `-> (size,)`."""
        if not self._config.draws_windows:
            return np.full(size, self._config.window, np.int32)
        return reduced_windows(
            size, self._config.window, self._config.seed, INFERENCE, WINDOW_DRAWS
        )


class DocumentGroup(NamedTuple):
    """Documents that are learned side by side."""

    numbers: NDArray[np.intp]  # which
    steps: int  # of the shape
    lanes: int  # of the shape


def group_documents(blocks: NDArray[np.int64]) -> Iterator[DocumentGroup]:
    """Share documents out to batches, those of about one length together.

    Args:
        blocks: `(documents,)` of each; documents without any are in no batch.

    Yields:
        Documents, and the shape that they have: a function of the length of each of them.

    Example:
        >>> for group in group_documents(np.array([30, 3, 0, 5000, 7])):
        ...     print(group.numbers, group.steps, group.lanes)
        [1] 4 64
        [4] 16 32
        [0] 64 8
        [3] 16384 1
    """
    order = np.argsort(blocks, kind="stable")
    begin = int(np.searchsorted(blocks[order], 1))
    steps = STEPS
    while begin < len(order):
        end = int(np.searchsorted(blocks[order], steps, side="right"))
        lanes = max(1, min(LANES, BATCH_BLOCKS // steps))
        for first in range(begin, end, lanes):
            yield DocumentGroup(order[first : min(first + lanes, end)], steps, lanes)
        begin = max(begin, end)
        steps *= STEPS_FACTOR


class DocumentGradient(NamedTuple):
    """The gradient of a step by the vectors of documents, one per block."""

    #: From tables, a batch and noise vectors `(n, K, H)` of every pass to what does not depend on
    #: the documents.
    prepare: Callable[[Mapping[str, Array], Batches, Array | None], Any]
    #: From the same, the number of the pass, what is prepared, and vectors `(N, D)` to the gradient
    #: `(N, D)`.
    compute: Callable[[Mapping[str, Array], Batches, Array | None, Array, Any, Array], Array]


def gradient_of(objective: EmbeddingObjective, config: EmbeddingConfig) -> DocumentGradient:
    """The gradient of an objective of documents."""
    if config.loss != "ns":
        return DocumentGradient(lambda *_: {}, partial(summed_gradient, objective))
    affine = objective.affine
    assert affine is not None
    size = config.vector_size
    weight = config.noise_per_prediction / config.noise_words

    def prepare(tables: Mapping[str, Array], batch: Batches, noise: Array | None) -> AffineScores:
        assert noise is not None
        return affine_scores(tables, affine(dict(tables), batch), batch, noise, size)

    def compute(
        tables: Mapping[str, Array],
        batch: Batches,
        noise: Array | None,
        number: Array,
        prepared: AffineScores,
        vectors: Array,
    ) -> Array:
        assert noise is not None
        chosen = number % noise.shape[0]
        return affine_gradient(prepared, chosen, vectors, noise[chosen, :, :size], weight)

    return DocumentGradient(prepare, compute)


def summed_gradient(
    objective: EmbeddingObjective,
    tables: Mapping[str, Array],
    batch: Batches,
    noise: Array | None,
    number: Array,
    prepared: Any,
    vectors: Array,
) -> Array:
    """`DocumentGradient.compute` of any objective: its gradient, of which only one table's is used.

    Args:
        objective: without noise.
        tables: all but that of documents.
        batch: of one step.
        noise: None.
        number: of the pass.
        prepared: nothing.
        vectors: `(N, D)`.

    Returns:
        `(N, D)`.
    """
    found = objective.loss_and_gradients({**tables, DOCUMENTS: vectors}, batch)
    total = jnp.zeros_like(vectors)
    for gradient in found.gradients[DOCUMENTS]:
        assert isinstance(gradient, RowGradients)
        values_by_row = gradient.values.reshape(-1, vectors.shape[1])
        total = total.at[gradient.ids.reshape(-1)].add(values_by_row)
    return total


def jit_learning(gradient: DocumentGradient) -> Any:
    """`learn_documents` by a gradient, to be compiled."""
    return jax.jit(partial(learn_documents, gradient), compiler_options=COMPILER_OPTIONS)


def learn_documents(
    gradient: DocumentGradient,
    tables: Mapping[str, Array],
    batches: Batches,
    start: Array,
    weights: Array,
    used: Array,
    rates: Array,
    noise: Array | None,
) -> Array:
    """In every pass, take the first steps of a batch one after the other.

    Args:
        gradient: of a step.
        tables: all but that of documents.
        batches: of S steps.
        start: `(N, D)` the vectors at the start.
        weights: `(S, N)` by which the gradient of each row is damped.
        used: `()`, the steps that are taken.
        rates: `(passes,)`.
        noise: `(n, m, K, H)`, the noise vectors of each pass modulo n and step modulo m; None: the
            loss has none.

    Returns:
        `(N, D)`.
    """

    def batch_of(step: Array) -> Batches:
        of_step: Batches = jax.tree.map(lambda array: array[step], batches)
        return of_step

    def noise_of(step: Array) -> Array | None:
        return None if noise is None else noise[:, step % noise.shape[1]]

    def prepare(step: Array) -> Any:
        return gradient.prepare(tables, batch_of(step), noise_of(step))

    def put(step: Array, prepared: Any) -> Any:
        return jax.tree.map(lambda all_, one: all_.at[step].set(one), prepared, prepare(step))

    shapes = jax.eval_shape(prepare, jnp.int32(0))
    empty = jax.tree.map(lambda it: jnp.zeros((len(weights), *it.shape), it.dtype), shapes)
    prepared = lax.fori_loop(0, used, put, empty)

    def learn(step: Array, vectors: Array, number: Array, rate: Array) -> Array:
        of_step = jax.tree.map(lambda array: array[step], prepared)
        found = gradient.compute(tables, batch_of(step), noise_of(step), number, of_step, vectors)
        return vectors - rate * weights[step][:, None] * found

    def run_pass(vectors: Array, of_pass: tuple[Array, Array]) -> tuple[Array, None]:
        return lax.fori_loop(0, used, lambda n, v: learn(n, v, *of_pass), vectors), None

    vectors, _ = lax.scan(run_pass, start, (jnp.arange(len(rates)), rates))
    return vectors
