"""Corpora and stores that the tests of training share."""

import numpy as np
import pytest

from textdl.text.corpus import read_corpus
from textdl.text.encode import encode
from textdl.text.store import TokenStore
from textdl.text.tokenizers import get_tokenizer


def zipf_text(words, vocabulary, seed=0, line=20):
    """Lines of random words, frequent ones first, as text is."""
    draw = np.random.default_rng(seed)
    share = 1 / np.arange(1, vocabulary + 1)
    ids = draw.choice(vocabulary, words, p=share / share.sum())
    names = [f"w{i}" for i in ids]
    return [" ".join(names[i : i + line]) for i in range(0, words, line)]


def build_store(documents, folder, tokenizer="whitespace"):
    return TokenStore.build(encode(read_corpus(documents), get_tokenizer(tokenizer)), folder)


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """20,000 words of a vocabulary of 500."""
    return build_store(zipf_text(20_000, 500), tmp_path_factory.mktemp("zipf") / "store")
