"""Batches: every kept token is a center exactly once, with its true neighbors around it."""

from collections import Counter

import jax
import numpy as np
import pytest

from tests.embed.conftest import build_store
from textdl.embed import batches
from textdl.embed.batches import BatchSampler, context_extents
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import OBJECTIVES
from textdl.errors import CorpusError
from textdl.keyed_random import SUBSAMPLING


def centers(sampler, epoch):
    """Ids around every center of an epoch that has a context, and how far that goes."""
    halo = sampler.config.window
    for chunk in sampler.epoch(epoch):
        tokens, left, right = (np.asarray(x) for x in (chunk.tokens, chunk.left, chunk.right))
        for s, b, c in zip(*np.nonzero(left + right), strict=True):
            yield tokens[s, b, c : c + 2 * halo + 1], left[s, b, c], right[s, b, c]


def kept_tokens(store, config, sampler, epoch):
    """What subsampling leaves of the store, by a loop over segments."""
    ids, sentences = [], []
    of_token = np.repeat(np.arange(len(store.offsets) - 1), np.diff(store.offsets))
    size = batches.SEGMENT_TOKENS
    for number, start in enumerate(range(0, len(store.tokens), size)):
        segment = np.asarray(store.tokens[start : start + size])
        stays = sampler._subsample(segment, config.seed, SUBSAMPLING, epoch, number)
        ids += segment[stays].tolist()
        sentences += of_token[start : start + size][stays].tolist()
    return ids, sentences


@pytest.mark.parametrize("segment", [1 << 18, 1000, 37])
@pytest.mark.parametrize("span", [1, 16])
@pytest.mark.parametrize("min_count", [1, 20])
def test_epoch_has_every_kept_token_as_center_once(store, monkeypatch, segment, span, min_count):
    monkeypatch.setattr(batches, "SEGMENT_TOKENS", segment)
    monkeypatch.setattr(batches, "CHUNKS_PER_SPAN", span)
    sampler = BatchSampler(store, EmbeddingConfig(min_count=min_count, window=3, epochs=2))
    for epoch in range(2):
        ids, sentences = kept_tokens(store, sampler.config, sampler, epoch)
        assert max(ids) < len(sampler.vocabulary)
        starts, ends = (np.searchsorted(sentences, sentences, side) for side in ("left", "right"))
        padded = [0] * 3 + ids + [0] * 3
        # What is alone in its sentence has no pairs, and cannot be told from padding.
        expected = Counter(
            tuple(padded[i : i + 7]) for i in np.flatnonzero(ends - starts > 1).tolist()
        )
        found = Counter(tuple(around.tolist()) for around, _, _ in centers(sampler, epoch))
        assert found == expected


@pytest.mark.parametrize("window", [1, 2, 5])
def test_context_extents_end_with_window_and_sentence(window):
    draw = np.random.default_rng(window)
    sentences = np.sort(draw.integers(0, 30, 100 + 2 * window)).astype(np.int32)
    windows = draw.integers(0, window + 1, 100).astype(np.int32)
    left, right = context_extents(sentences, windows)
    for i, own in enumerate(sentences[window:-window]):
        near = sentences[i : i + 2 * window + 1] == own
        before, after = near[:window][::-1], near[window + 1 :]
        assert left[i] == min(windows[i], np.argmin(np.append(before, False)))
        assert right[i] == min(windows[i], np.argmin(np.append(after, False)))


def test_step_takes_blocks_from_all_over_a_span(tmp_path):
    text = [" ".join(f"w{i}" for i in range(start, start + 64)) for start in range(0, 16_384, 64)]
    store = build_store(text, tmp_path / "store")
    config = EmbeddingConfig(min_count=1, sample=0, step_tokens=512, block_tokens=64, workers=1)
    sampler = BatchSampler(store, config)
    first = next(sampler.epoch(0))
    words = sampler.vocabulary.words
    places = [int(words[i][1:]) for i in np.asarray(first.tokens)[0, :, 5]]
    assert len(places) == 8
    assert max(places) - min(places) > 2048


def test_epochs_differ_and_repeat(store):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1))
    first, again, second = (next(sampler.epoch(epoch)) for epoch in (0, 0, 1))
    for one, two in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()
    noise = [np.asarray(chunk.sampled["noise"]) for chunk in (first, second)]
    assert (noise[0] != noise[1]).any()
    assert (np.asarray(first.tokens) != np.asarray(second.tokens)).any()


def test_epoch_entered_anywhere_same_batches(store):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1))
    whole, rest = list(sampler.epoch(1)), list(sampler.epoch(1, start=5))
    assert len(rest) == len(whole) - 5
    for one, two in zip(jax.tree.leaves(whole[5]), jax.tree.leaves(rest[0]), strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_batch_spec_is_that_of_every_chunk(store, arch):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1, arch=arch))
    spec = jax.tree.map(lambda array: (array.shape, array.dtype), sampler.batch_spec())
    for chunk in sampler.epoch(0):
        assert jax.tree.map(lambda array: (array.shape, array.dtype), chunk) == spec


def test_rate_falls_linearly_to_the_smallest(store):
    config = EmbeddingConfig(min_count=1, epochs=3, learning_rate=0.5, min_learning_rate=0.01)
    sampler = BatchSampler(store, config)
    rates = np.concatenate([np.asarray(s.rate) for e in range(3) for s in sampler.epoch(e)])
    assert rates[0] == np.float32(0.5)
    assert rates[-1] >= np.float32(0.01)
    assert (np.diff(rates) <= 1e-7).all()
    middle = np.asarray(next(sampler.epoch(1)).rate)[0]
    np.testing.assert_allclose(middle, 0.5 * 2 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("step", "block", "shape"),
    [(1, 128, (1, 16)), (40, 128, (1, 32)), (128, 128, (1, 128)), (1000, 64, (15, 64))],
)
def test_step_is_whole_blocks(store, step, block, shape):
    config = EmbeddingConfig(min_count=1, step_tokens=step, block_tokens=block)
    assert next(BatchSampler(store, config).epoch(0)).left.shape[1:] == shape


def test_single_word_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="single word"):
        BatchSampler(build_store(["alone"], tmp_path / "store"), EmbeddingConfig(min_count=1))
