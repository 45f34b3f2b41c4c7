"""Terms as numbers, against dictionaries and loops of Python."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.bow.engine import terms as terms_module
from textdl.bow.engine.characters import CharacterScanner
from textdl.bow.engine.terms import (
    HashTable,
    Occurrences,
    Tokens,
    concatenate,
    drop_tokens,
    name_terms,
    ngrams,
    pair_keys,
    split_pairs,
)
from textdl.bow.engine.words import WordScanner, parse_char_class
from textdl.errors import CorpusError

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
    monkeypatch.setattr(terms_module, "MAX_IDS", 100)
    with pytest.raises(CorpusError, match="more than 100 distinct terms; use HashingVectorizer"):
        HashTable().intern(np.arange(1, 102, dtype=np.uint64))


def test_split_pairs_inverts_pair_keys():
    left, right = np.array([0, 5, 2**28 - 1], np.int32), np.array([2**28 - 1, 0, 3], np.int32)
    for one, other in zip(split_pairs(pair_keys(0xFD, left, right)), (left, right), strict=True):
        np.testing.assert_array_equal(one, other)


TOKENS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=7), max_size=5)


@given(TOKENS, st.integers(1, 3), st.integers(0, 3))
def test_ngrams_against_loop(documents, shortest, more):
    table = HashTable()
    lexicon = CharacterScanner(None, table)
    ids = lexicon.encode([letter for document in documents for letter in document])
    tokens = Tokens(ids, np.array([len(document) for document in documents], np.int64))
    found = ngrams(tokens, table, shortest, shortest + more)
    names = name_terms(lexicon, b"", shortest + more).encoded(found.ids)
    expected = [
        (row, "".join(document[begin : begin + n]))
        for n in range(shortest, shortest + more + 1)
        for row, document in enumerate(documents)
        for begin in range(len(document) - n + 1)
    ]
    assert list(zip(found.rows.tolist(), map(bytes.decode, names), strict=True)) == expected


WORD_LISTS = st.lists(st.lists(st.text("ab\x01\x1fzé日", min_size=1), min_size=1), min_size=1)


@given(WORD_LISTS, st.sampled_from([1, 2, 3, 40]))
def test_term_names_sort_same_order_as_strings(documents, longest):
    lexicon = WordScanner(parse_char_class(r"\S+"), None, HashTable())
    ids = lexicon.encode([word for words in documents for word in words])
    tokens = Tokens(ids, np.array([len(words) for words in documents], np.int64))
    terms = np.unique(ngrams(tokens, lexicon.table, 1, longest).ids)
    names = name_terms(lexicon, b" ", longest)
    ordered = [name.decode() for name in names.encoded(names.sort(terms))]
    assert ordered == sorted({name.decode() for name in names.encoded(terms)})


def test_drop_tokens_keeps_the_others_in_their_documents():
    tokens = Tokens(np.array([1, 2, 1, 3], np.int32), np.array([2, 0, 2]))
    kept = drop_tokens(tokens, tokens.ids == 1)
    assert kept.ids.tolist() == [2, 3]
    assert kept.lengths.tolist() == [1, 0, 1]


def test_concatenate_keeps_order():
    one, other = (Occurrences(np.array([n]), np.array([n + 5])) for n in (0, 1))
    both = concatenate([one, other])
    assert (both.rows.tolist(), both.ids.tolist()) == ([0, 1], [5, 6])
