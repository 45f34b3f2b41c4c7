"""Characters as tokens, against slices of strings."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.bow.engine.characters import CharacterScanner, count_within_words
from textdl.bow.engine.terms import name_terms
from textdl.text.hash_table import HashTable

TEXTS = st.lists(st.text("ab é日😀\t\n\0"), min_size=1, max_size=4)


@given(TEXTS)
def test_character_scanner_collapses_white_space_like_re(texts):
    lexicon = CharacterScanner(str.upper, HashTable())
    tokens, short = lexicon.scan(texts)
    expected = [re.sub(r"\s\s+", " ", text.upper()) for text in texts]
    names = name_terms(lexicon, b"", 1).encoded(tokens.ids)
    assert short == 0
    assert tokens.lengths.tolist() == list(map(len, expected))
    assert b"".join(names).decode() == "".join(expected)


def test_character_scanner_encode_same_numbers_as_scan():
    lexicon = CharacterScanner(None, HashTable())
    tokens, _ = lexicon.scan(["aé", "b"])
    np.testing.assert_array_equal(lexicon.encode(["a", "éb"]), tokens.ids)


@given(TEXTS, st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 5)]))
def test_count_within_words_against_loop(texts, ngram_range):
    table = HashTable()
    found_terms, found_counts = count_within_words(texts, None, table, ngram_range)
    counts = np.zeros((len(texts), len(table) + 1), int)
    counts[:, found_terms] = found_counts.toarray()
    names = name_terms(CharacterScanner(None, table), b"", ngram_range[1])
    for row, text in enumerate(texts):
        expected = Counter()
        for word in (f" {word} " for word in text.split()):
            for n in range(min(ngram_range[0], len(word)), min(ngram_range[1], len(word)) + 1):
                expected.update(word[begin : begin + n] for begin in range(len(word) - n + 1))
        terms = np.flatnonzero(counts[row]).astype(np.int32)
        found = dict(zip(names.encoded(terms), counts[row][terms].tolist(), strict=True))
        assert {name.decode(): number for name, number in found.items()} == expected


@pytest.mark.parametrize("preprocess", [None, str.lower, str.upper])
def test_count_within_words_preprocesses(preprocess):
    table = HashTable()
    found = count_within_words(["Ab aB"], preprocess, table, (4, 4))
    words = {" Ab ", " aB "} if preprocess is None else {preprocess(" ab ")}
    assert len(found.terms) == len(words)
    assert found.counts.sum() == 2
