"""Keys as ids, against dictionaries of Python."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import CorpusError
from textdl.text import hash_table as hash_table_module
from textdl.text.hash_table import HashTable, pair_keys, split_pairs

KEYS = st.lists(st.integers(1, 2**64 - 1) | st.integers(1, 40), max_size=300)


@given(st.lists(KEYS, max_size=4))
def test_intern_batches_same_numbers_as_dictionary(batches):
    table, known = HashTable(), {}
    for batch in batches:
        ids = table.intern(np.array(batch, np.uint64))
        for key, number in zip(batch, ids.tolist(), strict=True):
            assert known.setdefault(key, number) == number
    assert sorted(known.values()) == list(range(1, len(known) + 1))
    assert {key: int(number) for number, key in enumerate(table.keys().tolist())} == known | {0: 0}


def test_intern_from_threads_one_number_per_key():
    table = HashTable()
    draw = np.random.default_rng(0)
    batches = [draw.zipf(1.2, 20_000).astype(np.uint64) + np.uint64(1) for _ in range(16)]
    with ThreadPoolExecutor(4) as pool:
        numbered = list(pool.map(table.intern, batches))
    keys = table.keys()
    for batch, ids in zip(batches, numbered, strict=True):
        np.testing.assert_array_equal(keys[ids], batch)
    assert len(np.unique(keys)) == len(keys)


def test_intern_colliding_keys_stay_distinct():
    table = HashTable()
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)  # so that every key begins at the same slot
    keys = np.array([(7 + i) * inverse % 2**64 for i in range(1, 1500)], np.uint64)
    ids = table.intern(keys)
    assert sorted(ids.tolist()) == list(range(1, 1500))
    np.testing.assert_array_equal(table.intern(keys), ids)


def test_intern_too_many_keys_is_refused(monkeypatch):
    monkeypatch.setattr(hash_table_module, "MAX_IDS", 100)
    with pytest.raises(CorpusError, match="more than 100 distinct terms; use HashingVectorizer"):
        HashTable().intern(np.arange(1, 102, dtype=np.uint64))


def test_split_pairs_inverts_pair_keys():
    left, right = np.array([0, 5, 2**28 - 1], np.int32), np.array([2**28 - 1, 0, 3], np.int32)
    for one, other in zip(split_pairs(pair_keys(0xFD, left, right)), (left, right), strict=True):
        np.testing.assert_array_equal(one, other)
