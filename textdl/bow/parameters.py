"""Which values the parameters of text may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from textdl.errors import ParameterError

# The number of threads does not change the result; a vocabulary is kept as terms.
_NOT_SAVED = ("n_jobs", "vocabulary")

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


def check_ngram_range(ngram_range: Any) -> None:
    """Refuse what is no pair of whole numbers, the first not above the second.

    Raises:
        ParameterError: it is not.
    """
    pair = tuple(ngram_range) if isinstance(ngram_range, tuple | list) else ()
    whole = len(pair) == 2 and all(isinstance(n, int | np.integer) for n in pair)
    if not whole or not 1 <= pair[0] <= pair[1]:
        raise ParameterError(
            f"invalid value for ngram_range={ngram_range!r}: expected (lower boundary, upper "
            "boundary), whole numbers from 1, the lower boundary not larger than the upper boundary"
        )


def saved_parameters(estimator: Any) -> dict[str, Any]:
    """The parameters of a vectorizer that decide its result, as JSON values.

    Raises:
        ParameterError: one is a function.
    """
    found = {k: v for k, v in estimator.get_params(deep=False).items() if k not in _NOT_SAVED}
    found["dtype"] = np.dtype(found["dtype"]).name
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
    """The parameters that `saved_parameters` wrote."""
    dtype, ngram_range = np.dtype(saved["dtype"]).type, tuple(saved["ngram_range"])
    return {**saved, "dtype": dtype, "ngram_range": ngram_range}
