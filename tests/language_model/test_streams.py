"""Symbols and streams: every id is a target once, behind the one before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import CorpusError
from textdl.language_model.streams import Streams, write_ids
from textdl.language_model.symbols import END, UNKNOWN, Symbols
from textdl.text.corpus import read_corpus
from textdl.text.encode import EncodedChunk, encode


@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 20))
def test_every_id_is_a_target_once_behind_the_one_before(size, count, width):
    ids = np.arange(10, 10 + size, dtype=np.int32)
    streams = Streams(ids, count, width)
    assert streams.batch_size <= count
    seen = []
    for row in range(streams.batch_size):
        stream = []
        for number in range(len(streams)):
            batch = streams.batch(number)
            n = batch.lengths[row]
            inputs, targets = batch.inputs[row], batch.targets[row]
            expected = np.where(targets[:n] == 10, END, targets[:n] - 1)
            np.testing.assert_array_equal(inputs[:n], expected)
            assert not inputs[n:].any()
            assert not targets[n:].any()
            stream += targets[:n].tolist()
        seen += stream
    assert seen == ids.tolist()


def test_short_text_is_one_stream():
    assert Streams(np.arange(5, dtype=np.int32), 64, 64).batch_size == 1
    assert Streams(np.arange(640, dtype=np.int32), 64, 64).batch_size == 10


def encoded(texts, names=("a", "b", "é", "日")):
    symbols = Symbols(list(names), "")
    chunks = encode(read_corpus(texts), list)
    return symbols, [ids.tolist() for ids in symbols.encode(chunks)]


def test_documents_end_and_unknown_characters_are_one_symbol():
    symbols, (ids,) = encoded(["ab", "", "é日z\u0301"])
    assert ids == [2, 3, END, END, 4, 5, UNKNOWN, UNKNOWN, END]
    assert symbols.text(ids) == "ab\n\né日\ufffd\ufffd\n"
    assert len(symbols) == 6


def test_a_document_that_goes_on_in_the_next_chunk_ends_once():
    symbols = Symbols(["a"], "")

    def chunk(lengths, *, continues):
        lengths = np.array(lengths)
        return EncodedChunk(["a"], np.zeros(lengths.sum(), np.int32), lengths, continues)

    parts = symbols.encode([chunk([1, 2], continues=True), chunk([1, 1], continues=False)])
    assert [ids.tolist() for ids in parts] == [[2, END, 2, 2], [2, END, 2, END]]


def test_words_have_spaces_between():
    assert Symbols(["the", "cat"], " ").text([2, 3, END, 3]) == "the cat\ncat"


def test_nothing_but_ends_is_an_empty_corpus(tmp_path):
    with pytest.raises(CorpusError, match="the corpus is empty"):
        write_ids([np.array([END, END], np.int32)], tmp_path / "ids")
    assert write_ids([np.array([2, END], np.int32)] * 2, tmp_path / "ids").tolist() == [2, 1, 2, 1]
