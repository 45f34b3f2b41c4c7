"""Tokenizers: a text in, a list of tokens out; one per file, and the table of their names.

    whitespace.py  splits at white space
    treebank.py    words and punctuation as in the Penn Treebank, sentence by sentence ("nltk")
    treebank_runs.py  its fast form
    wordpunct.py   runs of letters, or of punctuation
    tweet.py       keeps emoticons, handles and hashtags whole
    run_memo.py    what the last four share: each distinct run of characters is cut once

To add one, write a module with a function ``tokenize(text) -> list of str``, and add a line to
`TOKENIZERS`; choices, help texts, checks and documentation are made from it. It is a function of a
module, so that it travels to other processes by its name. A method of one of NLTK's objects does
not: the patterns that they compile when they are first used cannot be unpickled (NLTK 3.10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple, TypeAlias

from textdl.errors import ParameterError

Tokenizer: TypeAlias = Callable[[str], list[str]]


class TokenizerEntry(NamedTuple):
    """What is known of a tokenizer without importing it: NLTK takes half a second to load."""

    module: str  # in this folder
    allows_spaces: bool = False  # a token may hold a space, and so look like two
    remembers_runs: bool = False  # is slow until it has seen most of them: each process learns anew


TOKENIZERS: dict[str, TokenizerEntry] = {
    "whitespace": TokenizerEntry("whitespace"),
    "nltk": TokenizerEntry("treebank", remembers_runs=True),
    "wordpunct": TokenizerEntry("wordpunct", remembers_runs=True),
    "tweet": TokenizerEntry("tweet", allows_spaces=True, remembers_runs=True),
}


def get_tokenizer(tokenizer: str | Tokenizer, *, lowercase: bool = True) -> Tokenizer:
    """The tokenizer of a name; a callable is taken as it is.

    Args:
        tokenizer: one of `TOKENIZERS`, or a function from `str` to a list of `str`.
        lowercase: lower-case the text before it is cut.

    Returns:
        A function from `str` to a list of `str`.

    Raises:
        ParameterError: the name is unknown.

    Example:
        >>> get_tokenizer("nltk")("Don't panic, Mr. Dent. It's only a towel.")
        ['do', "n't", 'panic', ',', 'mr.', 'dent', '.', 'it', "'s", 'only', 'a', 'towel', '.']
    """
    tokenize: Tokenizer
    if callable(tokenizer):
        tokenize = tokenizer
    elif isinstance(tokenizer, str) and tokenizer in TOKENIZERS:
        tokenize = import_module(f"{__name__}.{TOKENIZERS[tokenizer].module}").tokenize
    else:
        raise ParameterError(
            f"tokenizer {tokenizer!r} is unknown; expected one of {', '.join(TOKENIZERS)} or a "
            "function from text to tokens"
        )
    return Lowercased(tokenize) if lowercase else tokenize


@dataclass(frozen=True)
class Lowercased:
    """Lower-case a text, then cut it; a class, not a closure, so that it can be pickled."""

    cut: Tokenizer

    def __call__(self, text: str) -> list[str]:
        """Cut a text into tokens."""
        return self.cut(text.lower())


def remembers_runs(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer is one of ours that has to see a lot of text before it is fast.

    Example:
        >>> remembers_runs(get_tokenizer("nltk")), remembers_runs(str.split)
        (True, False)
    """
    cut = tokenizer.cut if isinstance(tokenizer, Lowercased) else tokenizer
    modules = {f"{__name__}.{it.module}" for it in TOKENIZERS.values() if it.remembers_runs}
    return getattr(cut, "__module__", None) in modules
