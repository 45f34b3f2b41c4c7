"""Tokenizers: a text in, a list of tokens out. The only module that imports NLTK."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeAlias

from textdl.errors import ParameterError

Tokenizer: TypeAlias = Callable[[str], list[str]]
TokenizerName: TypeAlias = Literal["whitespace", "nltk", "wordpunct", "tweet"]


def get_tokenizer(tokenizer: TokenizerName | Tokenizer, *, lowercase: bool = True) -> Tokenizer:
    """Look a tokenizer up by name; a callable is taken as it is.

    Args:
        tokenizer: ``whitespace`` (`str.split`), ``nltk`` (Penn Treebank style), ``wordpunct``
            (runs of letters or of punctuation), ``tweet`` (keeps emoticons, handles and hashtags),
            or a function from `str` to a list of `str`.
        lowercase: lower-case the text before it is cut.

    Raises:
        ParameterError: the name is unknown.

    Example:
        >>> get_tokenizer("nltk")("Don't panic, Mr. Dent. It's only a towel.")
        ['do', "n't", 'panic', ',', 'mr.', 'dent', '.', 'it', "'s", 'only', 'a', 'towel', '.']
    """
    if callable(tokenizer):
        cut = tokenizer
    elif tokenizer in _TOKENIZERS:
        cut = _TOKENIZERS[tokenizer]
    else:
        raise ParameterError(
            f"tokenizer {tokenizer!r} is unknown; expected one of {', '.join(_TOKENIZERS)} or a "
            "function from text to tokens"
        )
    return _Lowercased(cut) if lowercase else cut


class _Lowercased:
    """A tokenizer after `str.lower`; a class, so that it travels to worker processes."""

    def __init__(self, cut: Tokenizer) -> None:
        self.cut = cut

    def __call__(self, text: str) -> list[str]:
        return self.cut(text.lower())


def _nltk(text: str) -> list[str]:
    # The Treebank rules part a final period from its word only at the end of the string, so the
    # text is first cut into sentences, by Punkt without any learned abbreviations: no download.
    sentences, words = _load_nltk()
    return [token for sentence in sentences(text) for token in words(sentence)]


@lru_cache(maxsize=1)
def _load_nltk() -> tuple[Tokenizer, Tokenizer]:
    # Imported on first use: NLTK takes half a second to load.
    from nltk.tokenize.destructive import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    return PunktSentenceTokenizer().tokenize, NLTKWordTokenizer().tokenize


def _wordpunct(text: str) -> list[str]:
    return _load_wordpunct()(text)


@lru_cache(maxsize=1)
def _load_wordpunct() -> Tokenizer:
    from nltk.tokenize import WordPunctTokenizer  # see _load_nltk

    return WordPunctTokenizer().tokenize  # type: ignore[no-any-return]


def _tweet(text: str) -> list[str]:
    return _load_tweet()(text)


@lru_cache(maxsize=1)
def _load_tweet() -> Tokenizer:
    from nltk.tokenize import TweetTokenizer  # see _load_nltk

    return TweetTokenizer().tokenize  # type: ignore[no-any-return]


_TOKENIZERS: dict[str, Tokenizer] = {
    "whitespace": str.split,
    "nltk": _nltk,
    "wordpunct": _wordpunct,
    "tweet": _tweet,
}
