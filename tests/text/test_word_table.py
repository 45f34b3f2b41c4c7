"""Words as ids, against a dictionary of Python."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from textdl.string_array import StringArray
from textdl.text.word_table import LONGEST_CHAIN, WordTable

LENGTHS = st.sampled_from([0, 1, 7, 8, 9, 15, 16, 17, LONGEST_CHAIN, LONGEST_CHAIN + 1])
LETTERS = st.sampled_from(["a", "b", "é", "日", "😀", "\0", "\ud800"])
WORDS = st.text(max_size=12) | st.builds(lambda letter, length: letter * length, LETTERS, LENGTHS)
CHUNKS = st.lists(st.lists(WORDS, unique=True, max_size=8), max_size=6)


@given(CHUNKS)
@example([["", "\0"], ["\0\0", ""], ["a", "a\0"]])
def test_word_table_against_dictionary(chunks):
    table = WordTable()
    known = {}
    for words in chunks:
        expected = [known.setdefault(word, len(known)) for word in words]
        assert table.intern(words).tolist() == expected
    assert table.words == list(known)
    assert len(table) == len(known)


@given(st.lists(st.lists(st.text("abé日", max_size=20), unique=True, max_size=8), max_size=4))
def test_word_table_of_packed_words_is_that_of_lists(chunks):
    packed, listed = WordTable(), WordTable()
    for words in chunks:
        ids = packed.intern(StringArray.from_strings(words))
        assert ids.tolist() == listed.intern(words).tolist()
    assert packed.words == listed.words


def test_word_table_of_many_words():
    words = [str(number) * (number % 5 + 1) for number in range(70_000)]
    table = WordTable()
    rows = [table.intern(words[begin : begin + 1000]) for begin in range(0, len(words), 1000)]
    known = {}
    expected = [known.setdefault(word, len(known)) for word in words]
    assert np.concatenate(rows).tolist() == expected
