"""What happens where the installed NLTK has other rules than those that are known to be local."""

import re

import pytest
from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters

from textdl.text.tokenizers import treebank

TEXT = "On the hill. the Dog's towel, and/or it (the rest) cannot be-have."


@pytest.fixture
def fresh_tokenizer():
    """The tokenizer is made and checked anew, both now and in the next test."""
    caches = (treebank._runs, treebank._tokenizer)
    for it in caches:
        it.cache_clear()
    yield
    for it in caches:
        it.cache_clear()


NOT_LOCAL = {
    "PUNCTUATION": (re.compile(r"(\w)-(\w)"), r"\1 - \2"),  # what words are made of
    "ENDING_QUOTES": (re.compile(" the "), " the_"),  # the neighbors
    "CONTRACTIONS2": re.compile("(t)(he)"),  # the letters of a word
}


class ParametersWithNo(PunktParameters):
    """Has an abbreviation of which `treebank` does not know."""

    def __init__(self):
        super().__init__()
        self.abbrev_types.add("no")


def add_rule(monkeypatch, name, rule):
    """Change NLTK so that it cuts `TEXT` otherwise; return its new tokens."""
    before = treebank.tokenize_by_nltk(TEXT)
    monkeypatch.setattr(NLTKWordTokenizer, name, [*getattr(NLTKWordTokenizer, name), rule])
    after = treebank.tokenize_by_nltk(TEXT)
    assert after != before
    return after


@pytest.mark.usefixtures("fresh_tokenizer")
@pytest.mark.parametrize("name", list(NOT_LOCAL))
def test_tokenize_other_word_rules_warns_and_leaves_all_to_nltk(name, monkeypatch):
    tokens = add_rule(monkeypatch, name, NOT_LOCAL[name])
    with pytest.warns(RuntimeWarning, match="does not cut texts as this version"):
        assert treebank.tokenize(TEXT) == tokens
    assert treebank._tokenizer() is treebank.tokenize_by_nltk


@pytest.mark.usefixtures("fresh_tokenizer")
def test_tokenize_other_sentence_rules_warns_and_leaves_all_to_nltk(monkeypatch):
    monkeypatch.setattr(treebank, "PunktParameters", ParametersWithNo)
    with pytest.warns(RuntimeWarning, match="does not cut texts as this version"):
        tokens = treebank.tokenize("He said no. The towel is wet.")
    assert tokens[2] == "no."


@pytest.mark.usefixtures("fresh_tokenizer")
def test_tokenize_further_local_rule_is_followed(monkeypatch):
    tokens = add_rule(monkeypatch, "PUNCTUATION", (re.compile("/"), " / "))
    assert treebank.tokenize(TEXT) == tokens


@pytest.mark.usefixtures("fresh_tokenizer")
def test_tokenize_known_rules_does_not_warn():
    assert treebank.tokenize(TEXT) == treebank.tokenize_by_nltk(TEXT)
    assert treebank._tokenizer() == treebank._runs().tokenize
