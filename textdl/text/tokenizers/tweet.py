"""Tokens of tweets, by NLTK: emoticons, handles and hashtags stay whole.

Of its patterns, only telephone numbers and ellipses have spaces; none looks further around than at
one character, of which it asks whether it is a letter or an ``@``. So what is between spaces is cut
by itself, but for texts that may have such a number, an ellipsis, or an entity of HTML, which could
stand for anything: those are left to NLTK.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

from nltk.tokenize import TweetTokenizer

from textdl.text.tokenizers import Tokenizer
from textdl.text.tokenizers.run_memo import RunMemo, fast_if_equal

_TOKENIZER = TweetTokenizer()
_SPACED_DOTS = re.compile(r"\.\s+\.")
_SPACED_DIGITS = re.compile(r"\d[-*.)]*\s[-\s*.)]*\(?\d")
_LAST_OF_NUMBER = re.compile(r"\d{3}[-\s*.)]*\d{4}")
_HARD_CASES = (
    "It's a :-) day @dent, #towel-day!!! 8D x_x <3 <-- http://a.b/c?d=(e) mail@x.org a.b.co... x",
    "call 555 123 4567, (555) 123-4567 or +1 555 123 4567. in 1990 2000 so . . . &amp; on &#46; .",
    "hm..... .. . .. ????!!!! ---- ====     ____  \U0001f44d\U0001f3fd \u2665\u200d a&b;c 3/4 -5.5",
    "",
)


def tokenize_by_nltk(text: str) -> list[str]:
    """What `tokenize` has to give, by NLTK alone."""
    return _TOKENIZER.tokenize(text)  # type: ignore[no-any-return]


def _cut(run: str) -> tuple[str, ...]:
    if run.isascii() and run.isalpha():
        return (run,)
    return tuple(tokenize_by_nltk(run))


_MEMO: RunMemo[str, tuple[str, ...]] = RunMemo(_cut)


def _tokenize(text: str) -> list[str]:
    if (
        ("&" in text and ";" in text)
        or _SPACED_DOTS.search(text)
        or (_SPACED_DIGITS.search(text) and _LAST_OF_NUMBER.search(text))
    ):
        return tokenize_by_nltk(text)
    return list(chain.from_iterable(map(_MEMO.__getitem__, text.split(" "))))


@cache
def _tokenizer() -> Tokenizer:
    return fast_if_equal(_tokenize, tokenize_by_nltk, _HARD_CASES)


def tokenize(text: str) -> list[str]:
    """Cut a text into tokens."""
    return _tokenizer()(text)
