"""Tokenizers that cut each distinct run of characters between spaces once, and remember it.

Texts repeat their words, so a tokenizer that does not look beyond a run has to cut each distinct
one only once. `RunMemo` is a dictionary that computes what it lacks: to look up what it has takes
no Python bytecode. That NLTK does not look beyond runs is an argument about its rules, and no
version of it is required: so `fast_if_equal` compares both on hard cases, before the first text.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import nltk

from textdl.text.tokenizers import Tokenizer

LONGEST_KEY = 64  # characters; longer runs hardly repeat
MOST_RUNS = 1 << 18  # more than 20 MB of an encyclopedia have; with their tokens, about 64 MB

K = TypeVar("K", str, tuple[str, ...])
V = TypeVar("V")


class RunMemo(dict[K, V], Generic[K, V]):
    """A dictionary that computes missing values, and forgets all of them when it is full.

    Args:
        compute: makes the value of a run, or of a few of them.
        most: keys that are kept.

    Example:
        >>> lengths = RunMemo(len, most=2)
        >>> lengths["dog"], lengths["horse"], lengths["ox"], len(lengths)
        (3, 5, 2, 1)
    """

    def __init__(self, compute: Callable[[K], V], most: int = MOST_RUNS) -> None:
        super().__init__()
        self._compute: Callable[[K], V] = compute
        self._most = most

    def __missing__(self, key: K) -> V:
        value = self._compute(key)
        if (len(key) if isinstance(key, str) else sum(map(len, key))) <= LONGEST_KEY:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value


def fast_if_equal(fast: Tokenizer, by_nltk: Tokenizer, texts: Iterable[str]) -> Tokenizer:
    """`fast`, if it makes of some texts what NLTK makes of them; else NLTK, with a warning.

    Args:
        fast: a tokenizer that should do what NLTK does.
        by_nltk: the one that it should be equal to.
        texts: hard cases.

    Returns:
        One of them.
    """
    try:
        if all(fast(text) == by_nltk(text) for text in texts):
            return fast
    except Exception:  # of any kind: who knows what another version of NLTK does
        pass
    warnings.warn(
        f"NLTK {nltk.__version__} does not cut texts as this version of textdl expects; NLTK cuts "
        "them itself, which is several times slower: install another version of nltk, or of textdl",
        RuntimeWarning,
        stacklevel=2,
    )
    return by_nltk
