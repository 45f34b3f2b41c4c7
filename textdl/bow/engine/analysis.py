"""From a document to its terms, as the parameters of text say: the meaning, in plain Python.

What scikit-learn's vectorizers do, step by step: prepare a text, cut it into tokens, leave out stop
words, join n-grams. `textdl.bow.engine.counting` counts the same terms faster wherever it can, and
in the steps that are here wherever a function of the user takes part.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from textdl.bow.parameters import (
    MAX_NGRAM,
    STOP_WORD_LISTS,
    TOKEN_PATTERN,
    DocumentParameters,
    Text2Text,
    Text2Tokens,
)
from textdl.errors import ParameterError
from textdl.parameters import check_parameters, text_encoding
from textdl.text.tokenizers import get_tokenizer

LONGEST_PATTERN = 10_000  # characters
_WHITE_SPACES = re.compile(r"\s\s+")


@dataclass(kw_only=True, eq=False, repr=False)
class TextAnalysis(DocumentParameters):
    """The steps from a text to its terms, which `term_function` puts together.

    Example:
        >>> TextAnalysis(lowercase=True).build_preprocessor()("The cat")
        'the cat'
    """

    def build_preprocessor(self) -> Text2Text:
        """The function that prepares a text: lower case, accents.

        Raises:
            ParameterError: `strip_accents` is no known name.
        """
        if self.preprocessor is not None:
            return self.preprocessor
        accents: Any = self.strip_accents
        if not callable(accents) and accents not in _ACCENTS:
            raise ParameterError(
                f'Invalid value for "strip_accents": {accents}; expected ascii, unicode, a '
                "function, or None"
            )
        accents = accents if callable(accents) else _ACCENTS[accents]
        return partial(_preprocess, lowercase=self.lowercase, strip_accents=accents)

    def build_tokenizer(self) -> Text2Tokens:
        """The function that cuts a prepared text into tokens.

        Raises:
            ParameterError: the pattern is not a regular expression, has several groups, or the
                tokenizer is of no known name.
        """
        if self.tokenizer is not None:
            return get_tokenizer(self.tokenizer, lowercase=False)  # type: ignore[arg-type]
        try:
            pattern = re.compile(self.token_pattern or "")
        except (re.error, OverflowError, RecursionError) as error:
            raise ParameterError(
                f"token_pattern={self.token_pattern!r} is not a regular expression ({error})"
            ) from error
        if self.token_pattern is None or pattern.groups > 1:
            raise ParameterError(
                f"More than 1 capturing group in token pattern: {self.token_pattern!r} has "
                f"{pattern.groups} capturing groups; write all but one as (?:...)"
            )
        return pattern.findall

    def get_stop_words(self) -> frozenset[str] | None:
        """The stop words, or None.

        Raises:
            ParameterError: `stop_words` names no list there is.
        """
        if self.stop_words is None:
            return None
        if isinstance(self.stop_words, str):
            if self.stop_words not in _STOP_WORDS:
                raise ParameterError(
                    f"stop_words={self.stop_words!r} is not a built-in stop list; expected "
                    f"{' or '.join(map(repr, STOP_WORD_LISTS))}, or a list of words"
                )
            return _STOP_WORDS[self.stop_words]()
        return frozenset(self.stop_words)

    def _check(self) -> None:
        """Refuse parameters of the vectorizer that are out of range, and warn of unused ones.

        Raises:
            ParameterError: one is.
        """
        self._check_parameters()
        for message in (*self._unused_text_parameters(), *self._unused_parameter_warnings()):
            warnings.warn(message, UserWarning, stacklevel=3)

    def _check_parameters(self) -> None:
        """Refuse parameters that are out of range.

        Raises:
            ParameterError: one is.
        """
        check_parameters(self)
        self._check_text_parameters()
        self._check_own_parameters()

    def _check_own_parameters(self) -> None:
        """Refuse what the declarations cannot tell of parameters that not all vectorizers have."""

    def _unused_parameter_warnings(self) -> Iterator[str]:
        """Warnings of further parameters without effect."""
        yield from ()

    def _check_text_parameters(self) -> None:
        """Refuse what the declarations of the parameters cannot tell.

        Raises:
            ParameterError: a parameter cannot be used.
        """
        if self.preprocessor is not None and not callable(self.preprocessor):
            raise ParameterError(
                f"preprocessor={self.preprocessor!r}; expected a function, or None"
            )
        _check_ngram_range(self.ngram_range)
        _check_stop_words(self.stop_words)
        text_encoding(self.encoding)
        if self.token_pattern is not None and len(self.token_pattern) > LONGEST_PATTERN:
            raise ParameterError(
                f"token_pattern={self.token_pattern!r}; expected a regular expression of at most "
                f"{LONGEST_PATTERN:,} characters"
            )
        self.get_stop_words()
        if self.analyzer == "word":
            self.build_tokenizer()

    def _unused_text_parameters(self) -> Iterator[str]:
        """Warnings of parameters without effect, in scikit-learn's words."""
        other = "'analyzer' is callable" if callable(self.analyzer) else "'analyzer' != 'word'"
        unused = "The parameter {!r} will not be used since {}".format
        if self.tokenizer is not None and self.token_pattern is not None:
            yield unused("token_pattern", "'tokenizer' is not None'")
        if callable(self.analyzer) and self.preprocessor is not None:
            yield unused("preprocessor", other)
        if callable(self.analyzer) and tuple(self.ngram_range) != (1, 1):
            yield unused("ngram_range", other)
        if self.analyzer != "word":
            if self.stop_words is not None:
                yield unused("stop_words", other)
            if self.token_pattern not in (None, TOKEN_PATTERN):
                yield unused("token_pattern", other)
            if self.tokenizer is not None:
                yield unused("tokenizer", other)
        elif lost := self._inconsistent_stop_words():
            yield (
                "Your stop_words may be inconsistent with your preprocessing. Tokenizing the stop "
                f"words generated tokens {lost} not in stop_words."
            )

    def _inconsistent_stop_words(self) -> list[str]:
        stop_words = self.get_stop_words() or frozenset()
        try:
            prepare = self.build_preprocessor()
            cut = self.build_tokenizer()
            tokens = {token for word in stop_words for token in cut(prepare(word))}
        except Exception:  # of a function of the user, which may take no single words
            return []
        return sorted(tokens - stop_words)


