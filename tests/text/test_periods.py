"""Temporal referencing: which tokens get the name of a period."""

import pytest

from textdl import tag_periods
from textdl.errors import CorpusError, ParameterError


def test_tag_periods_of_files_and_texts(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("The Gay party.\nmerry and gay\n")
    found = list(tag_periods({"1900": path, "2000": ["gay rights"]}, ["gay", "party"]))
    assert found == [
        ["the", "gay_1900", "party_1900", "."],
        ["merry", "and", "gay_1900"],
        ["gay_2000", "rights"],
    ]


def test_tag_periods_case_and_separator():
    found = tag_periods(
        {"a": ["Sea sea"], "b": ["sea"]},
        ["sea"],
        tokenizer=str.split,
        lowercase=False,
        separator="@",
    )
    assert list(found) == [["Sea", "sea@a"], ["sea@b"]]


@pytest.mark.parametrize(
    ("period", "word", "separator"),
    [
        ("19 00", "x", "_"),
        ("", "x", "_"),
        ("19_00", "x", "_"),
        ("1900", "x y", "_"),
        ("1900", "", "_"),
        ("1900", "x", " "),
        ("1900", "x", ""),
        ("1900", "x", "\u2003"),
    ],
)
def test_tag_periods_of_what_is_no_part_of_a_word_errors(period, word, separator):
    with pytest.raises(ParameterError, match=r"white space|has the separator"):
        tag_periods({period: ["x"], "2000": ["x"]}, [word], separator=separator)


@pytest.mark.parametrize(
    ("corpora", "words", "says"),
    [
        ({"a": ["x"]}, ["x"], "two or more periods"),
        (["x", "y"], ["x"], "two or more periods"),
        ({"a": ["x"], "b": ["x"]}, [], "at least one word"),
        ({"a": ["x"], "b": ["x"]}, "x", "at least one word"),
    ],
)
def test_tag_periods_bad_input_errors(corpora, words, says):
    with pytest.raises(ParameterError) as error:
        tag_periods(corpora, words)
    assert says in str(error.value)


def test_tag_periods_without_texts_errors():
    with pytest.raises(CorpusError, match="empty"):
        list(tag_periods({"a": ["x"], "b": []}, ["x"]))


def test_tag_periods_of_an_empty_file_names_the_period(tmp_path):
    path = tmp_path / "none.txt"
    path.touch()
    with pytest.raises(CorpusError, match="the period '2000' is empty"):
        list(tag_periods({"1900": ["x"], "2000": path}, ["x"]))
