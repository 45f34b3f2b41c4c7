"""Merges against sums, of all rows and of the frequent ones; tables copied whole and in part."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl.embed import merges
from textdl.embed.merges import (
    as_rows,
    copies_of,
    frequent_rows,
    merge,
    sync_frequent_rows,
    take_rows,
)

PREFIXES = {"input": [0, 1, 2, 3], "output": range(9)}
ANYWHERE = {"input": [1, 4, 8], "output": [0, 1, 2]}
NONE = {"input": [], "output": [8]}


def copied(tables):
    """A copy, which can be donated."""
    return jax.tree.map(jnp.copy, tables)


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
    merged, copies = sync_frequent_rows(copied(shared), tuple(map(copied, ends)), weights, rows)
    for name, whole in expected.items():
        own = np.array(frequent[name], np.intp)
        others = np.setdiff1d(np.arange(9), own)
        for new, old in zip((merged, *copies), untouched, strict=True):
            np.testing.assert_allclose(np.asarray(new[name])[own], whole[own], rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(np.asarray(new[name])[others], old[name][others])

    merged = merge({}, shared, ends, weights, {})
    for name, whole in expected.items():
        np.testing.assert_allclose(merged[name], whole, rtol=1e-5, atol=1e-6)


def test_as_rows_of_prefix_and_of_others_merge_to_the_same_bits():
    shared, ends = word_tables(), (word_tables(seed=4), word_tables(seed=5))
    weights = {name: jnp.full(9, 0.7) for name in shared}
    results = []
    for rows in (5, jnp.arange(5, dtype=jnp.int32)):
        copies = copied(shared), tuple(map(copied, ends))
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


def test_merge_of_working_sets_is_the_merge_of_whole_tables():
    """To the bit, in the rows of the set; the others stay as they are."""
    tables = word_tables()
    before = jax.tree.map(np.array, tables)
    rows = jnp.array([1, 4, 0, 8, 9, 9])  # the table has 9 rows; the first two are frequent
    draw = np.random.default_rng(0)
    weights = {name: jnp.asarray(draw.random(9), jnp.float32) for name in tables}
    ends = [
        {name: x + draw.normal(size=x.shape).astype(np.float32) for name, x in tables.items()}
        for _ in range(2)
    ]
    agreed = np.full((2, 4), 7.0, np.float32)
    for end in ends:
        end["output"] = end["output"].at[rows[:2]].set(agreed)
    start = {name: x.at[rows[:2]].set(agreed) for name, x in tables.items()}
    expected = merge({}, copied({**start, "input": tables["input"]}), tuple(ends), weights, {})
    expected = jax.tree.map(np.array, expected)

    sets = tuple({**end, "output": take_rows(end, {"output": rows})["output"]} for end in ends)
    of_set = {**weights, "output": jnp.append(weights["output"], 0.0)[rows]}
    shared = {"input": tables["input"], "output": jnp.asarray(agreed)}
    found = merge(tables, shared, sets, of_set, {"output": rows})
    np.testing.assert_array_equal(found["input"], expected["input"])
    used, unused = [0, 1, 4, 8], [2, 3, 5, 6, 7]
    np.testing.assert_array_equal(found["output"][jnp.array(used)], expected["output"][used])
    np.testing.assert_array_equal(found["output"][jnp.array(unused)], before["output"][unused])


def test_merge_of_working_sets_goes_slice_by_slice(monkeypatch):
    monkeypatch.setattr(merges, "ROWS_PER_SLICE", 4)
    table = jnp.arange(60.0).reshape(20, 3)
    rows = jnp.array([3, *range(5, 15), 20])
    ends = tuple({"input": table[rows.clip(0, 19)] + change} for change in (0.0, 0.5))
    weights = {"input": jnp.ones(12)}
    found = merge({"input": table}, {"input": ends[0]["input"][:0]}, ends, weights, {"input": rows})
    expected = np.arange(60.0).reshape(20, 3)
    expected[[3, *range(5, 15)]] += 0.5
    np.testing.assert_allclose(found["input"], expected)


def test_take_rows_takes_those_of_the_tables_that_are_named():
    tables = word_tables()
    taken = take_rows(tables, {"output": jnp.array([1, 4, 8, 9, 9])})  # the table has 9 rows
    assert list(taken) == ["output"]
    assert taken["output"].shape == (5, 4)
    np.testing.assert_array_equal(taken["output"][:3], np.asarray(tables["output"])[[1, 4, 8]])
    assert np.isfinite(taken["output"]).all()


def test_copies_of_are_equal_apart_and_in_the_memory_of_the_last():
    tables = word_tables()
    working = {"output": jnp.array([1, 4, 8, 9, 9])}
    copies = copies_of(tables, working, (), 3)
    assert len(copies) == 3
    others = word_tables(seed=7)
    again = copies_of(others, {"output": working["output"] - 1}, copies, 3)
    assert all(table.is_deleted() for copy in copies for table in copy.values())
    places = {table.unsafe_buffer_pointer() for copy in again for table in copy.values()}
    assert len(places) == 6
    assert places.isdisjoint(table.unsafe_buffer_pointer() for table in others.values())
    for copy in again:
        np.testing.assert_array_equal(copy["input"], others["input"])
        expected = np.asarray(others["output"])[[0, 3, 7, 8, 8]]
        np.testing.assert_array_equal(copy["output"], expected)


def test_copies_of_other_shapes_are_new_and_the_last_are_freed():
    copies = copies_of(word_tables(), {}, (), 2)
    short = {name: table[:5] for name, table in word_tables(seed=7).items()}
    for copy in copies_of(short, {}, copies, 2):
        for name, table in copy.items():
            np.testing.assert_array_equal(table, short[name])
    assert all(table.is_deleted() for copy in copies for table in copy.values())