def term_function(analysis: TextAnalysis) -> Callable[[Any], list[Any]]:
    """The function that makes the terms of a text, all steps in one.

    Example:
        >>> term_function(TextAnalysis(stop_words=["the"]))("The cat sat on the mat")
        ['cat', 'sat', 'on', 'mat']
    """
    if callable(analysis.analyzer):
        return partial(as_list, cut=analysis.analyzer)
    shortest, longest = analysis.ngram_range  # a tuple, or a list
    cut: Text2Tokens
    if analysis.analyzer == "word":
        cut = partial(
            _word_ngrams,
            tokenize=analysis.build_tokenizer(),
            stop_words=analysis.get_stop_words() or frozenset(),
            ngram_range=(shortest, longest),
        )
    else:
        cut = partial(_CHARACTER_NGRAMS[analysis.analyzer], ngram_range=(shortest, longest))
    return partial(as_list, cut=cut, preprocess=analysis.build_preprocessor())


def _check_ngram_range(ngram_range: Any) -> None:
    pair = tuple(ngram_range) if isinstance(ngram_range, tuple | list) else ()
    is_whole = len(pair) == 2 and all(
        isinstance(n, int | np.integer) and not isinstance(n, bool) for n in pair
    )
    if is_whole and pair[0] > pair[1]:
        raise ParameterError(
            f"Invalid value for ngram_range={ngram_range!r} lower boundary larger than the upper "
            "boundary. Exchange them"
        )
    if not is_whole or not 1 <= pair[0] <= pair[1] <= MAX_NGRAM:
        raise ParameterError(
            f"invalid value for ngram_range={ngram_range!r}: expected (lower boundary, upper "
            f"boundary), whole numbers from 1 to {MAX_NGRAM}, the lower boundary not larger than "
            "the upper boundary"
        )


def _check_stop_words(stop_words: Any) -> None:
    if stop_words is None or isinstance(stop_words, str):
        return
    if isinstance(stop_words, bytes) or not isinstance(stop_words, Iterable):
        raise ParameterError(f"stop_words={stop_words!r}; expected 'english' or a list")
    for word in stop_words:
        if not isinstance(word, str):
            raise ParameterError(f"stop_words hold {word!r}; expected words of type str")


def _english() -> frozenset[str]:
    # scikit-learn takes a second to load, and few of its users remove stop words.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)


_STOP_WORDS: Mapping[str, Callable[[], frozenset[str]]] = {"english": _english}


# Functions, not closures, so that they travel to worker processes.


def as_list(
    document: Any, cut: Callable[[Any], Iterable[Any]], preprocess: Text2Text | None = None
) -> list[Any]:
    """The terms of a document.

    Args:
        document: a text, or whatever `cut` takes.
        cut: makes the terms.
        preprocess: applied to the document first.

    Returns:
        The terms, in order.
    """
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


_ACCENTS: Mapping[Any, Text2Text | None] = {
    None: None,
    "ascii": _strip_accents_ascii,
    "unicode": _strip_accents_unicode,
}


def _word_ngrams(
    text: str, tokenize: Text2Tokens, stop_words: frozenset[str], ngram_range: tuple[int, int]
) -> list[str]:
    tokens = [token for token in tokenize(text) if token not in stop_words]
    return [
        " ".join(tokens[begin : begin + n]) if n > 1 else tokens[begin]
        for n in range(ngram_range[0], ngram_range[1] + 1)
        for begin in range(len(tokens) - n + 1)
    ]


def _character_ngrams(text: str, ngram_range: tuple[int, int]) -> list[str]:
    text = _WHITE_SPACES.sub(" ", text)
    return [
        text[begin : begin + n]
        for n in range(ngram_range[0], ngram_range[1] + 1)
        for begin in range(len(text) - n + 1)
    ]


def _character_ngrams_of_words(text: str, ngram_range: tuple[int, int]) -> list[str]:
    """A word shorter than the n-grams, with the spaces around it, counts whole."""
    words = [f" {word} " for word in text.split()]
    shortest, longest = ngram_range
    return [
        word[begin : begin + n]
        for word in words
        for n in range(min(shortest, len(word)), min(longest, len(word)) + 1)
        for begin in range(len(word) - n + 1)
    ]


_CHARACTER_NGRAMS: Mapping[str, Callable[..., list[str]]] = {
    "char": _character_ngrams,
    "char_wb": _character_ngrams_of_words,
}
