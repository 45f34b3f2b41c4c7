"""Blocks: every kept token is a centre exactly once, with its true neighbours around it."""

import numpy as np
import pytest

from tests.embed.conftest import build_store
from textdl.embed import blocks as blocks_module
from textdl.embed.blocks import Blocks
from textdl.embed.config import Config
from textdl.embed.sampling import SUBSAMPLE
from textdl.errors import CorpusError


def centres(blocks, epoch):
    """Ids around every centre of an epoch, and how far its context goes, in order."""
    halo = blocks.config.window
    for steps in blocks.epoch(epoch):
        tokens, left, right = (np.asarray(x) for x in (steps.tokens, steps.left, steps.right))
        for s, c in np.ndindex(left.shape):
            yield tokens[s, c : c + 2 * halo + 1], left[s, c], right[s, c]


def kept_tokens(store, config, blocks, epoch):
    """What subsampling leaves of the store, by a loop over segments."""
    ids, sentences = [], []
    of_token = np.repeat(np.arange(len(store.offsets) - 1), np.diff(store.offsets))
    size = blocks_module.SEGMENT
    for number, start in enumerate(range(0, len(store.tokens), size)):
        segment = np.asarray(store.tokens[start : start + size])
        stays = blocks.subsample(segment, config.seed, SUBSAMPLE, epoch, number)
        ids += segment[stays].tolist()
        sentences += of_token[start : start + size][stays].tolist()
    return ids, sentences


@pytest.mark.parametrize("segment", [1 << 18, 1000, 37])
@pytest.mark.parametrize("min_count", [1, 20])
def test_every_kept_token_is_a_centre_once_with_its_neighbours(
    store, monkeypatch, segment, min_count
):
    monkeypatch.setattr(blocks_module, "SEGMENT", segment)
    config = Config(min_count=min_count, window=3, epochs=2)
    blocks = Blocks(store, config)
    for epoch in range(2):
        ids, sentences = kept_tokens(store, config, blocks, epoch)
        assert max(ids) < len(blocks.vocabulary)
        padded = [0] * 3 + ids + [0] * 3
        found = list(centres(blocks, epoch))
        starts, ends = (np.searchsorted(sentences, sentences, side) for side in ("left", "right"))
        windows = set()
        for i, (tokens, left, right) in enumerate(found[: len(ids)]):
            assert tokens.tolist() == padded[i : i + 7]
            before, after = i - starts[i], ends[i] - 1 - i
            assert 0 <= left <= min(3, before)
            assert 0 <= right <= min(3, after)
            # One window for both sides: where the sentence does not end first, they are equal.
            assert left in (right, before) or right == after
            windows.add(max(left, right))
        assert windows >= {1, 2, 3}
        assert not any(left or right for _, left, right in found[len(ids) :])


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


def test_a_tiny_vocabulary_gets_small_steps(tmp_path):
    letters = build_store(["a b c d e f g h " * 500], tmp_path / "store")
    blocks = Blocks(letters, Config(min_count=1, sample=0))
    assert blocks.step_tokens < 64


def test_one_word_is_no_text(tmp_path):
    with pytest.raises(CorpusError, match="single word"):
        Blocks(build_store(["alone"], tmp_path / "store"), Config(min_count=1))
