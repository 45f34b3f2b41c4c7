"""The parts that the vectorizers are made of, against loops."""

import gzip
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer as SklearnTfidfVectorizer

from tests.bow.conftest import NASTY, assert_same_fit
from textdl.bow import numbering as numbering_module
from textdl.bow.counting import count
from textdl.bow.names import name_terms
from textdl.bow.numbering import Numbering, pair, parts
from textdl.bow.pattern import members, runs
from textdl.bow.tfidf import TfidfVectorizer
from textdl.bow.tokens import Entries
from textdl.bow.words import LONGEST_CHAIN, Words
from textdl.errors import CorpusError
from textdl.parallel import count_jobs, ordered_map

KEYS = st.lists(st.integers(1, 2**64 - 1) | st.integers(1, 40), max_size=300)


@given(st.lists(KEYS, max_size=4))
def test_numbers_are_those_of_a_dictionary(batches):
    numbering, known = Numbering(), {}
    for batch in batches:
        ids = numbering.number(np.array(batch, np.uint64))
        for key, number in zip(batch, ids.tolist(), strict=True):
            assert known.setdefault(key, number) == number
    assert sorted(known.values()) == list(range(1, len(known) + 1))
    assert {key: int(number) for number, key in enumerate(numbering.keys().tolist())} == known | {
        0: 0
    }


def test_threads_agree_on_numbers():
    numbering = Numbering()
    draw = np.random.default_rng(0)
    batches = [draw.zipf(1.2, 20_000).astype(np.uint64) + np.uint64(1) for _ in range(16)]
    with ThreadPoolExecutor(4) as pool:
        numbered = list(pool.map(numbering.number, batches))
    keys = numbering.keys()
    for batch, ids in zip(batches, numbered, strict=True):
        np.testing.assert_array_equal(keys[ids], batch)
    assert len(np.unique(keys)) == len(keys)


def test_keys_that_meet_in_one_slot():
    numbering = Numbering()
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)  # so that every key begins at the same slot
    keys = np.array([(7 + i) * inverse % 2**64 for i in range(1, 1500)], np.uint64)
    ids = numbering.number(keys)
    assert sorted(ids.tolist()) == list(range(1, 1500))
    np.testing.assert_array_equal(numbering.number(keys), ids)


def test_too_many_terms(monkeypatch):
    monkeypatch.setattr(numbering_module, "MOST_IDS", 100)
    with pytest.raises(CorpusError, match="more than 100 distinct terms; use HashingVectorizer"):
        Numbering().number(np.arange(1, 102, dtype=np.uint64))


def test_pairs_come_apart():
    left, right = np.array([0, 5, 2**28 - 1], np.int32), np.array([2**28 - 1, 0, 3], np.int32)
    for one, other in zip(parts(pair(0xFD, left, right)), (left, right), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", [r"\w", r"\S", r"\d", "[a-z_0-9]", r"[^\W\d]"])
def test_members_are_those_of_re(kind):
    pattern = re.compile(kind)
    expected = [bool(pattern.match(chr(point))) for point in range(sys.maxunicode + 1)]
    assert members(kind).tolist() == expected


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        (r"(?u)\b\w\w+\b", 2),
        (r"\w+", 1),
        (r"\b\w{4,}", 4),
        (r"\w\w{2,}\b", 3),
        ("[a-z]+", 1),
        (r"[^\s,]+", 1),
    ],
)
def test_patterns_that_are_runs(pattern, least):
    assert runs(pattern).least == least


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w",
        r"\w*",
        r"\w{0,}",
        r"\w{2,3}",
        r"\w+?",
        r"(\w+)",
        r"(?i)\w+",
        r"(?a)\w+",
        r"\b[a-z]+\b",
        r"\w\S+",
        r"\w+ ",
        "[]a]+",
        "[^a]+",
        "",
    ],
)
def test_patterns_that_are_not(pattern):
    assert runs(pattern) is None


LENGTHS = st.sampled_from([1, 7, 8, 9, 15, 16, 17, 24, LONGEST_CHAIN, LONGEST_CHAIN + 1, 900])
WORDS = st.builds(lambda letter, length: letter * length, st.sampled_from("aé日😀"), LENGTHS)


@given(st.lists(st.lists(WORDS, max_size=5), max_size=4))
def test_words_of_every_length(documents):
    lexicon = Words(runs(r"\S+"), None, Numbering())
    tokens, short = lexicon.tokens([" ".join(words) for words in documents])
    assert short == 0
    assert tokens.lengths.tolist() == [len(words) for words in documents]
    names = list(name_terms(lexicon, b" ", 1).of(tokens.ids))
    assert names == [word for words in documents for word in words]
    np.testing.assert_array_equal(lexicon.spell(names), tokens.ids)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 500)), max_size=60))
def test_counts_against_a_loop(entries):
    dense = np.zeros((4, 501), int)
    for row, term in entries:
        dense[row, term] += 1
    columns = np.array(entries, np.int32).reshape(-1, 2).T
    counts = count(Entries(columns[0], columns[1]), 4)
    assert counts.has_sorted_indices
    np.testing.assert_array_equal(counts.toarray(), dense[:, : counts.shape[1]])
    assert counts.sum() == len(entries)


def test_an_error_of_a_thread_comes_back():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda n: 1 // n, [1, 2, 0, 3], 2))


def test_jobs():
    assert count_jobs(3) == 3
    assert count_jobs(None) == count_jobs(-1) >= 1
    assert count_jobs(-1000) == 1


@pytest.mark.parametrize("corpus", ["smsspam", "rtpolarity"])
def test_corpora_of_others(data_folder, corpus):
    path = data_folder / "labelled" / f"{corpus}.tsv.gz"
    if not path.exists():
        pytest.skip(f"no {path}")
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        texts = [line.rsplit("\t", 1)[1] for line in file]
    parameters = {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True}
    ours, theirs = TfidfVectorizer(**parameters), SklearnTfidfVectorizer(**parameters)
    assert_same_fit(ours, theirs, texts, [*NASTY, *texts[:100]])
