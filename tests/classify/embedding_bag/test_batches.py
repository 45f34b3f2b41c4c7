"""Batches of about the same size: every text once per epoch, no two epochs alike."""

import jax
import numpy as np
import pytest
from scipy import sparse

from textdl.classify.embedding_bag import batches as bag


@pytest.mark.parametrize(("texts", "batch"), [(1, 1), (1, 4), (7, 3), (100, 32), (1000, 32)])
def test_pack_batches_holds_every_text_once_per_epoch(texts, batch):
    sizes = np.random.default_rng(0).integers(0, 50, texts)
    order, capacity = bag.pack_batches(sizes, batch, 2, seed=3)
    assert order.shape[0] == 2
    assert order.shape[2] <= bag.MAX_BATCH_FACTOR * batch
    for epoch in order:
        assert sorted(epoch[epoch < texts].tolist()) == list(range(texts))
        assert (epoch == texts).sum() == epoch.size - texts
        assert np.append(sizes, 0)[epoch].sum(1).max() <= capacity


def test_pack_batches_fills_batches_and_draws_a_new_order_per_epoch():
    sizes = np.random.default_rng(0).lognormal(5, 1, 5000).astype(np.int64)
    order, capacity = bag.pack_batches(sizes, 32, 2, seed=3)
    assert order.shape[1] * capacity < 1.1 * sizes.sum()
    np.testing.assert_array_equal(order, bag.pack_batches(sizes, 32, 2, seed=3).order)
    assert not np.array_equal(
        order[0, :9, :9], bag.pack_batches(sizes, 32, 2, seed=4).order[0, :9, :9]
    )
    first, second = ([set(row) for row in epoch[:40].tolist()] for epoch in order)
    assert max(len(a & b - {5000}) for a in first for b in second) < 12


def test_pack_batches_text_longer_than_a_batch_stands_alone():
    sizes = np.array([1, 2, 100, 1, 2])
    order, capacity = bag.pack_batches(sizes, 2, 1, seed=1)
    assert capacity == 100
    assert sum(2 in batch for batch in order[0].tolist()) == 1
    assert [2] in [[row for row in batch if row < 5] for batch in order[0].tolist()]


def test_pack_batches_texts_without_terms_have_room_for_one():
    order, capacity = bag.pack_batches(np.zeros(5, np.int64), 2, 1, seed=3)
    assert (order.shape, capacity) == ((1, 2, 4), 1)  # nothing can be gathered from no room


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_chunks_hold_the_matrix_targets_and_weights(workers):
    """Put together from their segments, the texts of an epoch are the rows of the matrix."""
    draw = np.random.default_rng(0)
    x = sparse.random_array((23, 90), density=0.3, rng=draw, format="lil", dtype=np.float32)
    x[4] = 0
    x = sparse.csr_array(x)
    numbers = draw.permutation(90).astype(np.int32)
    segments = bag.make_segments(x, numbers)
    targets, weights = np.arange(23), draw.random(23)
    packed = bag.pack_batches(segments.sizes, 4, 2, seed=1)
    made = bag.BagBatches(
        segments, targets, weights, packed=packed, learning_rate=0.5, workers=workers
    )
    rates = []
    for epoch in made.epochs():
        chunks = list(epoch)
        assert len({tuple(it.shape for it in jax.tree.leaves(chunk)) for chunk in chunks}) == 1
        found = np.zeros(x.shape)
        for chunk in chunks:
            assert len(chunk.rate) == made.steps
            rates += chunk.rate[chunk.values["weights"].any(1)].tolist()
            steps = zip(chunk.rows["embeddings"]["terms"], chunk.values["shares"],
                        chunk.values["texts"], chunk.values["targets"], chunk.values["weights"],
                        strict=True)  # fmt: skip
            for terms, shares, texts, labels, given in steps:
                for place in np.flatnonzero(texts < len(labels)):
                    label = labels[texts[place]]
                    assert given[texts[place]] == pytest.approx(weights[label])
                    np.add.at(found[label], terms[place], shares[place])
        np.testing.assert_array_equal(found[:, numbers], x.toarray())
    assert rates[0] == 0.5
    np.testing.assert_allclose(np.diff(rates), -0.5 / len(rates), rtol=1e-4)
