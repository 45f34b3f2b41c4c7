"""Batches with about equal numbers of non-zeros: every text once an epoch, no two epochs alike."""

import numpy as np
import pytest

from textdl.classify.embedding_bag.packing import WIDEST, pack_batches


@pytest.mark.parametrize(("texts", "batch"), [(1, 1), (1, 4), (7, 3), (100, 32), (1000, 32)])
def test_every_text_once(texts, batch):
    sizes = np.random.default_rng(0).integers(0, 50, texts).astype(np.int32)
    order, capacity = pack_batches(sizes, batch, 2, seed=3)
    assert order.shape[0] == 2
    assert order.shape[2] <= WIDEST * batch
    for epoch in order:
        assert sorted(epoch[epoch < texts].tolist()) == list(range(texts))
        assert (epoch == texts).sum() == epoch.size - texts
        assert np.append(sizes, 0)[epoch].sum(1).max() <= capacity


def test_they_are_full_and_random():
    sizes = np.random.default_rng(0).lognormal(5, 1, 5000).astype(np.int32)
    order, capacity = pack_batches(sizes, 32, 2, seed=3)
    assert order.shape[1] * capacity < 1.1 * sizes.sum()
    np.testing.assert_array_equal(order, pack_batches(sizes, 32, 2, seed=3).order)
    assert not np.array_equal(order[0, :9, :9], pack_batches(sizes, 32, 2, seed=4).order[0, :9, :9])
    first, second = ([set(row) for row in epoch[:40].tolist()] for epoch in order)
    assert max(len(a & b - {5000}) for a in first for b in second) < 12


def test_a_text_longer_than_a_batch_has_one_of_its_own():
    sizes = np.array([1, 2, 100, 1, 2], np.int32)
    order, capacity = pack_batches(sizes, 2, 1, seed=1)
    assert capacity == 100
    assert sum(2 in batch for batch in order[0].tolist()) == 1
    assert [2] in [[row for row in batch if row < 5] for batch in order[0].tolist()]


def test_no_text_has_a_term():
    order, capacity = pack_batches(np.zeros(5, np.int32), 2, 1, seed=3)
    assert (order.shape, capacity) == ((1, 2, 4), 1)  # nothing can be gathered from no room
