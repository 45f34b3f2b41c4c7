"""From a text to its terms, as scikit-learn's parameters say, in plain Python."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, TypeAlias

from textdl.errors import ParameterError
from textdl.text.tokenize import get_tokenizer

Accents: TypeAlias = Literal["ascii", "unicode"] | Callable[[str], str] | None
Text2Text: TypeAlias = Callable[[str], str]
Text2Tokens: TypeAlias = Callable[[str], Iterable[str]]

TOKEN_PATTERN = r"(?u)\b\w\w+\b"
_WHITE_SPACES = re.compile(r"\s\s+")


@dataclass(frozen=True)
class Analysis:
    """The parameters that say what the terms of a text are; their meaning is scikit-learn's."""

    strip_accents: Accents = None
    lowercase: bool = True
    preprocessor: Text2Text | None = None
    tokenizer: str | Text2Tokens | None = None
    stop_words: Any = None
    token_pattern: str | None = TOKEN_PATTERN
    ngram_range: tuple[int, int] = (1, 1)
    analyzer: Any = "word"

    def preprocess(self) -> Text2Text:
        """What is done to a text before it is cut."""
        if self.preprocessor is not None:
            return self.preprocessor
        accents: Any = self.strip_accents
        accents = accents if callable(accents) else _ACCENTS[accents]
        return partial(_preprocess, lowercase=self.lowercase, strip_accents=accents)

    def tokenize(self) -> Text2Tokens:
        """What cuts a text into tokens.

        Raises:
            ParameterError: the pattern is no regular expression, has several groups, or the
                tokenizer is of no known name.
        """
        if self.tokenizer is not None:
            return get_tokenizer(self.tokenizer, lowercase=False)  # type: ignore[arg-type]
        try:
            pattern = re.compile(self.token_pattern or "")
        except (re.error, OverflowError, RecursionError) as error:
            raise ParameterError(
                f"token_pattern={self.token_pattern!r} is no regular expression ({error})"
            ) from error
        if self.token_pattern is None or pattern.groups > 1:
            raise ParameterError(
                f"token_pattern={self.token_pattern!r} has {pattern.groups} capturing groups; "
                "expected a pattern of at most 1: write the others as (?:...)"
            )
        return pattern.findall

    def stop_list(self) -> frozenset[str] | None:
        """The words that are left out.

        Raises:
            ParameterError: `stop_words` names no list there is.
        """
        if self.stop_words is None:
            return None
        if self.stop_words == "english":
            # scikit-learn takes a second to load, and few of its users remove stop words.
            from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

            return frozenset(ENGLISH_STOP_WORDS)
        if isinstance(self.stop_words, str):
            raise ParameterError(
                f"stop_words={self.stop_words!r} is not a built-in stop list; expected 'english' "
                "or a list of words"
            )
        return frozenset(self.stop_words)

    def analyze(self) -> Callable[[Any], list[Any]]:
        """What makes the terms of a decoded document, the long way."""
        if callable(self.analyzer):
            return partial(listed, cut=self.analyzer)
        cut: Text2Tokens
        if self.analyzer == "word":
            cut = partial(
                _word_grams,
                tokenize=self.tokenize(),
                stop_words=self.stop_list() or frozenset(),
                ngram_range=self.ngram_range,
            )
        else:
            cut = partial(_CUTTERS[self.analyzer], ngram_range=self.ngram_range)
        return partial(listed, cut=cut, preprocess=self.preprocess())


# Functions, not closures, so that they travel to worker processes.


def listed(
    document: Any, cut: Callable[[Any], Iterable[Any]], preprocess: Text2Text | None = None
) -> list[Any]:
    """`cut`, after `preprocess`, as a list."""
    return list(cut(document if preprocess is None else preprocess(document)))


def _preprocess(text: str, lowercase: bool, strip_accents: Text2Text | None) -> str:
    if lowercase:
        text = text.lower()
    return text if strip_accents is None else strip_accents(text)


def _strip_accents_ascii(text: str) -> str:
    """Decompose characters, and drop what is not ASCII."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _strip_accents_unicode(text: str) -> str:
    """Decompose characters, and drop combining marks."""
    return text if text.isascii() else unicodedata.normalize("NFKD", text).translate(_marks())


@cache
def _marks() -> dict[int, None]:
    every = map(chr, range(sys.maxunicode + 1))
    return dict.fromkeys(map(ord, filter(unicodedata.combining, every)))


_ACCENTS: dict[Any, Text2Text | None] = {
    None: None,
    "ascii": _strip_accents_ascii,
    "unicode": _strip_accents_unicode,
}


def _word_grams(
    text: str, tokenize: Text2Tokens, stop_words: frozenset[str], ngram_range: tuple[int, int]
) -> list[str]:
    tokens = [token for token in tokenize(text) if token not in stop_words]
    return [
        " ".join(tokens[begin : begin + n]) if n > 1 else tokens[begin]
        for n in range(ngram_range[0], ngram_range[1] + 1)
        for begin in range(len(tokens) - n + 1)
    ]


def _char_grams(text: str, ngram_range: tuple[int, int]) -> list[str]:
    text = _WHITE_SPACES.sub(" ", text)
    return [
        text[begin : begin + n]
        for n in range(ngram_range[0], ngram_range[1] + 1)
        for begin in range(len(text) - n + 1)
    ]


def _char_grams_of_words(text: str, ngram_range: tuple[int, int]) -> list[str]:
    """A word shorter than the n-grams, with the spaces around it, counts whole."""
    words = [f" {word} " for word in text.split()]
    shortest, longest = ngram_range
    return [
        word[begin : begin + n]
        for word in words
        for n in range(min(shortest, len(word)), min(longest, len(word)) + 1)
        for begin in range(len(word) - n + 1)
    ]


_CUTTERS: dict[str, Callable[..., list[str]]] = {
    "char": _char_grams,
    "char_wb": _char_grams_of_words,
}
