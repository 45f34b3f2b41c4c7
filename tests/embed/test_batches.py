"""Batches: every kept token is a center exactly once, with its true neighbors around it."""

from collections import Counter

import jax
import numpy as np
import pytest

from tests.embed.conftest import build_store
from textdl.embed import batches
from textdl.embed.batches import BatchSampler, context_extents
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.errors import CorpusError
from textdl.keyed_random import SUBSAMPLING


def tokens_of(chunk):
    """The ids of a chunk's tokens, which are all there where skip-gram predicts them."""
    return chunk.rows["output"]["tokens"]


def centers(sampler, epoch):
    """Ids around every center of an epoch that has a context, and how far that goes."""
    halo = sampler.config.window
    for chunk in sampler.epoch(epoch):
        tokens, left, right = tokens_of(chunk), chunk.values["left"], chunk.values["right"]
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
    places = [int(words[i][1:]) for i in tokens_of(first)[0, :, 5]]
    assert len(places) == 8
    assert max(places) - min(places) > 2048


def test_epochs_differ_and_repeat(store):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1))
    first, again, second = (next(sampler.epoch(epoch)) for epoch in (0, 0, 1))
    for one, two in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()
    noise = [chunk.rows["output"]["noise"] for chunk in (first, second)]
    assert (noise[0] != noise[1]).any()
    assert (tokens_of(first) != tokens_of(second)).any()


def test_batches_are_the_same_on_any_number_of_threads(store, monkeypatch):
    monkeypatch.setattr(batches, "SEGMENT_TOKENS", 1000)
    monkeypatch.setattr(batches, "CHUNKS_PER_SPAN", 2)
    config = EmbeddingConfig(window=3, workers=2)
    found = []
    for cores in (1, 5):
        monkeypatch.setattr(batches, "count_jobs", lambda _, cores=cores: cores)
        found.append(list(BatchSampler(store, config).epoch(1)))
    assert len(found[0]) > 4
    for one, other in zip(*found, strict=True):
        jax.tree.map(np.testing.assert_array_equal, one, other)


def test_epoch_entered_anywhere_same_batches(store):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1))
    whole, rest = list(sampler.epoch(1)), list(sampler.epoch(1, start=5))
    assert len(rest) == len(whole) - 5
    for one, two in zip(jax.tree.leaves(whole[5]), jax.tree.leaves(rest[0]), strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_chunks_of_all_epochs_have_few_shapes(store, arch, loss):
    """One program is compiled for them, the last of an epoch included, which is padded.

    Hierarchical softmax has a shape for each number of tiles that paths fill, rounded up.
    """
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1, arch=arch, loss=loss, epochs=2))
    chunks = [chunk for epoch in sampler.epochs(0) for chunk in epoch]
    shapes = [jax.tree.map(lambda array: (array.shape, array.dtype), chunk) for chunk in chunks]
    assert len(shapes) > 2 * sampler.config.worker_count
    assert len({str(shape) for shape in shapes}) <= (5 if loss == "hs" else 1)
    for chunk in chunks[:1]:
        leaves = [(name, ids) for name, uses in chunk.rows.items() for ids in uses.values()]
        assert {ids.dtype for _, ids in leaves} == {np.dtype(np.int32)}
        assert all(len(leaf) == sampler.steps for leaf in jax.tree.leaves(chunk))


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("loss", LOSSES)
def test_rows_of_a_chunk_are_all_that_its_gradients_move(store, arch, loss):
    """What a working set is made of: no step reads or moves a row that its chunk does not name."""
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1, arch=arch, loss=loss))
    chunk = next(sampler.epoch(0))
    batch = jax.tree.map(lambda array: array[0], chunk)
    tables = sampler.objective.init()
    found = jax.jit(sampler.objective.loss_and_gradients)(tables, batch)
    assert set(found.gradients) == set(chunk.rows) == set(tables)
    for name, gradients in found.gradients.items():
        named = np.concatenate([np.ravel(ids[0]) for ids in chunk.rows[name].values()])
        moved = np.concatenate([np.ravel(gradient.ids) for gradient in gradients])
        assert set(moved.tolist()) <= set(named.tolist())


def test_epochs_begin_at_a_chunk_of_one_and_end_with_the_last(store):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1, epochs=3))
    whole = [[int(tokens_of(c)[0, 0, 5]) for c in epoch] for epoch in sampler.epochs(0)]
    assert len(whole) == 3
    rest = [[int(tokens_of(c)[0, 0, 5]) for c in epoch] for epoch in sampler.epochs(1, start=4)]
    assert rest == [whole[1][4:], whole[2]]
    assert list(sampler.epochs(3)) == []  # a run that is done


@pytest.mark.parametrize("side", ["left", "right"])
def test_window_side_leaves_the_other_without_context(store, side):
    both, one = (
        next(BatchSampler(store, EmbeddingConfig(min_count=1, window_side=which)).epoch(0))
        for which in ("both", side)
    )
    other = {"left": "right", "right": "left"}[side]
    assert not one.values[other].any()
    np.testing.assert_array_equal(one.values[side], both.values[side])
    np.testing.assert_array_equal(tokens_of(one), tokens_of(both))


def test_windows_that_do_not_shrink_end_with_sentences_alone(store):
    config = EmbeddingConfig(min_count=1, sample=0, window=4, shrink_windows=False)
    extents = [(left, right) for _, left, right in centers(BatchSampler(store, config), 0)]
    # A sentence has 20 tokens: its outer four on each side have less context.
    expected = Counter((min(i, 4), min(19 - i, 4)) for i in range(20))
    lines = len(store.offsets) - 1
    assert Counter(extents) == {extent: lines * count for extent, count in expected.items()}


def test_max_vocab_size_keeps_the_most_frequent(store):
    words = BatchSampler(store, EmbeddingConfig(min_count=1)).vocabulary
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1, max_vocab_size=30))
    assert list(sampler.vocabulary.words) == list(words.words)[:30]
    assert all(tokens_of(chunk).max() < 30 for chunk in sampler.epoch(0))


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
    assert next(BatchSampler(store, config).epoch(0)).values["left"].shape[1:] == shape


def test_single_word_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="single word"):
        BatchSampler(build_store(["alone"], tmp_path / "store"), EmbeddingConfig(min_count=1))
