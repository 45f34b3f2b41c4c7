"""Close spellings against difflib over all words."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.string_array import StringArray
from textdl.vectors.spelling import close_spellings, unknown_word_message

LETTERS = st.text("abcdXY", min_size=1, max_size=7)


@given(LETTERS, st.lists(LETTERS, unique=True, max_size=20))
def test_close_spellings_same_as_difflib_over_all_words(word, words):
    close = close_spellings(word, StringArray.from_strings(words), count=100)
    matcher = difflib.SequenceMatcher(b=word, autojunk=False)
    expected = set()
    for candidate in words:
        matcher.set_seq1(candidate)
        if matcher.ratio() >= 0.7:
            expected.add(candidate)
    cased = {word.lower(), word.capitalize(), word.upper()} - {word}
    assert set(close) == expected | (cased & set(words))


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("quen", ["queen", "quern"]),
        ("NATO", ["nato"]),
        ("paris", ["Paris"]),
        ("thier", ["their", "the"]),
        ("zzzzz", []),
        ("", []),
        ("x" * 5000, []),
        ("naive", ["naïve"]),
        ("\udcffqueen", ["queen", "quern"]),
    ],
)
def test_close_spellings_most_similar_first(word, close):
    words = ["the", "their", "queen", "quern", "nato", "Paris", "naïve", ""]
    assert close_spellings(word, StringArray.from_strings(words)) == close


def test_unknown_word_message_is_one_printable_line_with_remedy():
    labels = StringArray.from_strings(["king", "queen", "quern"])
    assert unknown_word_message("quen", labels) == (
        '"quen" is not in the vocabulary of 3 words; close spellings: queen, quern'
    )
    for word in ("zz", "a\nb", "\udcff", "", "x" * 5000):
        message = unknown_word_message(word, labels)
        assert "lower min_count" in message
        assert message.isprintable()
        assert len(message) < 250
    assert "of 0 words" in unknown_word_message("a", StringArray.from_strings([]))
