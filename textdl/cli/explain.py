"""Why a text is given a class: classify explain."""

from __future__ import annotations

import argparse

from textdl.cli.options import describe, positive_int, utf8_text
from textdl.cli.output import print_json, printed_warnings
from textdl.io.atomic import atomic_write, check_writable


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl classify explain``."""
    describe(
        parser,
        "Print the most probable class of a text, and the words that moved the decision furthest: "
        "how far the score of the class falls where a word is left out.",
        'textdl classify explain spam.safetensors "Claim your free prize" -n 3',
        "spam 0.9988",
        "prize  +2.6630  ++++++++++++++++++++",
        "Claim  +1.9541  +++++++++++++++",
        "free   +1.3011  ++++++++++",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="what textdl classify train or fastText wrote"
    )
    parser.add_argument("text", metavar="TEXT", type=utf8_text, help="to explain")
    parser.add_argument(
        "--label", metavar="NAME", help="the class; the most probable, if none is named"
    )
    parser.add_argument(
        "-n",
        type=positive_int,
        default=10,
        metavar="N",
        help="words to print (default %(default)s)",
    )
    parser.add_argument("--html", metavar="FILE", help="write a page with all words on colors, too")
    parser.set_defaults(run=explain_text)


def explain_text(options: argparse.Namespace) -> None:
    """Print the class and the words, and write the page."""
    # JAX and scikit-learn, which other verbs do without.
    from textdl.classify.loading import load_classifier

    if options.html is not None:
        check_writable(options.html)
    model = load_classifier(options.model)
    names = {str(name): name for name in model.classes_.tolist()}
    with printed_warnings():
        explanation = model.explain(options.text, names.get(options.label, options.label))
    if options.html is not None:
        with atomic_write(options.html) as path:
            path.write_text(explanation.as_html(), "utf-8")
    if options.json:
        print_json(explanation.as_json() | {"label": str(explanation.label)})
        return
    print(explanation.as_text(options.n))
