"""How good a file of vectors is: evaluate."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from textdl.cli.output import print_json
from textdl.errors import ParameterError


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb of this module."""
    evaluate = verbs.add_parser(
        "evaluate", help="measure vectors on word-similarity benchmarks and analogies"
    )
    evaluate.add_argument("vectors", metavar="VECTORS")
    evaluate.add_argument(
        "--similarity",
        metavar="FILE",
        action="append",
        default=[],
        help="word, word, score per line (tabs, commas or spaces); may be given several times",
    )
    evaluate.add_argument(
        "--analogies",
        metavar="FILE",
        help="a file of questions, four words per line, or a file or folder of BATS",
    )
    evaluate.set_defaults(run=show_evaluation)


def show_evaluation(options: argparse.Namespace) -> None:
    """Print rank correlations and analogy accuracy."""
    # SciPy, which the other questions do without.
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
    for name, pairs in found.get("similarity", {}).items():
        print(f"{name:<28} spearman {pairs['spearman']:.4f}  {_coverage(pairs, 'pairs')}")
    if analogies := found.get("analogies"):
        for section in analogies["sections"]:
            print(
                f"{section['name']:<28} accuracy {section['accuracy']:.4f}  "
                f"{_coverage(section, 'questions')}"
            )
        for name in ("semantic", "syntactic"):
            if not math.isnan(analogies[name]) and analogies["sections"]:
                print(f"{name:<28} accuracy {analogies[name]:.4f}")
        print(
            f"{'all analogies':<28} accuracy {analogies['accuracy']:.4f}  "
            f"{_coverage(analogies, 'questions')}"
        )


def _coverage(result: dict[str, Any], what: str) -> str:
    return f"{result[what]:,} {what}, {result['skipped']:,} skipped"
