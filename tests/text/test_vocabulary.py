from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import CorpusError, ParameterError
from textdl.text.vocabulary import Vocabulary

TOKENS = st.lists(st.text(st.sampled_from("aBz é😀\uffff\n"), max_size=3), min_size=1)


def vocabulary_of(tokens):
    counts = Counter(tokens)
    numbers = np.array(list(counts.values()), np.int64)
    return Vocabulary.sorted(list(counts), numbers)[0]


def sorted_by_hand(tokens):
    return sorted(Counter(tokens).items(), key=lambda item: (-item[1], [ord(c) for c in item[0]]))


@given(TOKENS)
def test_sorted_by_falling_count_then_code_point(tokens):
    vocabulary = vocabulary_of(tokens)
    expected = sorted_by_hand(tokens)
    assert list(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)) == expected
    assert vocabulary.words == vocabulary_of(tokens[::-1]).words


@given(TOKENS)
def test_sorted_order_maps_new_ids_to_old(tokens):
    counts = Counter(tokens)
    vocabulary, order = Vocabulary.sorted(list(counts), np.array(list(counts.values()), np.int64))
    assert [list(counts)[i] for i in order] == vocabulary.words


@given(TOKENS, st.integers(1, 5), st.none() | st.integers(1, 5))
def test_cut_same_as_filter(tokens, min_count, max_vocab_size):
    expected = [(w, c) for w, c in sorted_by_hand(tokens) if c >= min_count][:max_vocab_size]
    vocabulary = vocabulary_of(tokens)
    if not expected:
        with pytest.raises(CorpusError):
            vocabulary.cut(min_count, max_vocab_size)
        return
    cut = vocabulary.cut(min_count, max_vocab_size)
    assert list(zip(cut.words, cut.counts.tolist(), strict=True)) == expected
    assert vocabulary.words[: len(cut)] == cut.words


def test_key_to_index_has_every_word():
    vocabulary = vocabulary_of(["a", "b", "b"])
    assert vocabulary.key_to_index == {"b": 0, "a": 1}
    assert "a" in vocabulary
    assert "c" not in vocabulary
    assert len(vocabulary) == 2


def test_cut_without_words_left_errors():
    with pytest.raises(CorpusError) as error_info:
        vocabulary_of(["a", "b", "b"]).cut(min_count=3)
    assert str(error_info.value) == (
        "no word occurs min_count=3 times; the most frequent of 2 words occurs 2 times: lower "
        "min_count or add text"
    )


@pytest.mark.parametrize("parameters", [{"min_count": 0}, {"max_vocab_size": 0}])
def test_cut_sizes_below_one_error(parameters):
    with pytest.raises(ParameterError, match="expected at least 1"):
        vocabulary_of("a").cut(**parameters)
