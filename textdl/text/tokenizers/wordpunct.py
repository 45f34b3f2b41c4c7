"""Tokens as runs of letters and digits, or of punctuation, by NLTK."""

from __future__ import annotations

from nltk.tokenize import WordPunctTokenizer

_TOKENIZER = WordPunctTokenizer()


def tokenize(text: str) -> list[str]:
    """Cut a text into tokens."""
    return _TOKENIZER.tokenize(text)  # type: ignore[no-any-return]
