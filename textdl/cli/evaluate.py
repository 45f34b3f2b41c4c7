"""How good a file of vectors is: evaluate."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from textdl.cli.options import describe
from textdl.cli.output import print_json
from textdl.errors import ParameterError
from textdl.table import format_table

_NAME_WIDTH = 27  # that of Google's sections, so that tables of several files can be compared


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl evaluate``."""
    describe(
        parser,
        "Measure vectors on word-similarity benchmarks (the rank correlation of cosines with human "
        "scores) and on analogies (the share that is answered exactly). Questions with unknown "
        "words are skipped, and counted.",
        "textdl evaluate vectors.safetensors --similarity pairs.txt --analogies questions.txt",
        "pairs                        spearman 0.6817  62 pairs, 3 skipped",
        "...",
        "family                       accuracy 0.5760  342 questions, 164 skipped",
        "...",
        "all analogies                accuracy 0.3757  11,960 questions, 7,584 skipped",
    )
    parser.add_argument("vectors", metavar="VECTORS", help="a file of vectors, of any known format")
    parser.add_argument(
        "--similarity",
        metavar="FILE",
        action="append",
        default=[],
        help="word, word, score per line (tabs, commas or spaces); may be given several times",
    )
    parser.add_argument(
        "--analogies",
        metavar="FILE",
        help="a file of questions, four words per line, or a file or folder of BATS",
    )
    parser.set_defaults(run=show_evaluation)


def show_evaluation(options: argparse.Namespace) -> None:
    """Print rank correlations and analogy accuracy.

    Raises:
        ParameterError: there is no benchmark to evaluate on.
    """
    # SciPy, which the queries do without.
    from textdl.vectors.evaluate import evaluate_analogies, evaluate_word_pairs
    from textdl.vectors.vectors import Vectors

    if not (options.similarity or options.analogies):
        raise ParameterError("nothing to evaluate; pass --similarity FILE or --analogies FILE")
    vectors = Vectors.load(options.vectors)
    found: dict[str, Any] = {}
    if options.similarity:
        found["similarity"] = {
            Path(file).stem: evaluate_word_pairs(vectors, file)._asdict()
            for file in options.similarity
        }
    if options.analogies:
        analogies = evaluate_analogies(vectors, options.analogies)._asdict()
        analogies["sections"] = [section._asdict() for section in analogies["sections"]]
        found["analogies"] = analogies
    if options.json:
        print_json(found)
    else:
        _print_table(found)


def _print_table(found: dict[str, Any]) -> None:
    rows: list[tuple[str, ...]] = []
    for name, pairs in found.get("similarity", {}).items():
        rows.append((name, f"spearman {pairs['spearman']:.4f}", _coverage(pairs, "pairs")))
    if analogies := found.get("analogies"):
        rows += [_accuracy(section, section["name"]) for section in analogies["sections"]]
        for name in ("semantic", "syntactic"):
            if not math.isnan(analogies[name]) and analogies["sections"]:
                rows.append((name, f"accuracy {analogies[name]:.4f}"))
        rows.append(_accuracy(analogies, "all analogies"))
    print("\n".join(format_table(rows, first_width=_NAME_WIDTH)))


def _accuracy(result: dict[str, Any], name: str) -> tuple[str, ...]:
    return name, f"accuracy {result['accuracy']:.4f}", _coverage(result, "questions")


def _coverage(result: dict[str, Any], what: str) -> str:
    return f"{result[what]:,} {what}, {result['skipped']:,} skipped"
