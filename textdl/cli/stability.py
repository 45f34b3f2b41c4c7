"""How far neighbors can be trusted: stability."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from textdl.cli.options import describe, positive_int
from textdl.cli.output import print_json
from textdl.table import format_table

if TYPE_CHECKING:
    from textdl.vectors.stability import Stability

_WORDS_SHOWN = 10


def add_stability(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl stability``."""
    describe(
        parser,
        "Compare files of vectors that were trained on the same text with different seeds, or on "
        "samples of it: the share of the nearest words of each word that two files have in common, "
        "the mean over all pairs of files, by the frequency of the words. What the files do not "
        "agree on is chance.",
        "textdl stability seed1.safetensors seed2.safetensors seed3.safetensors",
        "words 1 to 100         0.7612",
        "words 101 to 1,000     0.7254",
        "words 1,001 to 10,000  0.6020",
        "...",
    )
    parser.add_argument(
        "vectors", metavar="VECTORS", nargs="+", help="two or more files, of any known format"
    )
    parser.add_argument(
        "-n",
        type=positive_int,
        default=10,
        metavar="N",
        help="nearest words of each word (default %(default)s)",
    )
    parser.add_argument(
        "--words-per-band",
        type=positive_int,
        metavar="N",
        help="words of each range of frequencies that are looked at; fewer are faster",
    )
    parser.set_defaults(run=show_stability)


def show_stability(options: argparse.Namespace) -> None:
    """Print the overlap of nearest words."""
    # NumPy, which a help text does without.
    from textdl.vectors.stability import WORDS_PER_BAND, measure_stability
    from textdl.vectors.vectors import Vectors

    files = [Vectors.load(path) for path in options.vectors]
    found = measure_stability(files, options.n, options.words_per_band or WORDS_PER_BAND)
    if options.json:
        print_json(
            {
                "overlap": found.overlap,
                "common": found.common,
                "bands": [band._asdict() for band in found.bands],
                "words": [{"word": word, "overlap": overlap} for word, overlap in found.words],
            }
        )
        return
    _print_table(found)


def _print_table(found: Stability) -> None:
    rows = [
        (f"words {band.first:,} to {band.last:,}", f"{band.overlap:.4f}") for band in found.bands
    ]
    rows.append(("all that were looked at", f"{found.overlap:.4f}"))
    by_overlap = sorted(found.words, key=lambda it: it[1])
    for title, some in (("least", by_overlap), ("most", by_overlap[::-1])):
        words = ", ".join(word for word, _ in some[:_WORDS_SHOWN])
        rows.append((f"{title} stable", words))
    print("\n".join(format_table(rows)))
