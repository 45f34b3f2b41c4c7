"""Batches of about equal size: every text once, no two epochs alike."""

import numpy as np
import pytest

from textdl.classify.balance import balanced_batches

SEED = 3


@pytest.mark.parametrize(("texts", "batch"), [(1, 1), (1, 4), (7, 3), (100, 32), (1000, 32)])
def test_every_text_once(texts, batch):
    sizes = np.random.default_rng(0).integers(0, 50, texts).astype(np.int32)
    order, most = balanced_batches(sizes, batch, SEED, 0)
    assert order.shape == (-(-texts // batch), batch)
    assert sorted(order[order < texts].tolist()) == list(range(texts))
    assert (order == texts).sum() == order.size - texts
    assert most == np.append(sizes, 0)[order].sum(1).max()


def test_they_are_nearly_equal_and_random():
    sizes = np.random.default_rng(0).lognormal(5, 1, 5000).astype(np.int32)
    order, most = balanced_batches(sizes, 32, SEED, 0)
    assert most < 1.35 * np.append(sizes, 0)[order].sum(1).mean()
    np.testing.assert_array_equal(order, balanced_batches(sizes, 32, SEED, 0)[0])
    other = balanced_batches(sizes, 32, SEED, 1)[0]
    together = [set(row) for row in order[:40].tolist()]
    assert max(len(a & set(b)) for a in together for b in other[:40].tolist()) < 12


def test_no_text_has_a_term():
    order, most = balanced_batches(np.zeros(5, np.int32), 2, SEED, 0)
    assert (order.shape, most) == ((3, 2), 1)  # nothing can be gathered from no room
