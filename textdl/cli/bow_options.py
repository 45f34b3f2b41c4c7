"""The options of bow fit that are parameters of a vectorizer, and how their values are read."""

from __future__ import annotations

import argparse
from typing import Any

from textdl.cli.output import whole_number


def ngrams(text: str) -> tuple[int, int]:
    """Read the range of n-grams: `1,2`, or `2` alone."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not 1 <= numbers[0] <= numbers[-1]:
        raise argparse.ArgumentTypeError(f"{text!r} is no range such as 1,2 or 2")
    return numbers[0], numbers[-1]


def document_limit(text: str) -> int | float:
    """Read a number of documents, or a share of them."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(f"{text!r} is no number of documents, nor a share such as 0.5")


def proper_text(text: str) -> str:
    """Read a text, which must be whole characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text


_LIMIT = {"type": document_limit, "metavar": "N"}
_COUNT = {"type": whole_number, "metavar": "N"}
# By option: what it says of itself, and how argparse reads it.
PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ngrams": (
        "words of the shortest and the longest n-gram (default 1,1)",
        {"dest": "ngram_range", "type": ngrams, "metavar": "1,2"},
    ),
    "min-df": ("drop terms of fewer documents: a number, or a share such as 0.01", _LIMIT),
    "max-df": ("drop terms of more documents: a number, or a share such as 0.5", _LIMIT),
    "max-features": ("keep only the most frequent terms", _COUNT),
    "stop-words": ("leave out frequent words", {"choices": ["english"]}),
    "analyzer": (
        "what terms are made of (default word)",
        {"choices": ["word", "char", "char_wb"]},
    ),
    "tokenizer": ("nltk, whitespace, wordpunct or tweet, not a pattern", {"metavar": "NAME"}),
    "token-pattern": ("the regular expression of a word", {"metavar": "P"}),
    "strip-accents": ("drop accents", {"choices": ["ascii", "unicode"]}),
    "no-lowercase": ("keep capitals", {"dest": "lowercase", "action": "store_false"}),
    "binary": ("count a term once a document", {"action": "store_true"}),
    "sublinear-tf": ("1 + log(count) in place of it (TF-IDF)", {"action": "store_true"}),
    "errors": (
        "bytes that are not UTF-8 (default strict)",
        {"dest": "decode_error", "choices": ["strict", "replace", "ignore"]},
    ),
    "jobs": ("threads (default: every core)", _COUNT | {"dest": "n_jobs"}),
}
