"""Words and pairs counted, however the text is cut and however many keys are sorted at once."""

from collections import Counter
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import CorpusError
from textdl.text import collocations as collocations_module
from textdl.text import corpus as corpus_module
from textdl.text.collocations import CollocationCounter
from textdl.text.corpus import read_corpus
from textdl.text.encode import encode_chunk
from textdl.text.word_pairs import LONGEST_SEQUENCE, ConnectorSequences

CONNECTORS = ["of", "the"]
SENTENCES = st.lists(st.lists(st.sampled_from(["a", "b", "c", *CONNECTORS])), min_size=1)


def count(sentences, connectors=CONNECTORS, size=1 << 18, max_candidates=None):
    counter = CollocationCounter(connectors, max_candidates)
    with patch.object(corpus_module, "CHUNK_TOKENS", size):
        for chunk in read_corpus(sentences):
            counter.add(encode_chunk(chunk, str.split))
    return counter


def as_counters(counts):
    """The counts of words and of candidates, by their words."""
    words = dict(zip(counts.words, counts.word_counts.tolist(), strict=True))
    names = (tuple(counts.joined(row, " ").split(" ")) for row in range(len(counts.counts)))
    pairs = dict(zip(names, counts.counts.tolist(), strict=True))
    assert len(pairs) == len(counts.counts)
    return {word: n for word, n in words.items() if n}, pairs


def reference(sentences, connectors=CONNECTORS):
    """The same by a loop over words."""
    words, pairs = Counter(), Counter()
    for sentence in sentences:
        begun = []
        for word in sentence:
            if word in connectors:
                begun += [word] if begun else []
                continue
            words[word] += 1
            if begun and len(begun) - 1 <= LONGEST_SEQUENCE:
                pairs[(*begun, word)] += 1
            begun = [word]
    return words, pairs


@given(SENTENCES, st.integers(1, 30), st.sampled_from([[], CONNECTORS]))
def test_counts_against_loop(sentences, size, connectors):
    with patch.object(collocations_module, "RUN", 3):
        counts = count(sentences, connectors, size).result()
    assert as_counters(counts) == reference(sentences, connectors)
    assert counts.corpus_words == sum(map(len, sentences))
    assert counts.vocabulary_size == sum(map(len, reference(sentences, connectors)))


@given(SENTENCES, SENTENCES)
def test_add_counts_equals_counting_both(first, second):
    both = count([*first, *second]).result().sort()
    for one, other in ((first, second), (second, first)):
        counter = count(one)
        counter.add_counts(count(other).result())
        merged = counter.result().sort()
        assert as_counters(merged) == as_counters(both)
        assert (merged.corpus_words, merged.vocabulary_size) == (
            both.corpus_words,
            both.vocabulary_size,
        )


def test_many_words_and_sequences_widen_the_keys():
    draw = np.random.default_rng(0)
    words = [f"w{i}" for i in range(3_000)] + CONNECTORS * 1_000
    sentences = [[words[i] for i in draw.integers(0, len(words), 40)] for _ in range(2_000)]
    with patch.object(collocations_module, "RUN", 1 << 10):
        counts = count(sentences, size=500).result()
    assert as_counters(counts) == reference(sentences)


def test_sequences_of_connectors_are_numbered_once():
    sequences = ConnectorSequences(["the", "of"])
    assert sequences.number([]) == 0
    assert sequences.number(["of"]) == sequences.number(["of"])
    number = sequences.number(["of", "the", "of"])
    assert sequences.sequences[number] == ("of", "the", "of")
    codes = sequences.codes(["of", "the", "of", "x"])
    starts, lengths = np.array([0, 0, 3]), np.array([3, 0, 0])
    assert sequences.numbers(codes, starts, lengths, grow=False).tolist() == [number, 0, 0]
    lengths = np.array([2, 1, 0])
    known = len(sequences.sequences)
    assert sequences.numbers(codes[::-1][1:], starts * 0, lengths, grow=True)[0] < known
    fresh = ConnectorSequences(["the", "of"])
    assert fresh.numbers(codes, starts, np.array([3, 0, 0]), grow=False).tolist() == [-1, 0, 0]


@pytest.mark.parametrize("size", [1 << 18, 7])
@pytest.mark.parametrize("between", [LONGEST_SEQUENCE, LONGEST_SEQUENCE + 1])
def test_more_connectors_than_a_phrase_may_have_are_no_candidate(size, between):
    counts = count([["a", *["of"] * between, "b"]], size=size).result()
    assert len(counts.counts) == (between == LONGEST_SEQUENCE)


def test_max_candidates_forgets_the_rarest():
    sentences = [["new", "york"]] * 30 + [[f"a{i}", f"b{i}"] for i in range(500)]
    with patch.object(collocations_module, "RUN", 16):
        counts = count(sentences, size=40, max_candidates=50).result()
    assert len(counts.counts) <= 50 + 16
    assert as_counters(counts)[1]["new", "york"] == 30


def test_too_many_words_for_a_key_are_refused(monkeypatch):
    monkeypatch.setattr(collocations_module, "KEY_BITS", 8)
    with pytest.raises(CorpusError, match="has 20 distinct words and 3 sequences of connector"):
        count([[f"w{i}" for i in range(20)]])
