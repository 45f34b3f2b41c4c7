"""The options of bow fit that are parameters of a vectorizer: made from their declarations."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from textdl.bow.parameters import STOP_WORD_LISTS, TfidfParameters, VocabularyParameters
from textdl.cli.output import whole_number
from textdl.parameters import Parameter, parameters_of


def ngrams(text: str) -> tuple[int, int]:
    """Read the range of n-grams: `1,2`, or `2` alone."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not 1 <= numbers[0] <= numbers[-1]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range such as 1,2 or 2")
    return numbers[0], numbers[-1]


def document_limit(text: str) -> int | float:
    """Read a number of documents, or a share of them."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a number of documents nor a share such as 0.5"
    )


def proper_text(text: str) -> str:
    """Read a text, which must be whole characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text


_DECLARED: Mapping[str, Parameter] = {
    **parameters_of(VocabularyParameters),
    **parameters_of(TfidfParameters),
}
_NAMES: Mapping[str, str] = {  # by option, where the parameter has another name
    "ngrams": "ngram_range",
    "no-lowercase": "lowercase",
    "errors": "decode_error",
    "jobs": "n_jobs",
}
_READERS: Mapping[str, tuple[Callable[[str], Any], str]] = {  # by parameter, with its metavar
    "ngram_range": (ngrams, "1,2"),
    "min_df": (document_limit, "N"),
    "max_df": (document_limit, "N"),
    "max_features": (whole_number, "N"),
    "n_jobs": (whole_number, "N"),
    "token_pattern": (str, "REGEX"),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {"stop_words": STOP_WORD_LISTS}
_OPTIONS = (
    "ngrams",
    "min-df",
    "max-df",
    "max-features",
    "stop-words",
    "analyzer",
    "tokenizer",
    "token-pattern",
    "strip-accents",
    "no-lowercase",
    "binary",
    "sublinear-tf",
    "errors",
    "jobs",
)


def make_option(option: str, *, show_default: bool = True) -> tuple[str, dict[str, Any]]:
    """What an option says of itself, and how argparse reads it.

    Args:
        option: its name, without the dashes.
        show_default: say the default of the parameter, which other verbs may not take.
    """
    declared = _DECLARED[_NAMES.get(option, option.replace("-", "_"))]
    description = declared.description.replace("%", "%%")
    reading: dict[str, Any] = {"dest": declared.name}
    if declared.type is bool:
        if declared.default:
            return f"do not {description}", reading | {"action": "store_false"}
        return description, reading | {"action": "store_true"}
    if show_default and declared.default is not None:
        default = declared.default
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        description += f" (default {shown})".replace("%", "%%")
    if choices := _CHOICES.get(declared.name, declared.choices):
        return description, reading | {"choices": choices}
    kind, metavar = _READERS[declared.name]
    return description, reading | {"type": kind, "metavar": metavar}


# By option: what it says of itself, and how argparse reads it.
PARAMETERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    name: make_option(name) for name in _OPTIONS
}
