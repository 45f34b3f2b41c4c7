"""Local SGD: merges against sums, of all rows and of the frequent ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl.embed.batches import BatchSampler
from textdl.embed.config import EmbeddingConfig
from textdl.embed.local_sgd import FREQUENT_ROWS, TrainingProblem, Workers
from textdl.embed.merges import as_rows, frequent_rows, merge, sync_frequent_rows
from textdl.embed.objectives import ARCHITECTURES
from textdl.embed.update import copy_tables

PREFIXES = {"input": [0, 1, 2, 3], "output": range(9)}
ANYWHERE = {"input": [1, 4, 8], "output": [0, 1, 2]}
NONE = {"input": [], "output": [8]}


def word_tables(seed=3):
    """Two tables of random rows."""
    drawn = jax.random.normal(jax.random.key(seed), (2, 9, 4))
    return {"input": drawn[0], "output": drawn[1]}


@pytest.mark.parametrize("frequent", [PREFIXES, ANYWHERE, NONE])
def test_merges_add_up_weighted_changes(frequent):
    """Of each table its own rows, by its own weights."""
    shared = word_tables()
    draw = np.random.default_rng(0)
    ends = tuple(
        {name: x + 0.1 * draw.normal(size=x.shape).astype(np.float32) for name, x in shared.items()}
        for _ in range(3)
    )
    weights = {name: jnp.asarray(draw.random(9), jnp.float32) for name in shared}
    expected = {}
    for name, x in shared.items():
        changes = sum(np.asarray(end[name]) - np.asarray(x) for end in ends)
        expected[name] = np.asarray(x) + weights[name][:, None] * changes
    untouched = [jax.tree.map(np.array, tables) for tables in (shared, *ends)]

    rows = {name: as_rows(np.array(ids, np.intp)) for name, ids in frequent.items()}
    merged, copies = sync_frequent_rows(
        copy_tables(shared), tuple(map(copy_tables, ends)), weights, rows
    )
    for name, whole in expected.items():
        own = np.array(frequent[name], np.intp)
        others = np.setdiff1d(np.arange(9), own)
        for new, old in zip((merged, *copies), untouched, strict=True):
            np.testing.assert_allclose(np.asarray(new[name])[own], whole[own], rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(np.asarray(new[name])[others], old[name][others])

    merged = merge(shared, ends, weights)
    for name, whole in expected.items():
        np.testing.assert_allclose(merged[name], whole, rtol=1e-5, atol=1e-6)


def test_as_rows_of_prefix_and_of_others_merge_to_the_same_bits():
    shared, ends = word_tables(), (word_tables(seed=4), word_tables(seed=5))
    weights = {name: jnp.full(9, 0.7) for name in shared}
    results = []
    for rows in (5, jnp.arange(5, dtype=jnp.int32)):
        copies = copy_tables(shared), tuple(map(copy_tables, ends))
        found = sync_frequent_rows(*copies, weights, {"input": rows, "output": rows})
        results.append(jax.tree.map(np.array, found))
    for one, two in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_array_equal(one, two)


def test_frequent_rows_are_those_with_most_updates():
    draw = np.random.default_rng(0)
    updates = draw.random(50)
    rows = frequent_rows(updates, 7)
    assert sorted(rows) == rows.tolist()
    assert updates[rows].min() > np.delete(updates, rows).max()
    assert frequent_rows(updates, 100).tolist() == list(range(50))


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_frequent_rows_of_words_are_a_prefix(store, arch):
    """They are copied as one piece: falling counts have falling updates."""
    config = EmbeddingConfig(min_count=1, arch=arch)
    sampler = BatchSampler(store, config)
    assert len(sampler.vocabulary) < FREQUENT_ROWS
    objective = sampler.objective
    problem = TrainingProblem(objective.loss_and_gradients, sampler.updates_per_step, sampler.steps)
    workers = Workers(problem, objective.init(), config.workers)
    assert set(workers._whole.frequent.values()) == {len(sampler.vocabulary)}
    for updates in objective.expected_updates.values():
        assert as_rows(frequent_rows(updates, 100)) == 100
