"""From a token store to steps: subsampled, cut into blocks, with windows and noise words drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from textdl.embed.config import STRIP, Config
from textdl.embed.sampling import (
    NoiseSampler,
    Subsampler,
    keep_probability,
    reduced_windows,
)
from textdl.embed.step import Steps
from textdl.errors import CorpusError
from textdl.keyed_random import BLOCK_ORDER, NOISE, SUBSAMPLING, WINDOWS, permutation
from textdl.text.store import TokenStore

SEGMENT = 1 << 18  # raw tokens that are subsampled at once
SPAN = 16  # dispatches over which blocks are shuffled
LARGEST_DISPATCH = 1 << 16  # centres a worker takes before the frequent words are merged
DISPATCHES_AN_EPOCH = 32  # of every worker, at least, where the corpus is small


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
        #: Blocks B of a step, and centres L of a block.
        self.length = min(config.block_tokens, max(STRIP, config.step_tokens // STRIP * STRIP))
        self.blocks = max(1, config.step_tokens // self.length)
        self.step_tokens = self.blocks * self.length
        wanted = self.kept_per_epoch / (DISPATCHES_AN_EPOCH * config.workers)
        self.steps = max(1, int(min(wanted, LARGEST_DISPATCH) / self.step_tokens))

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Steps]:
        """Yield the dispatches of one epoch, from number `start` on."""
        for number, blocks in enumerate(self._dispatches(epoch)):
            if number >= start:
                yield self._draw(blocks, epoch, number)

    def _dispatches(self, epoch: int) -> Iterator[tuple[NDArray[np.int32], ...]]:
        """Cut spans into blocks, each with its halo, and deal them out at random.

        A step takes its blocks from all over a span. Words come in bursts: a name that an article
        has a hundred times would be pushed so often at once that it is thrown far out.

        Yields:
            For `S B` blocks, token ids `(S B, L + 2w)`, and how far the context of each centre goes
            to the left and to the right, `(S B, L)` each.
        """
        halo, length = self.config.window, self.length
        for number, span in enumerate(self._spans(epoch)):
            key = (self.config.seed, WINDOWS, epoch, number)
            windows = reduced_windows(span.shape[1] - 2 * halo, halo, *key)
            windows[span[1, halo : len(windows) + halo] < 0] = 0
            left, right = (side.reshape(-1, length) for side in reach(span[1], windows))
            tokens = sliding_window_view(span[0], length + 2 * halo)[::length]
            order = permutation(len(tokens), self.config.seed, BLOCK_ORDER, epoch, number)
            for some in order.reshape(-1, self.steps * self.blocks):
                yield tokens[some], left[some], right[some]

    def _spans(self, epoch: int) -> Iterator[NDArray[np.int32]]:
        """Cut the kept tokens into spans, with a halo of `w` on each side.

        Yields:
            `(2, n + 2w)`, n a multiple of `S N`: ids, and sentences with -1 where padding stands.
        """
        dispatch, halo = self.steps * self.step_tokens, self.config.window
        whole, waiting = SPAN * dispatch, [_padding(halo)]
        for kept in self._kept(epoch):
            waiting.append(kept)
            if sum(part.shape[1] for part in waiting) >= whole + 2 * halo:
                span = np.concatenate(waiting, axis=1)
                while span.shape[1] >= whole + 2 * halo:
                    yield span[:, : whole + 2 * halo]
                    span = span[:, whole:]
                waiting = [span]
        span = np.concatenate(waiting, axis=1)
        if (centres := span.shape[1] - halo) > 0:
            yield np.concatenate([span, _padding(-centres % dispatch + halo)], axis=1)

    def _kept(self, epoch: int) -> Iterator[NDArray[np.int32]]:
        """Subsample the text, segment by segment. Yields `(2, n)`: ids and sentences."""
        tokens, seed = self.store.tokens, self.config.seed
        for number, start in enumerate(range(0, len(tokens), SEGMENT)):
            ids = np.asarray(tokens[start : start + SEGMENT])
            kept = np.flatnonzero(self.subsample(ids, seed, SUBSAMPLING, epoch, number))
            sentences = self.store.sentences(start, start + len(ids))
            yield np.stack([ids.take(kept), sentences.take(kept)])

    def _draw(self, blocks: tuple[NDArray[np.int32], ...], epoch: int, number: int) -> Steps:
        """Lay blocks out as steps, and draw their noise words."""
        tokens, left, right = (x.reshape(self.steps, self.blocks, -1) for x in blocks)
        shape = (self.steps, self.blocks, self.config.noise_words)
        noise = self.noise(math.prod(shape), self.config.seed, NOISE, epoch, number).reshape(shape)
        # Handed to the device here, in the thread that prepares, not where the device waits.
        return Steps(*jax.device_put((tokens, left, right, noise, self._rates(epoch, number))))

    def outline(self) -> Steps:
        """The shapes and types of a dispatch, to compile what it is handed to."""
        steps, blocks, length = self.steps, self.blocks, self.length
        return Steps(
            tokens=_shape(steps, blocks, length + 2 * self.config.window),
            left=_shape(steps, blocks, length),
            right=_shape(steps, blocks, length),
            noise=_shape(steps, blocks, self.config.noise_words),
            rate=_shape(steps, dtype=np.float32),
        )

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


def reach(
    sentences: NDArray[np.int32], windows: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """How far the context of each centre goes: its window, but not beyond its sentence.

    Args:
        sentences: `(n + 2w,)` the sentence of every token, in ascending order but for padding.
        windows: `(n,)` the reduced window of every centre; centre `i` is token `i + w`.

    Returns:
        `(n,)` tokens to the left, and `(n,)` to the right.
    """
    borders = np.flatnonzero(np.diff(sentences, prepend=-2, append=-2)).astype(np.int32)
    lengths, place = np.diff(borders), np.arange(len(sentences), dtype=np.int32)
    before = place - np.repeat(borders[:-1], lengths)
    after = np.repeat(borders[1:] - 1, lengths) - place
    halo = (len(sentences) - len(windows)) // 2
    own = slice(halo, halo + len(windows))
    return np.minimum(windows, before[own]), np.minimum(windows, after[own])


def _shape(*sizes: int, dtype: type = np.int32) -> Any:
    return jax.ShapeDtypeStruct(sizes, dtype)  # type: ignore[no-untyped-call]


def _padding(tokens: int) -> NDArray[np.int32]:
    """`(2, tokens)`: word 0 of sentence -1, which meets nobody."""
    return np.stack([np.zeros(tokens, np.int32), np.full(tokens, -1, np.int32)])
