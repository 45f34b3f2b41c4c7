"""Working sets: the rows that a round uses, numbered anew."""

from itertools import chain

import numpy as np
import pytest

from textdl.embed import working_set
from textdl.embed.tables import Batches
from textdl.embed.working_set import SHAPES_PER_DOUBLING, WorkingSets, round_up

FREQUENT = {"large": np.array([2, 5, 90]), "small": np.array([0])}


@pytest.fixture
def sets():
    """Of two tables, one of which is large."""
    return WorkingSets(FREQUENT, {"large": 100})


def chunk(*large, small=(0, 1), other=()):
    """A chunk that names some rows of each table, of the large one in two places."""
    return Batches(
        {
            "large": {"a": np.array([large], np.int32), "b": np.array([other], np.int32)},
            "small": {"a": np.array([small], np.int32)},
        },
        {"left": np.array([[7]])},
        np.ones(1, np.float32),
    )


def test_pop_numbers_frequent_rows_first_and_then_those_used(sets):
    groups = [[chunk(5, 40), chunk(7, 7)], [chunk(99, other=(2, 40))]]
    for group in groups:
        sets.add(group)
    found, renumbered = sets.pop(groups)
    assert list(found) == ["large"]
    rows, frequent, _ = found["large"]
    assert frequent == 3
    assert rows[:6].tolist() == [2, 5, 90, 7, 40, 99]
    assert len(rows) == round_up(6)
    assert (rows[6:] == 100).all()
    for old, new in zip(chain(*groups), chain(*renumbered), strict=True):
        for use, ids in new.rows["large"].items():
            np.testing.assert_array_equal(rows[ids], old.rows["large"][use])
            assert ids.dtype == np.int32
        assert new.rows["small"] is old.rows["small"]
        assert new.values is old.values
        assert new.rate is old.rate


def test_pop_begins_anew(sets):
    first = [[chunk(40, 41)]]
    sets.add(first[0])
    sets.pop(first)
    second = [[chunk(7, 5)]]
    sets.add(second[0])
    found, (((renumbered,),)) = sets.pop(second)
    rows, frequent, is_used = found["large"]
    assert rows[rows < 100].tolist() == [2, 5, 90, 7]
    assert rows[is_used].tolist() == [5, 7]
    assert frequent == 3
    assert rows[renumbered.rows["large"]["a"]].tolist() == [[7, 5]]


def test_pop_of_fewer_rows_keeps_the_size_of_the_set(sets):
    sizes = []
    for rows in (range(10, 30), range(12), range(10, 60)):
        sets.add([chunk(*rows)])
        found, _ = sets.pop([])
        used = sorted({2, 5, 90, *rows})
        assert sorted(found["large"].rows[found["large"].is_used]) == sorted(set(rows))
        assert np.unique(found["large"].rows).tolist() == [*used, 100]
        sizes.append(len(found["large"].rows))
    assert sizes[1] == sizes[0] < sizes[2]


def test_pop_where_every_row_is_used_is_the_table():
    sets = WorkingSets({"table": np.arange(4)}, {"table": 16})
    whole = Batches({"table": {"a": np.arange(16, dtype=np.int32)[None]}}, {}, np.ones(1))
    sets.add([whole])
    found, groups = sets.pop([[whole]])
    np.testing.assert_array_equal(found["table"].rows, np.arange(16))
    np.testing.assert_array_equal(groups[0][0].rows["table"]["a"], whole.rows["table"]["a"])


def test_small_tables_have_no_working_set(sets):
    assert "large" in sets
    assert "small" not in sets
    small = WorkingSets(FREQUENT, {})
    groups = [[chunk(1, 2)]]
    small.add(groups[0])
    assert not small.are_full
    found, same = small.pop(groups)
    assert found == {}
    assert same is groups


def test_sets_are_full_above_the_limit(sets, monkeypatch):
    monkeypatch.setattr(working_set, "MAX_WORKING_ROWS", 4)
    sets.add([chunk(10, 11), chunk(11, 12)])
    assert not sets.are_full
    sets.add([chunk(12, 13)])
    assert not sets.are_full
    sets.add([chunk(14, 13)])
    assert sets.are_full
    sets.pop([])
    assert not sets.are_full


def test_round_up_gives_few_numbers_that_are_at_most_an_eighth_larger():
    counts = np.arange(1, 5000)
    sizes = np.array([round_up(int(count)) for count in counts])
    assert (sizes >= counts).all()
    assert (sizes <= counts * (1 + 1 / SHAPES_PER_DOUBLING)).all()
    assert (np.diff(sizes) >= 0).all()
    for low in (64, 1024, 2048):
        assert len(np.unique(sizes[(counts > low) & (counts <= 2 * low)])) <= SHAPES_PER_DOUBLING
    assert [round_up(int(size)) for size in sizes] == sizes.tolist()
    assert round_up(0) == 0
