import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import FileFormatError, ParameterError
from textdl.string_array import StringArray

words_lists = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), unique=True)


def mapped(words):
    """The same labels as arrays alone, as a file gives them: no dictionary yet."""
    built = StringArray.from_strings(words)
    return StringArray(built.blob, built.offsets)


def mapped_in_order(words):
    """The same with the order of the labels, in which they are searched."""
    built = StringArray.from_strings(words)
    return StringArray(built.blob, built.offsets, built.sorted_rows())


@given(words_lists, st.text(max_size=5))
def test_behave_like_a_list(words, other):
    labels = mapped(words)
    assert len(labels) == len(words)
    assert list(labels) == words
    assert [labels[row] for row in range(len(words))] == words
    assert [labels.find(word) for word in words] == list(range(len(words)))
    assert (other in labels) == (other in words)
    assert labels == words
    assert labels[1:] == words[1:]
    assert labels[::-1] == words[::-1]


@given(words_lists, st.text(max_size=5))
def test_scan_and_search_agree_with_dictionary(words, other):
    scanned, searched = mapped(words), mapped_in_order(words)
    looked_up = StringArray.from_strings(words)
    assert looked_up.key_to_index == {word: row for row, word in enumerate(words)}
    for word in [*words, other]:
        assert scanned.find(word) == searched.find(word) == looked_up.find(word)
        assert searched.search(word) == looked_up.find(word)


def test_sorted_rows_are_those_of_the_bytes():
    words = ["b", "é", "", "a", "\U0001f600", "ab", "z"]
    rows = StringArray.from_strings(words).sorted_rows()
    assert [words[row] for row in rows] == sorted(words, key=str.encode)


@pytest.mark.parametrize("make", [mapped, mapped_in_order])
def test_many_lookups_build_the_dictionary_once(make):
    labels = make(["a", "b"])
    for _ in range(300):
        assert labels.find("b") == 1
    assert "key_to_index" in vars(labels)


def test_index_raises_as_a_list_does():
    labels = mapped(["a", "b"])
    assert labels.index("b") == 1
    for missing in ("c", 3, None):
        with pytest.raises(ValueError, match="not among the 2 labels"):
            labels.index(missing)
    with pytest.raises(ValueError):
        labels.index("a", 1)


def test_row_out_of_range():
    labels = mapped(["a"])
    assert labels[-1] == "a"
    for row in (1, -2):
        with pytest.raises(IndexError):
            labels[row]


def test_undecodable_argument_is_just_absent():
    assert "\udcff" not in mapped(["a", "ÿ"])
    assert "\udcff" not in StringArray.from_strings(["a", "ÿ"])


def test_duplicates_are_refused_with_both_rows():
    with pytest.raises(ParameterError, match="'b' stands in row 1 and again in row 3"):
        StringArray.from_strings(["a", "b", "c", "b"])


def test_duplicates_in_a_mapped_file_are_found_with_the_dictionary():
    labels = StringArray(np.frombuffer(b"abab", np.uint8), np.array([0, 2, 4]))
    assert labels.find("ab") == 0
    with pytest.raises(FileFormatError, match="again in row 1"):
        _ = labels.key_to_index


@pytest.mark.parametrize(("word", "says"), [(3, "a int; pass a str"), ("\ud800", "surrogate")])
def test_what_is_no_text_is_refused(word, says):
    with pytest.raises(ParameterError, match=says):
        StringArray.from_strings(["a", word])


def test_invalid_utf8_is_reported_with_its_position():
    labels = StringArray(np.frombuffer(b"ab\xff", np.uint8), np.array([0, 1, 3]))
    assert labels[0] == "a"
    with pytest.raises(FileFormatError, match=r"label 1 is not UTF-8: byte 0xff at position 1"):
        labels[1]


def test_compares_with_lists_only_and_shows_a_few():
    labels = mapped(["a", "b", "c", "d"])
    assert labels != ["a"]
    assert labels != "abcd"
    assert labels == StringArray.from_strings(["a", "b", "c", "d"])
    assert repr(labels) == "StringArray(['a', 'b', 'c', ...], length 4)"
