"""Counts: the examples that courses begin with."""

import pytest

from textdl.bow.count import CountVectorizer
from textdl.text.tokenizers import get_tokenizer

SENTENCES = ["The cat sat", "The dog sat", "Orange, apple, grape"]
DICTIONARY = ["the", "cat", "sat", "dog", "orange", "apple", "grape"]


def test_transform_given_dictionary_counts_by_hand():
    counts = CountVectorizer(vocabulary=DICTIONARY).transform(SENTENCES)
    assert counts.toarray().tolist() == [
        [1, 1, 1, 0, 0, 0, 0],
        [1, 0, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1],
    ]


@pytest.mark.parametrize(("binary", "last"), [(True, 1), (False, 2)])
def test_fit_transform_binary_or_not_counts_by_hand(binary, last):
    vocabulary = ["are", "cat", "dog", "is", "now", "on", "table", "the"]
    vectorizer = CountVectorizer(vocabulary=vocabulary, binary=binary)
    row = vectorizer.fit_transform(["the dog is on the table"]).toarray()[0]
    assert row.tolist() == [0, 0, 1, 1, 0, 1, 1, last]


@pytest.mark.parametrize("name", ["nltk", "whitespace", "wordpunct", "tweet"])
def test_fit_named_tokenizer_has_its_tokens(name):
    texts = ["Don't panic, Mr. Dent.", "It's only a towel!"]
    named = CountVectorizer(tokenizer=name, token_pattern=None)
    tokens = {token for text in texts for token in get_tokenizer(name)(text)}
    assert set(named.fit(texts).vocabulary_) == tokens
