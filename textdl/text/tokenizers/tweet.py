"""Tokens of tweets, by NLTK: emoticons, handles and hashtags stay whole."""

from __future__ import annotations

from nltk.tokenize import TweetTokenizer

_TOKENIZER = TweetTokenizer()


def tokenize(text: str) -> list[str]:
    """Cut a text into tokens."""
    return _TOKENIZER.tokenize(text)  # type: ignore[no-any-return]
