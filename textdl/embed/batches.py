"""From a token store to batches: subsampled, cut into blocks, windows and noise words drawn.

The batches of every epoch are a function of (store, config, epoch) alone, so that a run can be
entered anywhere. They come in chunks of steps, which is what a worker computes in one call.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textdl.embed.config import CPU_STEP_TOKENS, STRIP, EmbeddingConfig
from textdl.embed.document_tags import DocumentTags, document_rows
from textdl.embed.growth import TrainedWords
from textdl.embed.objectives.objective import Blocks, TrainingText, make_objective
from textdl.embed.sampling import Subsampler, keep_probability, reduced_windows
from textdl.embed.tables import Batches
from textdl.errors import CorpusError
from textdl.keyed_random import (
    BLOCK_ORDER,
    HELD_OUT,
    SEGMENT_ORDER,
    SUBSAMPLING,
    UINT32_RANGE,
    WINDOWS,
    permutation,
    random_bits,
)
from textdl.parallel import count_jobs, ordered_map
from textdl.text.store import TokenStore
from textdl.text.vocabulary import Vocabulary

SEGMENT_TOKENS = 1 << 18  # raw tokens that are subsampled at once
DOCUMENT_SEGMENT_TOKENS = 1 << 14  # the same where segments come in random order
CHUNKS_PER_SPAN = 16  # blocks are shuffled over a span
MAX_CHUNK_TOKENS = 1 << 16  # centers a worker takes before the frequent rows are synchronized
# The same where words wait for the end of the chunk for what they share: shorter is better, and
# costs more, as measured on wiki17m (scripts/README.md).
MAX_TIED_CHUNK_TOKENS = 1 << 14
MIN_CHUNKS_PER_EPOCH = 32  # of every worker, where the corpus is small
ACCELERATOR_STEP_TOKENS = 1 << 13  # larger is faster yet, and analogies lose a hundredth
ACCELERATOR_STEPS_PER_EPOCH = 1_500  # at least, unless steps are as small as on a CPU
MAX_THREADS = 4  # that prepare batches; a GPU is not faster than these
HELD_OUT_EPOCH = 1 << 32  # the number of no epoch, so that its draws are those of no epoch


class BatchSampler:
    """The batches of every epoch.

    Args:
        store: the tokens.
        config: the parameters of the run; its objective draws what it needs for every step.
        words: of a model that is trained on; None: those of the store.
        held_out: the share of the sentences that is not trained on.
        documents: the tags of every document, which is a sentence of the store, where documents
            have vectors.

    Raises:
        CorpusError: the text is a single word, `min_count` leaves none, or so few sentences cannot
            be shared out.

    Attributes:
        vocabulary: V words, those of the store that `min_count` and `max_vocab_size` leave, or
            those of the model.
        tags: what the vectors of documents are called; None where words have those that are kept.
        first_epoch: the number of the first epoch of this run.
        kept_per_epoch: tokens that an epoch keeps, in expectation.
        kept_share: `(V,)` the share of each word among them.
        steps: S of a chunk.
        blocks: B of a step.
        length: L, centers of a block.
        step_tokens: B L, centers of a step.
    """

    def __init__(
        self,
        store: TokenStore,
        config: EmbeddingConfig,
        words: TrainedWords | None = None,
        held_out: float = 0.0,
        documents: DocumentTags | None = None,
    ) -> None:
        self.store = store
        self.config = config
        self.first_epoch = words.epochs if words else 0
        self._rows = words.rows if words else None
        self._left_out = _held_out(store, held_out, config.seed) if held_out else None
        self.vocabulary = (
            words.vocabulary
            if words
            else store.vocabulary.cut(config.min_count, config.max_vocab_size)
        )
        counts = words.counts if words else self.vocabulary.counts
        if counts.sum() < 2:
            raise CorpusError("the corpus is a single word; expected at least two words of text")
        if self._left_out is not None:
            counts = self._count_tokens()
        self._keep = keep_probability(self.vocabulary.counts, config.sample)
        self.kept_per_epoch = float(self._keep @ counts)
        self.kept_share = self._keep * counts / self.kept_per_epoch
        all_words = len(self.vocabulary) + 1 if words else len(store.vocabulary)
        self._subsample = Subsampler(self._keep, all_words)
        described = self.vocabulary
        if words:
            described = Vocabulary(described.words, words.objective_counts)
        wanted = config.step_tokens or accelerator_step_tokens(self.kept_per_epoch)
        self.length = min(config.block_tokens, max(STRIP, wanted // STRIP * STRIP))
        self.blocks = max(1, wanted // self.length)
        self.tags = None if documents is None else documents.labels
        rows = None
        if documents is not None:
            rows = document_rows(documents, store, self._keep, self.length)
        self.objective = make_objective(TrainingText(described, self.kept_share, rows), config)
        self.step_tokens = self.blocks * self.length
        chunk = self.kept_per_epoch / (MIN_CHUNKS_PER_EPOCH * config.worker_count)
        most = MAX_TIED_CHUNK_TOKENS if self.objective.ties else MAX_CHUNK_TOKENS
        self.steps = max(1, int(min(chunk, most) / self.step_tokens))
        self._chunks_per_span = CHUNKS_PER_SPAN * MAX_CHUNK_TOKENS // most
        # Threads that prepare, of the cores that the workers leave; on a GPU they leave most.
        self._threads = min(MAX_THREADS, max(1, count_jobs(-1) - config.worker_count))

    @property
    def chunk_tokens(self) -> int:
        """Centers of a chunk of steps."""
        return self.steps * self.step_tokens

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batches]:
        """Yield the chunks of one epoch, from number `start` on."""

        def draw(numbered: tuple[int, tuple[NDArray[np.int32], ...]]) -> Batches:
            return self._draw(numbered[1], epoch, numbered[0])

        chunks = enumerate(self._chunks(self.first_epoch + epoch))
        yield from ordered_map(draw, islice(chunks, start, None), self._threads)

    def epochs(self, epoch: int, start: int = 0) -> Iterator[Iterator[Batches]]:
        """Yield the chunks of each epoch from one on, of that from number `start` on.

        Where that is after the last there are none.
        """
        for number in range(epoch, self.config.epochs):
            yield self.epoch(number, start if number == epoch else 0)

    def held_out(self) -> Self:
        """The batches of the sentences that are not trained on; the same in every epoch.

        Raises:
            CorpusError: they have no words.
        """
        assert self._left_out is not None
        held = copy.copy(self)
        held._left_out = ~self._left_out
        held.first_epoch = HELD_OUT_EPOCH
        counts = held._count_tokens()
        if counts.sum() < 2:
            raise CorpusError(
                f"the {np.count_nonzero(self._left_out):,} sentences of {len(self._left_out):,} "
                "that are held out have no words of the vocabulary; raise validation_fraction"
            )
        held.kept_per_epoch = float(self._keep @ counts)
        held.steps = max(1, min(self.steps, int(held.kept_per_epoch / self.step_tokens)))
        return held

    @property
    def updates_per_step(self) -> dict[str, NDArray[np.float64]]:
        """How often each row of each table is moved in a step, in expectation. `(rows,)` each."""
        per_center = self.objective.expected_updates
        return {name: updates * self.step_tokens for name, updates in per_center.items()}

    def epoch_fraction(self, chunks: int) -> float:
        """The share of an epoch that so many of its chunks are, in expectation; at most 1."""
        return min(chunks * self.chunk_tokens / self.kept_per_epoch, 1.0)

    def _chunks(self, epoch: int) -> Iterator[tuple[NDArray[np.int32], ...]]:
        """Cut spans into blocks, each with its halo, and deal them out at random.

        Yields:
            For `S B` blocks, token ids `(S B, L + 2w)`, how far the context of each center goes to
            the left and to the right, and its document, `(S B, L)` each.
        """

        def deal_out(
            numbered: tuple[int, NDArray[np.int32]],
        ) -> list[tuple[NDArray[np.int32], ...]]:
            return self._deal_out(numbered[1], epoch, numbered[0])

        for chunks in ordered_map(deal_out, enumerate(self._spans(epoch)), self._threads):
            yield from chunks

    def _deal_out(
        self, span: NDArray[np.int32], epoch: int, number: int
    ) -> list[tuple[NDArray[np.int32], ...]]:
        """The chunks of a span.

        A step takes its blocks from all over a span. Words come in bursts: a name that an article
        has a hundred times would be moved so often at once that its row diverges.

        Args:
            span: `(2, n + 2w)` ids and sentences.
            epoch: from 0.
            number: of the span in its epoch.

        Returns:
            For each chunk, what `_chunks` yields.
        """
        halo = self.config.window
        length = self.length
        windows = self._windows(span.shape[1] - 2 * halo, self.config.seed, WINDOWS, epoch, number)
        windows[span[1, halo : len(windows) + halo] < 0] = 0
        left, right = context_extents(span[1], windows, self.config.window_side)
        left, right = left.reshape(-1, length), right.reshape(-1, length)
        documents = span[1, halo : len(windows) + halo].reshape(-1, length)
        tokens = sliding_window_view(span[0], length + 2 * halo)[::length]
        order = permutation(len(tokens), self.config.seed, BLOCK_ORDER, epoch, number)
        chunks = order.reshape(-1, self.steps * self.blocks)
        return [(tokens[some], left[some], right[some], documents[some]) for some in chunks]

    def _spans(self, epoch: int) -> Iterator[NDArray[np.int32]]:
        """Cut the kept tokens into spans, with a halo of `w` on each side.

        Yields:
            `(2, n + 2w)`, n a multiple of `S B L`: ids, and sentences with -1 where padding stands.
        """
        halo = self.config.window
        whole = self._chunks_per_span * self.chunk_tokens
        waiting = [_padding(halo)]
        for kept in self._kept(epoch):
            waiting.append(kept)
            if sum(part.shape[1] for part in waiting) >= whole + 2 * halo:
                span = np.concatenate(waiting, axis=1)
                while span.shape[1] >= whole + 2 * halo:
                    yield span[:, : whole + 2 * halo]
                    span = span[:, whole:]
                waiting = [span]
        span = np.concatenate(waiting, axis=1)
        if (centers := span.shape[1] - halo) > 0:
            yield np.concatenate([span, _padding(-centers % self.chunk_tokens + halo)], axis=1)

    def _kept(self, epoch: int) -> Iterator[NDArray[np.int32]]:
        """Subsample the text, segment by segment. Yields `(2, n)`: ids and sentences.

        Documents come in another order in every epoch. The vectors of words drift with what they
        meet, and each document would show when it was met: where a corpus is sorted by class, as
        many are, a class would be told by that and not by its words.
        """
        tokens = self.store.tokens
        size = DOCUMENT_SEGMENT_TOKENS if self.config.has_documents else SEGMENT_TOKENS

        def subsample(number: int) -> NDArray[np.int32]:
            self.store.require_whole()
            start = number * size
            ids = np.asarray(tokens[start : start + size])
            if self._rows is not None:
                ids = self._rows.take(ids)
            stays = self._subsample(ids, self.config.seed, SUBSAMPLING, epoch, number)
            sentences = self.store.sentences(start, start + len(ids))
            if self._left_out is not None:
                stays &= ~self._left_out[sentences]
            kept = np.flatnonzero(stays)
            return np.stack([ids.take(kept), sentences.take(kept)])

        segments: Sequence[int] = range(-(-len(tokens) // size))
        if self.config.has_documents:
            segments = permutation(len(segments), self.config.seed, SEGMENT_ORDER, epoch).tolist()
        yield from ordered_map(subsample, segments, self._threads)

    def _draw(self, blocks: tuple[NDArray[np.int32], ...], epoch: int, number: int) -> Batches:
        """Lay blocks out as steps, and draw what the objective needs."""
        tokens, left, right, documents = (x.reshape(self.steps, self.blocks, -1) for x in blocks)
        draws = self.objective.draw(
            Blocks(tokens, left, right, self.first_epoch + epoch, number, documents)
        )
        return Batches(draws.rows, draws.values, self._rates(epoch, number))

    def _windows(self, size: int, *key: int) -> NDArray[np.int32]:
        """The window of every center. `-> (size,)`."""
        if self.config.draws_windows:
            return reduced_windows(size, self.config.window, *key)
        return np.full(size, self.config.window, np.int32)

    def _count_tokens(self) -> NDArray[np.int64]:
        """The occurrences of every word in what is not left out. `-> (V,)`."""
        assert self._left_out is not None
        counts = np.zeros(len(self.vocabulary), np.int64)
        for start in range(0, len(self.store.tokens), SEGMENT_TOKENS):
            ids = np.asarray(self.store.tokens[start : start + SEGMENT_TOKENS])
            ids = ids[~self._left_out[self.store.sentences(start, start + len(ids))]]
            if self._rows is not None:
                ids = self._rows.take(ids)
            counts += np.bincount(ids, minlength=len(counts))[: len(counts)]
        return counts

    def rate(self, epoch: int, chunk: int) -> float:
        """The learning rate after so many chunks of an epoch."""
        return float(self._rates(epoch, chunk)[0])

    def _rates(self, epoch: int, number: int) -> NDArray[np.float32]:
        """Linear decay over the whole run: rate · (1 - progress), never below the smallest rate."""
        config = self.config
        centers = (number * self.steps + np.arange(self.steps)) * self.step_tokens
        progress = (epoch + np.minimum(centers / self.kept_per_epoch, 1.0)) / config.epochs
        rates = np.maximum(config.start_rate * (1 - progress), config.min_learning_rate)
        return rates.astype(np.float32)


def _held_out(store: TokenStore, share: float, seed: int) -> NDArray[np.bool_]:
    """Which sentences are held out. `-> (sentences,)`.

    Raises:
        CorpusError: all or none.
    """
    sentences = len(store.offsets) - 1
    held = random_bits(sentences, seed, HELD_OUT) < np.uint64(share * UINT32_RANGE)
    if held.all() or not held.any():
        raise CorpusError(
            f"validation_fraction={share:g} of {sentences:,} sentences holds out "
            f"{'all' if held.all() else 'none'}; pass more text, a document per line, or another "
            "share"
        )
    return held


def accelerator_step_tokens(kept_per_epoch: float) -> int:
    """Centers of a step on a GPU or TPU: many, but not so many that an epoch has few steps.

    Args:
        kept_per_epoch: tokens that an epoch keeps.

    Returns:
        A power of two.

    Example:
        >>> [accelerator_step_tokens(tokens) for tokens in (1e3, 2e6, 1e9)]
        [128, 1024, 8192]
    """
    tokens = max(1, int(kept_per_epoch / ACCELERATOR_STEPS_PER_EPOCH))
    return min(max(CPU_STEP_TOKENS, 1 << tokens.bit_length() - 1), ACCELERATOR_STEP_TOKENS)


def context_extents(
    sentences: NDArray[np.int32], windows: NDArray[np.int32], side: str = "both"
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """How far the context of each center goes: its window, but not beyond its sentence.

    Args:
        sentences: `(n + 2w,)` the sentence of every token, in ascending order but for padding.
        windows: `(n,)` the window of every center; center `i` is token `i + w`.
        side: of the window that is context: both, left or right.

    Returns:
        `(n,)` tokens to the left, and `(n,)` to the right.

    Example:
        >>> left, right = context_extents(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 1]))
        >>> left.tolist(), right.tolist()
        ([1, 1, 0], [1, 0, 1])
    """
    borders = np.flatnonzero(np.diff(sentences, prepend=-2, append=-2)).astype(np.int32)
    lengths = np.diff(borders)
    place = np.arange(len(sentences), dtype=np.int32)
    before = place - np.repeat(borders[:-1], lengths)
    after = np.repeat(borders[1:] - 1, lengths) - place
    halo = (len(sentences) - len(windows)) // 2
    own = slice(halo, halo + len(windows))
    nothing = np.zeros_like(windows)
    left = nothing if side == "right" else np.minimum(windows, before[own])
    right = nothing if side == "left" else np.minimum(windows, after[own])
    return left, right


def _padding(tokens: int) -> NDArray[np.int32]:
    """`(2, tokens)`: word 0 of sentence -1, which meets nobody."""
    return np.stack([np.zeros(tokens, np.int32), np.full(tokens, -1, np.int32)])
