"""Tokenizers: a text in, a list of tokens out. The only module that imports NLTK."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from textdl.errors import ParameterError

Tokenizer: TypeAlias = Callable[[str], list[str]]
TokenizerName: TypeAlias = Literal["whitespace", "nltk", "wordpunct", "tweet"]

# Words whose period does not end a sentence.
ABBREVIATIONS = (
    "mr mrs ms dr prof rev gen col capt lt sgt gov sen rep hon st jr sr mt ft vs etc e.g i.e cf al "
    "ca approx dept univ inc ltd co corp u.s u.k u.n ph.d b.c a.d a.m p.m"
)


def get_tokenizer(tokenizer: TokenizerName | Tokenizer, *, lowercase: bool = True) -> Tokenizer:
    """Make a tokenizer by name; a callable is taken as it is.

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
    cut: Tokenizer
    if callable(tokenizer):
        cut = tokenizer
    elif isinstance(tokenizer, str) and tokenizer in TOKENIZERS:
        cut = NamedTokenizer(tokenizer)
    else:
        raise ParameterError(
            f"tokenizer {tokenizer!r} is unknown; expected one of {', '.join(TOKENIZERS)} or a "
            "function from text to tokens"
        )
    return Lowercased(cut) if lowercase else cut


# Tokenizers made of others are classes, not closures, so that they travel to worker
# processes whatever starts these.


class NamedTokenizer:
    """A tokenizer with a name, which is all of it that travels to another process.

    NLTK's tokenizers do not: the patterns that they compile when they are first used cannot be
    unpickled (NLTK 3.10).

    Args:
        name: one of the table of tokenizers.

    Example:
        >>> import pickle
        >>> pickle.loads(pickle.dumps(NamedTokenizer("whitespace")))("a cat")
        ['a', 'cat']
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._cut = TOKENIZERS[name]()

    def __call__(self, text: str) -> list[str]:
        """Cut a text into tokens."""
        return self._cut(text)

    def __reduce__(self) -> tuple[type[NamedTokenizer], tuple[str]]:
        return NamedTokenizer, (self.name,)


@dataclass(frozen=True)
class Lowercased:
    """Lower-case a text, then cut it."""

    cut: Tokenizer

    def __call__(self, text: str) -> list[str]:
        """Cut a text into tokens."""
        return self.cut(text.lower())


@dataclass(frozen=True)
class BySentence:
    """Cut a text into sentences, then each of them into words."""

    sentences: Tokenizer
    words: Tokenizer

    def __call__(self, text: str) -> list[str]:
        """Cut a text into tokens."""
        return [word for sentence in self.sentences(text) for word in self.words(sentence)]


def _whitespace() -> Tokenizer:
    return str.split


# NLTK takes half a second to load, so it is imported where one of its tokenizers is made.


def _nltk() -> Tokenizer:
    from nltk.tokenize.destructive import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    # The Treebank rules part a final period from its word only at the end of the string, so the
    # text is first cut into sentences. Punkt learns abbreviations from text; what others learned
    # would have to be downloaded, so it gets the common ones.
    parameters = PunktParameters()
    parameters.abbrev_types.update(ABBREVIATIONS.split())
    sentences = PunktSentenceTokenizer(parameters)
    return BySentence(sentences.tokenize, NLTKWordTokenizer().tokenize)


def _wordpunct() -> Tokenizer:
    from nltk.tokenize import WordPunctTokenizer

    return WordPunctTokenizer().tokenize  # type: ignore[no-any-return]


def _tweet() -> Tokenizer:
    from nltk.tokenize import TweetTokenizer

    return TweetTokenizer().tokenize  # type: ignore[no-any-return]


# By name, what makes the tokenizer; choices, help texts and checks are made of it.
TOKENIZERS: dict[str, Callable[[], Tokenizer]] = {
    "whitespace": _whitespace,
    "nltk": _nltk,
    "wordpunct": _wordpunct,
    "tweet": _tweet,
}
