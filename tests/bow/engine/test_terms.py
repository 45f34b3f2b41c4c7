"""Terms as numbers, against dictionaries and loops of Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textdl.bow.engine.characters import CharacterScanner
from textdl.bow.engine.terms import (
    Occurrences,
    Tokens,
    concatenate,
    drop_tokens,
    name_terms,
    ngrams,
)
from textdl.bow.engine.words import WordScanner, parse_char_class
from textdl.text.hash_table import HashTable

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
