"""Words found in bytes against `str.split`."""

import string
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textdl.text import white_space as white_space_module
from textdl.text.white_space import LONGEST_WORD, split_text

SPACES = [chr(point) for point in range(0x110000) if chr(point).isspace()]
CHARACTERS = st.one_of(
    st.sampled_from(["a", "b", "B", "é", "☘", "Σ", "İ", "ß", "\x1b", "\x7f", "😀"]),
    st.sampled_from(SPACES),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(st.text(CHARACTERS, max_size=60))


def decoded(found):
    ends = np.cumsum(found.lengths).tolist()
    begins = [0, *ends][: len(ends)]
    tokens = [found.words[row] for row in found.ids.tolist()]
    return [tokens[begin:end] for begin, end in zip(begins, ends, strict=True)]


def check(texts, lowercase):
    found = split_text(texts, lowercase=lowercase)
    expected = [(text.lower() if lowercase else text).split() for text in texts]
    if any("\0" in text for text in texts):
        assert found is None
        return
    assert decoded(found) == expected
    assert found.words == list(dict.fromkeys(word for words in expected for word in words))
    assert (found.ids.dtype, found.lengths.dtype) == (np.int32, np.int64)


@given(TEXTS, st.booleans())
@example([], False)
@example([""], True)
@example([" ".join(map(chr, range(1, 256)))], True)
@example(["ΑΣ", "α", "ΑΣ\u00a0α ΑΣ"], True)
def test_split_against_str_split(texts, lowercase):
    check(texts, lowercase)


@given(st.lists(st.sampled_from(string.ascii_letters[:3]), max_size=3), st.integers(0, 40))
def test_split_words_of_equal_beginnings(ends, size):
    stem = "abcdefgh" * 5
    words = [stem[:size], *(stem[:size] + end for end in ends), *(end + stem for end in ends)]
    check([" ".join(words), " ".join(reversed(words))], lowercase=False)


def test_split_every_space_is_one():
    check([f"a{space}b{space}{space}a" for space in SPACES], lowercase=False)


@pytest.mark.parametrize("tables", [1, 8])
def test_split_many_words_that_share_slots(tables):
    draw = np.random.default_rng(0)
    words = [f"{number}" for number in draw.integers(0, 30_000, 60_000)]
    multipliers = white_space_module._MULTIPLIERS[:tables]
    with (
        patch.object(white_space_module, "_MOST_BITS", 8),
        patch.object(white_space_module, "_MULTIPLIERS", multipliers),
    ):
        check([" ".join(words)], lowercase=False)


def test_split_colliding_numbers_are_left_to_others():
    """With a multiplier of 0 a long word is known by its last piece."""
    with patch.object(white_space_module, "_MULTIPLIERS", np.zeros(1, np.uint64)):
        assert split_text(["aaaaaaaabbb ccccccccbbb"], lowercase=False) is None
        assert split_text(["aaaaaaaab b"], lowercase=False) is None
        check(["aaaaaaaabbb aaaaaaaabbb a"], lowercase=False)


@pytest.mark.parametrize("text", ["a\0b", "half \ud800", "é \udfff", "x" * (LONGEST_WORD + 1)])
def test_split_text_of_other_kinds_is_left_to_others(text):
    assert split_text(["a", text], lowercase=True) is None
    check(["x" * LONGEST_WORD], lowercase=False)
