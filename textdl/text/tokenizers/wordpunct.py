"""Tokens as runs of letters and digits, or of punctuation, by NLTK.

Its pattern runs in an engine that is several times as slow as Python's. About ASCII text the two
agree, but for a few separators; of other text, what is between spaces is cut by itself: no space is
in a token, nor does the pattern look around.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

from nltk.tokenize import WordPunctTokenizer

from textdl.text.tokenizers import Tokenizer
from textdl.text.tokenizers.run_memo import RunMemo, fast_if_equal

_TOKENIZER = WordPunctTokenizer()
_ASCII_PATTERN = re.compile(r"\w+|[^\w\s]+", re.ASCII)
_SEPARATORS = re.compile("[\x1c-\x1f]")
_HARD_CASES = ('It\'s 3.50, -- he\tsaid:  "x_y" ...\nso\v!\f', "na\u00efve\u00a0\u0301 \u00b2", "")


def tokenize_by_nltk(text: str) -> list[str]:
    """What `tokenize` has to give, by NLTK alone."""
    return _TOKENIZER.tokenize(text)  # type: ignore[no-any-return]


def _cut(run: str) -> tuple[str, ...]:
    return tuple(tokenize_by_nltk(run))


_MEMO: RunMemo[str, tuple[str, ...]] = RunMemo(_cut)


def _tokenize(text: str) -> list[str]:
    if text.isascii() and (text.isprintable() or not _SEPARATORS.search(text)):
        return _ASCII_PATTERN.findall(text)
    return list(chain.from_iterable(map(_MEMO.__getitem__, text.split(" "))))


@cache
def _tokenizer() -> Tokenizer:
    return fast_if_equal(_tokenize, tokenize_by_nltk, _HARD_CASES)


def tokenize(text: str) -> list[str]:
    """Cut a text into tokens."""
    return _tokenizer()(text)
