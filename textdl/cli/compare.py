"""What words mean in one corpus and in another: compare."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from textdl.cli.options import describe, positive_int
from textdl.cli.output import print_json
from textdl.table import format_table

if TYPE_CHECKING:
    from textdl.vectors.change import Change, WordChange

_NEIGHBORS_SHOWN = 5


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl compare``."""
    describe(
        parser,
        "Print the words whose meaning differs most between two corpora, such as of two periods: "
        "the cosine of a word's vectors in both, once the second file is turned into the space of "
        "the first; z, how far that is below the cosines of words of like frequency, in standard "
        "deviations; and the nearest words that it left and gained. With files of other seeds, "
        "also the cosine that chance alone would leave, and a p-value.",
        "textdl compare old.vec new.vec -n 1 --neighbors 1",
        "word  z       cosine  noise  p  left   gained",
        "gay   487.78  0.4750  -      -  merry  queer",
    )
    parser.add_argument("first", metavar="FIRST", help="vectors of one corpus, of any known format")
    parser.add_argument("second", metavar="SECOND", help="vectors of the other")
    parser.add_argument(
        "-n",
        type=positive_int,
        default=20,
        metavar="N",
        help="how many words (default %(default)s)",
    )
    parser.add_argument(
        "--words", metavar="WORD", nargs="+", help="look at these words instead of all"
    )
    _add_details(parser)
    parser.set_defaults(run=compare_corpora)


def _add_details(parser: argparse.ArgumentParser) -> None:
    """What is compared, and the files of other seeds."""
    parser.add_argument(
        "--neighbors",
        type=positive_int,
        default=10,
        metavar="N",
        help="nearest words that are compared (default %(default)s)",
    )
    parser.add_argument(
        "--anchors",
        type=positive_int,
        metavar="N",
        help="align by the N most frequent common words alone",
    )
    parser.add_argument(
        "--restrict-vocab",
        type=positive_int,
        metavar="N",
        help="only words among the first N of both files",
    )
    parser.add_argument(
        "--min-count",
        type=positive_int,
        default=1,
        metavar="N",
        help="only words that occur N times in either corpus, where files have counts "
        "(default %(default)s)",
    )
    for name, which in (("first", "FIRST"), ("second", "SECOND")):
        parser.add_argument(
            f"--{name}-seeds",
            metavar="VECTORS",
            nargs="+",
            default=[],
            help=f"files trained on the corpus of {which} with other seeds",
        )


def compare_corpora(options: argparse.Namespace) -> None:
    """Print the words that differ most."""
    # NumPy, which a help text does without.
    from textdl.vectors.change import measure_change
    from textdl.vectors.vectors import Vectors

    found = measure_change(
        [Vectors.load(path) for path in (options.first, *options.first_seeds)],
        [Vectors.load(path) for path in (options.second, *options.second_seeds)],
        options.words,
        topn=options.n,
        neighbors=options.neighbors,
        anchors=options.anchors,
        restrict_vocab=options.restrict_vocab,
        min_count=options.min_count,
    )
    if options.json:
        words = [change._asdict() for change in found.words]
        print_json({"common": found.common, "words": words})
    else:
        print("\n".join(_table(found)))


def _table(found: Change) -> list[str]:
    header = ("word", "z", "cosine", "noise", "p", "left", "gained")
    return format_table([header, *map(_row, found.words)])


def _row(change: WordChange) -> tuple[str, ...]:
    cosines = (f"{change.similarity:.4f}", _number(change.noise), _number(change.p_value))
    sides = (", ".join(some[:_NEIGHBORS_SHOWN]) for some in (change.left, change.gained))
    return (change.word, f"{change.z_score:.2f}", *cosines, *sides)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
