"""From a token store to batches: subsampled, cut into blocks, windows and noise words drawn.

The batches of every epoch are a function of (store, config, epoch) alone, so that a run can be
entered anywhere. They come in chunks of steps, which is what a worker computes in one call.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textdl.embed.config import STRIP, EmbeddingConfig
from textdl.embed.objectives.objective import Blocks, TrainingText, make_objective
from textdl.embed.sampling import Subsampler, keep_probability, reduced_windows
from textdl.embed.tables import Batches
from textdl.errors import CorpusError
from textdl.keyed_random import BLOCK_ORDER, SUBSAMPLING, WINDOWS, permutation
from textdl.text.store import TokenStore

SEGMENT_TOKENS = 1 << 18  # raw tokens that are subsampled at once
CHUNKS_PER_SPAN = 16  # blocks are shuffled over a span
MAX_CHUNK_TOKENS = 1 << 16  # centers a worker takes before the frequent rows are synchronized
# The same where words wait for the end of the chunk for what they share: shorter is better, and
# costs more, as measured on wiki17m (scripts/README.md).
MAX_TIED_CHUNK_TOKENS = 12_288
MIN_CHUNKS_PER_EPOCH = 32  # of every worker, where the corpus is small


class BatchSampler:
    """The batches of every epoch.

    Args:
        store: the tokens.
        config: the parameters of the run; its objective draws what it needs for every step.

    Raises:
        CorpusError: the text is a single word, or `min_count` leaves none.

    Attributes:
        vocabulary: V words, those of the store that `min_count` and `max_vocab_size` leave.
        kept_per_epoch: tokens that an epoch keeps, in expectation.
        kept_share: `(V,)` the share of each word among them.
        steps: S of a chunk.
        blocks: B of a step.
        length: L, centers of a block.
        step_tokens: B L, centers of a step.
    """

    def __init__(self, store: TokenStore, config: EmbeddingConfig) -> None:
        self.store = store
        self.config = config
        self.vocabulary = store.vocabulary.cut(config.min_count, config.max_vocab_size)
        counts = self.vocabulary.counts
        if counts.sum() < 2:
            raise CorpusError("the corpus is a single word; expected at least two words of text")
        keep = keep_probability(counts, config.sample)
        self.kept_per_epoch = float(keep @ counts)
        self.kept_share = keep * counts / self.kept_per_epoch
        self._subsample = Subsampler(keep, len(store.vocabulary))
        self.objective = make_objective(TrainingText(self.vocabulary, self.kept_share), config)
        self.length = min(config.block_tokens, max(STRIP, config.step_tokens // STRIP * STRIP))
        self.blocks = max(1, config.step_tokens // self.length)
        self.step_tokens = self.blocks * self.length
        wanted = self.kept_per_epoch / (MIN_CHUNKS_PER_EPOCH * config.workers)
        most = MAX_TIED_CHUNK_TOKENS if self.objective.ties else MAX_CHUNK_TOKENS
        self.steps = max(1, int(min(wanted, most) / self.step_tokens))
        self._chunks_per_span = CHUNKS_PER_SPAN * MAX_CHUNK_TOKENS // most

    @property
    def chunk_tokens(self) -> int:
        """Centers of a chunk of steps."""
        return self.steps * self.step_tokens

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batches]:
        """Yield the chunks of one epoch, from number `start` on."""
        for number, blocks in enumerate(self._chunks(epoch)):
            if number >= start:
                yield self._draw(blocks, epoch, number)

    def epochs(self, epoch: int, start: int = 0) -> Iterator[Iterator[Batches]]:
        """Yield the chunks of each epoch from one on, of that from number `start` on.

        Where that is after the last there are none.
        """
        for number in range(epoch, self.config.epochs):
            yield self.epoch(number, start if number == epoch else 0)

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

        A step takes its blocks from all over a span. Words come in bursts: a name that an article
        has a hundred times would be moved so often at once that its row diverges.

        Yields:
            For `S B` blocks, token ids `(S B, L + 2w)`, and how far the context of each center goes
            to the left and to the right, `(S B, L)` each.
        """
        halo = self.config.window
        length = self.length
        for number, span in enumerate(self._spans(epoch)):
            key = (self.config.seed, WINDOWS, epoch, number)
            windows = self._windows(span.shape[1] - 2 * halo, *key)
            windows[span[1, halo : len(windows) + halo] < 0] = 0
            left, right = context_extents(span[1], windows, self.config.window_side)
            left, right = left.reshape(-1, length), right.reshape(-1, length)
            tokens = sliding_window_view(span[0], length + 2 * halo)[::length]
            order = permutation(len(tokens), self.config.seed, BLOCK_ORDER, epoch, number)
            for some in order.reshape(-1, self.steps * self.blocks):
                yield tokens[some], left[some], right[some]

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
        """Subsample the text, segment by segment. Yields `(2, n)`: ids and sentences."""
        tokens = self.store.tokens
        for number, start in enumerate(range(0, len(tokens), SEGMENT_TOKENS)):
            ids = np.asarray(tokens[start : start + SEGMENT_TOKENS])
            stays = self._subsample(ids, self.config.seed, SUBSAMPLING, epoch, number)
            kept = np.flatnonzero(stays)
            sentences = self.store.sentences(start, start + len(ids))
            yield np.stack([ids.take(kept), sentences.take(kept)])

    def _draw(self, blocks: tuple[NDArray[np.int32], ...], epoch: int, number: int) -> Batches:
        """Lay blocks out as steps, and draw what the objective needs."""
        tokens, left, right = (x.reshape(self.steps, self.blocks, -1) for x in blocks)
        draws = self.objective.draw(Blocks(tokens, left, right, epoch, number))
        return Batches(draws.rows, draws.values, self._rates(epoch, number))

    def _windows(self, size: int, *key: int) -> NDArray[np.int32]:
        """The window of every center. `-> (size,)`."""
        if self.config.shrink_windows:
            return reduced_windows(size, self.config.window, *key)
        return np.full(size, self.config.window, np.int32)

    def _rates(self, epoch: int, number: int) -> NDArray[np.float32]:
        """Linear decay over the whole run: rate · (1 - progress), never below the smallest rate."""
        config = self.config
        centers = (number * self.steps + np.arange(self.steps)) * self.step_tokens
        progress = (epoch + np.minimum(centers / self.kept_per_epoch, 1.0)) / config.epochs
        rates = np.maximum(config.start_rate * (1 - progress), config.min_learning_rate)
        return rates.astype(np.float32)


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
