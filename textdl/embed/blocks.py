"""From a token store to steps: subsampled, cut into blocks, with windows and noise words drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator

import jax
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textdl.embed.config import STRIP, Config
from textdl.embed.sampling import (
    NOISE,
    SUBSAMPLE,
    WINDOWS,
    NoiseSampler,
    Subsampler,
    keep_probability,
    reduced_windows,
)
from textdl.embed.step import Steps
from textdl.errors import CorpusError
from textdl.text.store import TokenStore

SEGMENT = 1 << 18  # raw tokens that are subsampled at once
LARGEST_DISPATCH = 1 << 16  # centres a worker takes before the frequent words are merged
DISPATCHES_AN_EPOCH = 32  # of every worker, at least, where the corpus is small
LARGEST_PUSH = 128  # pairs that may move one row in one step; see _shape


class Blocks:
    """The steps of every epoch, as a function of (store, config, epoch) alone."""

    def __init__(self, store: TokenStore, config: Config) -> None:
        self.store, self.config = store, config
        self.vocabulary = store.vocabulary.cut(config.min_count, config.max_vocab_size)
        counts = self.vocabulary.counts
        if counts.sum() < 2:
            raise CorpusError("the corpus is a single word; expected at least two words of text")
        keep = keep_probability(counts, config.sample)
        self.subsample = Subsampler(keep, len(store.vocabulary))
        self.noise = NoiseSampler(counts)
        #: Tokens that an epoch keeps, in expectation.
        self.kept_per_epoch = float(keep @ counts)
        share = keep * counts / self.kept_per_epoch
        #: Pairs that move the row of each word, at one centre, in expectation. (V,)
        self.pushes = (config.window + 1) * (share + config.negative * self.noise.share)
        self.step_tokens, self.blocks = self._shape()
        #: Centres of a strip: R, or fewer where the step is smaller.
        self.strip = min(STRIP, self.step_tokens // self.blocks)
        wanted = self.kept_per_epoch / (DISPATCHES_AN_EPOCH * config.workers)
        self.steps = max(1, int(min(wanted, LARGEST_DISPATCH) / self.step_tokens))

    def _shape(self) -> tuple[int, int]:
        """Centres and blocks of a step, such that no row is pushed by too many pairs at once.

        All pairs of a step see the same parameters, and their changes are summed. With a vocabulary
        of 30 letters, say, every row would meet hundreds of pairs a step, overshoot and diverge.
        """
        config = self.config
        tokens = min(config.step_tokens, int(LARGEST_PUSH / self.pushes.max()))
        if tokens >= config.block_tokens:
            blocks = tokens // config.block_tokens
            return blocks * config.block_tokens, blocks
        return max(STRIP * (tokens // STRIP), 4), 1

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Steps]:
        """Yield the dispatches of one epoch, from number `start` on."""
        for number, run in enumerate(self._runs(epoch)):
            if number >= start:
                yield self._draw(run, epoch, number)

    def _runs(self, epoch: int) -> Iterator[NDArray[np.int32]]:
        """Cut the kept tokens into runs of `S N` centres with a halo of `w` on each side.

        Yields:
            `(2, S N + 2w)`: ids, and sentences with -1 where padding stands.
        """
        centres, halo = self.steps * self.step_tokens, self.config.window
        run = _padding(halo)
        for kept in self._kept(epoch):
            run = np.concatenate([run, kept], axis=1)
            while run.shape[1] >= centres + 2 * halo:
                yield run[:, : centres + 2 * halo]
                run = run[:, centres:]
        while run.shape[1] > halo:
            piece = run[:, : centres + 2 * halo]
            yield np.concatenate([piece, _padding(centres + 2 * halo - piece.shape[1])], axis=1)
            run = run[:, centres:]

    def _kept(self, epoch: int) -> Iterator[NDArray[np.int32]]:
        """Subsample the text, segment by segment. Yields `(2, n)`: ids and sentences."""
        tokens, seed = self.store.tokens, self.config.seed
        for number, start in enumerate(range(0, len(tokens), SEGMENT)):
            ids = np.asarray(tokens[start : start + SEGMENT])
            stays = self.subsample(ids, seed, SUBSAMPLE, epoch, number)
            sentences = self.store.sentences(start, start + len(ids))
            yield np.stack([ids[stays], sentences[stays]])

    def _draw(self, run: NDArray[np.int32], epoch: int, number: int) -> Steps:
        """Draw windows and noise for a run, and lay it out as steps."""
        config, halo = self.config, self.config.window
        key = (epoch, number)
        tokens = sliding_window_view(run[0], self.step_tokens + 2 * halo)[:: self.step_tokens]
        centres = self.steps * self.step_tokens
        windows = reduced_windows(centres, halo, config.seed, WINDOWS, *key)
        windows[run[1, halo : halo + centres] < 0] = 0
        left, right = reach(run[1], windows).reshape(2, self.steps, self.step_tokens)
        shape = (self.steps, self.blocks, config.block_noise)
        noise = self.noise(math.prod(shape), config.seed, NOISE, *key).reshape(shape)
        # Handed to the device here, in the thread that prepares, not where the device waits.
        arrays = (tokens, left, right, noise, self._rates(*key))
        return Steps(*jax.device_put(arrays))

    def share(self, dispatches: int) -> float:
        """The share of an epoch that so many of its dispatches are, in expectation; at most 1."""
        return min(dispatches * self.steps * self.step_tokens / self.kept_per_epoch, 1.0)

    def _rates(self, epoch: int, number: int) -> NDArray[np.float32]:
        """Linear decay over the whole run: rate · (1 - progress), never below the smallest rate."""
        config = self.config
        centres = (number * self.steps + np.arange(self.steps)) * self.step_tokens
        progress = (epoch + np.minimum(centres / self.kept_per_epoch, 1.0)) / config.epochs
        return np.maximum(config.learning_rate * (1 - progress), config.min_learning_rate).astype(
            np.float32
        )


def reach(sentences: NDArray[np.int32], windows: NDArray[np.int32]) -> NDArray[np.int32]:
    """How far the context of each centre goes: its window, but not beyond its sentence.

    Args:
        sentences: `(n + 2w,)` the sentence of every token, in ascending order but for padding.
        windows: `(n,)` the reduced window of every centre; centre `i` is token `i + w`.

    Returns:
        `(2, n)` tokens to the left, and to the right.
    """
    starts = np.flatnonzero(np.diff(sentences, prepend=-2))
    lengths = np.diff(starts, append=len(sentences))
    before = np.arange(len(sentences)) - np.repeat(starts, lengths)
    after = np.repeat(lengths, lengths) - 1 - before
    halo = (len(sentences) - len(windows)) // 2
    own = slice(halo, halo + len(windows))
    return np.minimum(windows, np.stack([before[own], after[own]])).astype(np.int32)


def _padding(tokens: int) -> NDArray[np.int32]:
    """`(2, tokens)`: word 0 of sentence -1, which meets nobody."""
    return np.stack([np.zeros(tokens, np.int32), np.full(tokens, -1, np.int32)])
