"""Phrases joined in chunks of ids, and ids made text again."""

import io
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.text.test_collocations import CONNECTORS, SENTENCES, count
from textdl.text import corpus as corpus_module
from textdl.text.collocation_scores import find_phrases
from textdl.text.corpus import read_corpus
from textdl.text.encode import EncodedChunk, encode_chunk
from textdl.text.phrase_joining import PhraseTable, SentenceLines, sentences


def encoded(corpus, size):
    with patch.object(corpus_module, "CHUNK_TOKENS", size):
        yield from (encode_chunk(chunk, str.split) for chunk in read_corpus(corpus))


def learn(corpus, connectors=CONNECTORS, threshold=-0.2):
    counts = count(corpus, connectors).result()
    rows, scores = find_phrases(counts, "npmi", 1, threshold)
    return PhraseTable(counts.select(rows), scores, "_")


def joined_by_loop(sentence, phrases, connectors):
    out, begun = [], []
    for word in sentence:
        if word in connectors:
            (begun if begun else out).append(word)
        elif begun and "_".join([*begun, word]) in phrases:
            out.append("_".join([*begun, word]))
            begun = []
        else:
            out += begun
            begun = [word]
    return out + begun


@given(SENTENCES, SENTENCES, st.integers(1, 30), st.sampled_from([[], CONNECTORS]))
def test_join_against_loop(learned, applied, size, connectors):
    table = learn(learned, connectors)
    phrases = set(table.named_scores())
    joined = list(table.join_chunks(encoded(applied, size)))
    expected = [joined_by_loop(sentence, phrases, connectors) for sentence in applied]
    assert list(sentences(joined)) == expected
    for chunk in joined:  # as a token store takes them
        assert len(set(chunk.words)) == len(chunk.words)
        assert set(chunk.ids.tolist()) == set(range(len(chunk.words)))
        assert (chunk.ids.dtype, chunk.lengths.dtype) == (np.int32, np.int64)


def test_join_word_that_is_spelled_like_a_phrase_is_the_same_word():
    table = learn([["a", "b"], ["c"]])
    (chunk,) = table.join_chunks(encoded([["a_b", "a", "b"]], 100))
    assert (chunk.words, chunk.ids.tolist()) == (["a_b"], [0, 0])


def test_join_text_that_ends_within_a_sentence():
    table = learn([["a", "b"], ["c"]])
    chunk = EncodedChunk(["c", "a"], np.array([0, 1], np.int32), np.array([2]), continues=True)
    empty = EncodedChunk([], np.empty(0, np.int32), np.empty(0, np.int64), continues=True)
    assert list(sentences(table.join_chunks([chunk, empty]))) == [["c", "a"]]


def test_fingerprint_is_of_phrases_alone():
    one, other = learn([["a", "b"], ["c"]]), learn([["c"], ["a", "b"]])
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint() != learn([["a", "c"], ["b"]]).fingerprint()
    assert one.fingerprint() != learn([["a", "b"], ["c"]], []).fingerprint()


@given(SENTENCES, st.integers(1, 30))
def test_lines_against_join(corpus, size):
    lines = SentenceLines()
    file = io.StringIO()
    for chunk in encoded(corpus, size):
        file.write(lines.add(chunk))
    file.write(lines.end())
    assert file.getvalue() == "".join(" ".join(sentence) + "\n" for sentence in corpus)
    assert lines.written == (len(corpus), sum(map(len, corpus)))


def test_lines_of_sentence_whose_first_piece_is_empty():
    nothing = EncodedChunk([], np.empty(0, np.int32), np.array([0]), continues=True)
    word = EncodedChunk(["a"], np.zeros(1, np.int32), np.array([1]), continues=False)
    lines = SentenceLines()
    assert [lines.add(nothing), lines.add(word), lines.end()] == ["", "a", "\n"]
    assert lines.written == (1, 1)
