"""Blocks: every kept token is a centre exactly once, with its true neighbours around it."""

from collections import Counter

import numpy as np
import pytest

from tests.embed.conftest import build_store
from textdl.embed import blocks as blocks_module
from textdl.embed.blocks import Blocks, reach
from textdl.embed.config import Config
from textdl.errors import CorpusError
from textdl.keyed_random import SUBSAMPLING


def centres(blocks, epoch):
    """Ids around every centre of an epoch that has a context, and how far that goes."""
    halo = blocks.config.window
    for steps in blocks.epoch(epoch):
        tokens, left, right = (np.asarray(x) for x in (steps.tokens, steps.left, steps.right))
        for s, b, c in zip(*np.nonzero(left + right), strict=True):
            yield tokens[s, b, c : c + 2 * halo + 1], left[s, b, c], right[s, b, c]


def kept_tokens(store, config, blocks, epoch):
    """What subsampling leaves of the store, by a loop over segments."""
    ids, sentences = [], []
    of_token = np.repeat(np.arange(len(store.offsets) - 1), np.diff(store.offsets))
    size = blocks_module.SEGMENT
    for number, start in enumerate(range(0, len(store.tokens), size)):
        segment = np.asarray(store.tokens[start : start + size])
        stays = blocks.subsample(segment, config.seed, SUBSAMPLING, epoch, number)
        ids += segment[stays].tolist()
        sentences += of_token[start : start + size][stays].tolist()
    return ids, sentences


@pytest.mark.parametrize("segment", [1 << 18, 1000, 37])
@pytest.mark.parametrize("span", [1, 16])
@pytest.mark.parametrize("min_count", [1, 20])
def test_every_kept_token_is_a_centre_once_with_its_neighbours(
    store, monkeypatch, segment, span, min_count
):
    monkeypatch.setattr(blocks_module, "SEGMENT", segment)
    monkeypatch.setattr(blocks_module, "SPAN", span)
    blocks = Blocks(store, Config(min_count=min_count, window=3, epochs=2))
    for epoch in range(2):
        ids, sentences = kept_tokens(store, blocks.config, blocks, epoch)
        assert max(ids) < len(blocks.vocabulary)
        starts, ends = (np.searchsorted(sentences, sentences, side) for side in ("left", "right"))
        padded = [0] * 3 + ids + [0] * 3
        # What is alone in its sentence has no pairs, and cannot be told from padding.
        expected = Counter(
            tuple(padded[i : i + 7]) for i in np.flatnonzero(ends - starts > 1).tolist()
        )
        assert (
            Counter(tuple(around.tolist()) for around, _, _ in centres(blocks, epoch)) == expected
        )


@pytest.mark.parametrize("window", [1, 2, 5])
def test_context_ends_with_the_window_and_with_the_sentence(window):
    draw = np.random.default_rng(window)
    sentences = np.sort(draw.integers(0, 30, 100 + 2 * window)).astype(np.int32)
    windows = draw.integers(0, window + 1, 100).astype(np.int32)
    left, right = reach(sentences, windows)
    for i, own in enumerate(sentences[window:-window]):
        near = sentences[i : i + 2 * window + 1] == own
        before, after = near[:window][::-1], near[window + 1 :]
        assert left[i] == min(windows[i], np.argmin(np.append(before, False)))
        assert right[i] == min(windows[i], np.argmin(np.append(after, False)))


def test_a_step_takes_its_blocks_from_all_over_a_span(tmp_path):
    text = [" ".join(f"w{i}" for i in range(start, start + 64)) for start in range(0, 16_384, 64)]
    store = build_store(text, tmp_path / "store")
    config = Config(min_count=1, sample=0, step_tokens=512, block_tokens=64, workers=1)
    first = next(Blocks(store, config).epoch(0))
    words = Blocks(store, config).vocabulary.words
    places = [int(words[i][1:]) for i in np.asarray(first.tokens)[0, :, 5]]
    assert len(places) == 8
    assert max(places) - min(places) > 2048


def test_epochs_differ_and_repeat(store):
    blocks = Blocks(store, Config(min_count=1))
    first, again, second = (next(blocks.epoch(epoch)) for epoch in (0, 0, 1))
    for one, two in zip(first, again, strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()
    assert (np.asarray(first.noise) != np.asarray(second.noise)).any()
    assert (np.asarray(first.tokens) != np.asarray(second.tokens)).any()


def test_an_epoch_can_be_entered_anywhere(store):
    blocks = Blocks(store, Config(min_count=1))
    whole, rest = list(blocks.epoch(1)), list(blocks.epoch(1, start=5))
    assert len(rest) == len(whole) - 5
    for one, two in zip(whole[5].noise, rest[0].noise, strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()


def test_rate_falls_linearly_to_the_smallest(store):
    config = Config(min_count=1, epochs=3, learning_rate=0.5, min_learning_rate=0.01)
    blocks = Blocks(store, config)
    rates = np.concatenate([np.asarray(s.rate) for e in range(3) for s in blocks.epoch(e)])
    assert rates[0] == np.float32(0.5)
    assert rates[-1] >= np.float32(0.01)
    assert (np.diff(rates) <= 1e-7).all()
    middle = np.asarray(next(blocks.epoch(1)).rate)[0]
    np.testing.assert_allclose(middle, 0.5 * 2 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("step", "block", "shape"),
    [(1, 128, (1, 16)), (40, 128, (1, 32)), (128, 128, (1, 128)), (1000, 64, (15, 64))],
)
def test_a_step_is_whole_blocks(store, step, block, shape):
    blocks = Blocks(store, Config(min_count=1, step_tokens=step, block_tokens=block))
    assert next(blocks.epoch(0)).left.shape[1:] == shape


def test_one_word_is_no_text(tmp_path):
    with pytest.raises(CorpusError, match="single word"):
        Blocks(build_store(["alone"], tmp_path / "store"), Config(min_count=1))
