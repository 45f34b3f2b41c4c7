"""Words as runs of bytes, against `re` and lists of Python."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.bow.engine.terms import name_terms
from textdl.bow.engine.words import (
    TokenizerLexicon,
    WordScanner,
    char_class_mask,
    count_characters,
    parse_char_class,
)
from textdl.text.encode import encode_chunk
from textdl.text.files import Chunk
from textdl.text.hash_table import HashTable
from textdl.text.word_table import LONGEST_CHAIN


@pytest.mark.parametrize("kind", [r"\w", r"\S", r"\d", "[a-z_0-9]", r"[^\W\d]"])
def test_char_class_mask_same_as_re(kind):
    pattern = re.compile(kind)
    expected = [bool(pattern.match(chr(point))) for point in range(sys.maxunicode + 1)]
    assert char_class_mask(kind).tolist() == expected


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        (r"(?u)\b\w\w+\b", 2),
        (r"\w+", 1),
        (r"\b\w{4,}", 4),
        (r"\w\w{2,}\b", 3),
        ("[a-z]+", 1),
        (r"[^\s,]+", 1),
        (r"\w+|[^\w\s]", 1),
        (r"[a-z]+|\S", 1),
    ],
)
def test_parse_char_class_runs_of_a_class_have_their_least_length(pattern, least):
    assert parse_char_class(pattern).min_length == least


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w",
        r"\w*",
        r"\w{0,}",
        r"\w{2,3}",
        r"\w+?",
        r"(\w+)",
        r"(?i)\w+",
        r"(?a)\w+",
        r"\b[a-z]+\b",
        r"\w\S+",
        r"\w+ ",
        "[]a]+",
        "[^a]+",
        r"\w\w+|[^\w\s]",
        r"\w+|[^\w\s]+",
        r"\w+|.",
        r"[^\w\s]|\w+",
        "",
    ],
)
def test_parse_char_class_other_pattern_is_none(pattern):
    assert parse_char_class(pattern) is None


LENGTHS = st.sampled_from([1, 7, 8, 9, 15, 16, 17, 24, LONGEST_CHAIN, LONGEST_CHAIN + 1, 900])
WORDS = st.builds(lambda letter, length: letter * length, st.sampled_from("aé日😀"), LENGTHS)


@given(st.lists(st.lists(WORDS, max_size=5), max_size=4))
def test_word_scanner_words_of_every_length_round_trip(documents):
    lexicon = WordScanner(parse_char_class(r"\S+"), None, HashTable())
    tokens, short = lexicon.scan([" ".join(words) for words in documents])
    assert short == 0
    assert tokens.lengths.tolist() == [len(words) for words in documents]
    encoded = name_terms(lexicon, b" ", 1).encoded(tokens.ids)
    names = [name.decode() for name in encoded]
    assert names == [word for words in documents for word in words]
    np.testing.assert_array_equal(lexicon.encode(names), tokens.ids)


@pytest.mark.parametrize("pattern", [r"\w+|[^\w\s]", r"[a-z]+|\S", r"\w+|[!£]", r"[^\s!]+|[!_]"])
@given(documents=st.lists(st.text("aZ9_ \n\0-!?£é日😀½\ud800\u00a0"), max_size=4))
def test_word_scanner_single_characters_same_as_re(pattern, documents):
    lexicon = WordScanner(parse_char_class(pattern), str.lower, HashTable())
    tokens, short = lexicon.scan(documents)
    expected = [re.findall(pattern, document.lower()) for document in documents]
    assert short == 0
    assert tokens.lengths.tolist() == list(map(len, expected))
    encoded = name_terms(lexicon, b" ", 1).encoded(tokens.ids)
    names = [name.decode("utf-8", "surrogatepass") for name in encoded]
    assert names == [word for words in expected for word in words]


def test_tokenizer_lexicon_round_trip():
    lexicon = TokenizerLexicon(HashTable())
    tokens, short = lexicon.scan(encode_chunk(Chunk(["a é a", "", "b a"]), str.split))
    assert (tokens.lengths.tolist(), short) == ([3, 0, 2], 0)
    assert name_terms(lexicon, b" ", 1).encoded(tokens.ids) == [
        word.encode() for word in ["a", "é", "a", "b", "a"]
    ]


@given(st.lists(st.text(min_size=1), min_size=1))
def test_count_characters_same_as_len(words):
    encoded = [word.encode() for word in words]
    ends = 1 + np.cumsum([len(word) for word in encoded])
    begins = ends - [len(word) for word in encoded]
    text = np.frombuffer(b" " + b"".join(encoded), np.uint8)
    assert count_characters(text, begins, ends).tolist() == [len(word) for word in words]


@pytest.mark.parametrize("largest", [0x7F, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF])
def test_char_class_covers_what_texts_need(largest):
    found = parse_char_class(r"\w+|[^\w\s]").covering(largest)
    assert len(found.mask) > largest
    np.testing.assert_array_equal(
        found.mask, char_class_mask(r"\w")[: len(found.mask)] | found.single
    )
    assert found.covering(0) is found


def test_word_by_itself_beyond_the_first_block_is_found():
    scanner = WordScanner(parse_char_class(r"[a-z]+|[語🙂]"), None, HashTable())
    found = scanner.find(["日本語ab語🙂", "🙂c"])
    assert found.lengths.tolist() == [4, 2]
