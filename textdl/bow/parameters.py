"""Which values the parameters of text may have."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from textdl.errors import ParameterError

# The number of threads does not change the result; a vocabulary is kept as terms.
_NOT_SAVED = ("n_jobs", "vocabulary")
_SAVED_TYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64"),
)
MOST_WORDS = 100  # of an n-gram: time and memory grow with each
LONGEST_PATTERN = 10_000  # characters

_CHOICES: dict[str, tuple[Any, ...]] = {
    "input": ("content", "filename", "file"),
    "decode_error": ("strict", "ignore", "replace"),
    "strip_accents": (None, "ascii", "unicode", Callable),
    "lowercase": (True, False),
    "preprocessor": (None, Callable),
    "tokenizer": (None, "nltk", "whitespace", "wordpunct", "tweet", Callable),
    "analyzer": ("word", "char", "char_wb", Callable),
    "binary": (True, False),
    "norm": (None, "l1", "l2"),
    "use_idf": (True, False),
    "smooth_idf": (True, False),
    "sublinear_tf": (True, False),
    "alternate_sign": (True, False),
}


def check_choice(name: str, value: Any) -> None:
    """Refuse a value that is not among those of a parameter; others pass.

    Raises:
        ParameterError: it is not.
    """
    choices = _CHOICES.get(name)
    if choices is None or (callable(value) and Callable in choices):
        return
    if isinstance(value, np.bool_):
        value = bool(value)
    if not any(
        value is choice or (isinstance(value, str) and value == choice) for choice in choices
    ):
        expected = ", ".join("a function" if c is Callable else repr(c) for c in choices)
        raise ParameterError(f"{name}={value!r} is unknown; expected {expected}")


def check_text_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse values that the parameters of a vectorizer cannot have.

    Raises:
        ParameterError: one has.
    """
    for name, value in parameters.items():
        check_choice(name, value)
    check_ngram_range(parameters["ngram_range"])
    check_stop_words(parameters["stop_words"])
    check_encoding(parameters["encoding"])
    check_token_pattern(parameters["token_pattern"])


def check_ngram_range(ngram_range: Any) -> None:
    """Refuse what is no pair of whole numbers, the first not above the second.

    Raises:
        ParameterError: it is not.
    """
    pair = tuple(ngram_range) if isinstance(ngram_range, tuple | list) else ()
    whole = len(pair) == 2 and all(
        isinstance(n, int | np.integer) and not isinstance(n, bool) for n in pair
    )
    if not whole or not 1 <= pair[0] <= pair[1] <= MOST_WORDS:
        raise ParameterError(
            f"invalid value for ngram_range={ngram_range!r}: expected (lower boundary, upper "
            f"boundary), whole numbers from 1 to {MOST_WORDS}, the lower boundary not larger than "
            "the upper boundary"
        )


def check_stop_words(stop_words: Any) -> None:
    """Refuse what is no list of words, nor the name of one.

    Raises:
        ParameterError: it is not.
    """
    if stop_words is None or isinstance(stop_words, str):
        return
    if isinstance(stop_words, bytes) or not isinstance(stop_words, Iterable):
        raise ParameterError(f"stop_words={stop_words!r}; expected 'english' or a list")
    for word in stop_words:
        if not isinstance(word, str):
            raise ParameterError(f"stop_words hold {word!r}; expected words of type str")


def check_encoding(encoding: Any) -> None:
    """Refuse what is no name of an encoding of text.

    Raises:
        ParameterError: it is not; some of Python's codecs decompress, or are of no text.
    """
    try:
        known = getattr(codecs.lookup(encoding), "_is_text_encoding", True)
    except (LookupError, TypeError, ValueError):
        known = False
    if not known:
        raise ParameterError(f"encoding={encoding!r} is unknown; expected one such as 'utf-8'")


def check_token_pattern(token_pattern: Any) -> None:
    """Refuse what is no pattern of reasonable length.

    Raises:
        ParameterError: it is not.
    """
    if token_pattern is None:
        return
    if not isinstance(token_pattern, str) or len(token_pattern) > LONGEST_PATTERN:
        raise ParameterError(
            f"token_pattern={token_pattern!r}; expected a regular expression of at most "
            f"{LONGEST_PATTERN:,} characters"
        )


def saved_parameters(estimator: Any) -> dict[str, Any]:
    """The parameters of a vectorizer that decide its result, as JSON values.

    Raises:
        ParameterError: one is a function, or would open files.
    """
    found = {k: v for k, v in estimator.get_params(deep=False).items() if k not in _NOT_SAVED}
    if found["input"] != "content":
        raise ParameterError(
            f"input={found['input']!r} is not saved, for a file must not decide that texts are "
            "opened as files; call set_params(input='content') first, and set it again after load"
        )
    found["dtype"] = np.dtype(found["dtype"]).name
    if found["dtype"] not in _SAVED_TYPES:
        raise ParameterError(
            f"dtype={found['dtype']!r} is not saved; expected one of {', '.join(_SAVED_TYPES)}"
        )
    found["ngram_range"] = list(map(int, found["ngram_range"]))
    if found["stop_words"] is not None and not isinstance(found["stop_words"], str):
        found["stop_words"] = sorted(found["stop_words"])
    for name, value in found.items():
        if callable(value):
            raise ParameterError(
                f"{name}={value!r} is a function, which cannot be saved; use what has a name, such "
                "as tokenizer='nltk'"
            )
        found[name] = value.item() if isinstance(value, np.generic) else value
    return found


def restored_parameters(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that `saved_parameters` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not write these. One that opens files is refused.
    """
    unknown = [name for name in _NOT_SAVED if name in saved]
    if unknown:
        raise ValueError(f"{unknown[0]}={saved[unknown[0]]!r} is never read from a file")
    if saved["input"] != "content":
        raise ValueError(
            f"input={saved['input']!r} would open texts as files; save it with input='content'"
        )
    if saved["dtype"] not in _SAVED_TYPES:
        raise ValueError(f"dtype={saved['dtype']!r} is no type of numbers")
    dtype, ngram_range = np.dtype(saved["dtype"]).type, tuple(saved["ngram_range"])
    return {**saved, "dtype": dtype, "ngram_range": ngram_range}
