"""The options of classify: where label and text are, and the parameters of a classifier."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from textdl.bow.parameters import VocabularyParameters
from textdl.cli.bow import CHANGED
from textdl.cli.options import Option, add_parameter, positive_int
from textdl.parameters import parameters_of

if TYPE_CHECKING:
    from textdl.classify.examples import Layout


def sizes(text: str) -> tuple[int, ...]:
    """Read the units of hidden layers: `256`, or `256,64`."""
    try:
        return tuple(map(positive_int, text.split(",")))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of whole numbers such as 256 or 256,64"
        ) from None


def condition(text: str) -> tuple[str, str]:
    """Read which rows to take: `split=train`."""
    column, equals, value = text.partition("=")
    if not (column and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is no condition such as split=train")
    return column, value


_NUMBER = {"type": float, "metavar": "X"}
_WHOLE = {"type": positive_int, "metavar": "N"}
_OF_TERMS = (
    "ngram_range",
    "min_df",
    "max_df",
    "max_features",
    "stop_words",
    "analyzer",
    "tokenizer",
    "token_pattern",
    "lowercase",
    "n_jobs",
)
# By option: what it says of itself, and how argparse reads it.
PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "features": (
        "what the model sees: TF-IDF (default), counts, averages of --vectors, or bag: vectors of "
        "terms that are learned with the classes, as fastText does",
        {"choices": ["tfidf", "counts", "vectors", "bag"]},
    ),
    "model": (
        "a network with a hidden layer (default), or a linear model (bag: always)",
        {"choices": ["mlp", "linear"]},
    ),
    "vectors": ("a file of word vectors", {"metavar": "FILE"}),
    "vector-size": ("dimensions of the bag (default 100)", _WHOLE),
    "hidden": (
        "units of the hidden layers (default 256)",
        {"dest": "hidden_layer_sizes", "type": sizes, "metavar": "N,N"},
    ),
    "dropout": ("share of hidden units left out at a step (default 0.5)", _NUMBER),
    "epochs": ("passes over the texts", _WHOLE),
    "batch-size": ("texts a step", _WHOLE),
    "learning-rate": ("at the start; it falls to 0", _NUMBER),
    "seed": ("of every random draw (default 1)", {"type": int, "metavar": "N"}),
}


def add_term_options(train: argparse.ArgumentParser) -> list[str]:
    """Add the options of terms, and return the parameters they are."""
    known = parameters_of(VocabularyParameters)
    for name in _OF_TERMS:
        # The defaults of a classifier are its own.
        add_parameter(train, known[name], CHANGED.get(name, Option()), show_default=False)
    return list(_OF_TERMS)


def add_layout(verb: argparse.ArgumentParser) -> None:
    """Add the files and where label and text are in them."""
    verb.add_argument("files", metavar="FILE", nargs="+", help="files, folders, globs, or -")
    verb.add_argument("--label", default="label", metavar="NAME", help="column (default label)")
    verb.add_argument("--text", default="text", metavar="NAME", help="column (default text)")
    verb.add_argument("--columns", metavar="A,B,C", help="names, for a file without a header")
    verb.add_argument(
        "--where", type=condition, metavar="COLUMN=VALUE", help="take only these rows"
    )
    verb.add_argument("--separator", metavar="S", help="between several labels of a text")
    verb.add_argument(
        "--errors",
        default="strict",
        choices=["strict", "replace", "ignore"],
        help="bytes that are not UTF-8 (default strict)",
    )


def read_layout(options: argparse.Namespace) -> Layout:
    """Where label and text are."""
    from textdl.classify.examples import Layout

    columns = tuple(options.columns.split(",")) if options.columns else None
    return Layout(options.label, options.text, columns, options.where, options.separator)
