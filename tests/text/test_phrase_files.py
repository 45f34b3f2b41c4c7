"""What is refused of a file of counts, and what comes back as it was."""

from dataclasses import replace

import numpy as np
import pytest

from tests.text.test_collocations import as_counters, count
from textdl.errors import FileFormatError
from textdl.io.archive import open_archive, write_archive
from textdl.text.phrase_files import decode_counts, encode_counts

SENTENCES = [["bank", "of", "the", "west"], ["new", "york", "of", "new", "york"], ["é", "☘"]]


@pytest.fixture
def counts():
    return count(SENTENCES).result().sort()


def written(counts, path):
    write_archive(path, encode_counts(counts))
    archive = open_archive(path, expected="counts")
    with archive.decoding():
        return decode_counts(archive)


def test_counts_round_trip(counts, tmp_path):
    again = written(counts, tmp_path / "counts")
    assert as_counters(again) == as_counters(counts)
    for name in ("words", "sequences", "connectors", "corpus_words", "vocabulary_size"):
        assert getattr(again, name) == getattr(counts, name)
    assert again.is_complete


def test_counts_in_another_order_same_bytes(tmp_path):
    for name, sentences in (("one", SENTENCES), ("other", SENTENCES[::-1])):
        write_archive(tmp_path / name, encode_counts(count(sentences).result()))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("left", lambda a: a + 100, "a left word is"),
        ("right", lambda a: a - 100, "a right word is"),
        ("sequence", lambda a: a + 100, "a sequence is"),
        ("counts", lambda a: a * 0, "the count of a candidate is"),
        ("counts", lambda a: a + 100, "the count of a candidate is"),
        ("word_counts", lambda a: a * 0, "a word of a candidate does not occur"),
        ("word_counts", lambda a: a - 9, "the count of a word is"),
        ("word_counts", lambda a: a + 2**60, "the count of a word is"),
    ],
)
def test_counts_of_no_corpus_are_refused(counts, tmp_path, name, change, says):
    content = encode_counts(counts)
    arrays = dict(content.arrays)
    arrays[name] = change(arrays[name])
    write_archive(tmp_path / "counts", content._replace(arrays=arrays))
    archive = open_archive(tmp_path / "counts", expected="counts")
    with pytest.raises(FileFormatError, match=says), archive.decoding():
        decode_counts(archive)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"corpus_words": -1}, "corpus_words is -1"),
        ({"corpus_words": 2**60}, "corpus_words is"),
        ({"vocabulary_size": 1.5}, "vocabulary_size is 1.5"),
        ({"is_complete": 1}, "is_complete is 1"),
    ],
)
def test_state_of_no_corpus_is_refused(counts, tmp_path, change, says):
    with pytest.raises(FileFormatError, match=says):
        written(replace(counts, **change), tmp_path / "counts")


def test_candidate_that_stands_twice_is_refused(counts, tmp_path):
    rows = np.repeat(np.arange(len(counts.counts)), 2)
    twice = {name: getattr(counts, name)[rows] for name in ("left", "sequence", "right", "counts")}
    with pytest.raises(FileFormatError, match="a candidate stands twice"):
        written(replace(counts, **twice), tmp_path / "counts")
