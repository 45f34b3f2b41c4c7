"""Questions to saved vectors: similar, analogy, similarity, odd. NumPy is all they load."""

from __future__ import annotations

import argparse
from typing import Any

from textdl.cli.output import print_json, print_neighbors, whole_number
from textdl.vectors.vectors import Vectors


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs of this module."""
    similar = verbs.add_parser("similar", help="the nearest words of each word")
    _takes_vectors(similar, similar_words)
    similar.add_argument("words", metavar="WORD", nargs="+")

    analogy = verbs.add_parser("analogy", help="A is to B as C is to ?")
    _takes_vectors(analogy, solve_analogy)
    for name in "abc":
        analogy.add_argument(name, metavar=name.upper())

    for verb in (similar, analogy):
        verb.add_argument(
            "-n", type=whole_number, default=10, metavar="N", help="how many words (default 10)"
        )

    similarity = verbs.add_parser("similarity", help="the cosine of two words")
    _takes_vectors(similarity, compare_words)
    similarity.add_argument("words", metavar="WORD", nargs=2)

    odd = verbs.add_parser("odd", help="the word that does not belong")
    _takes_vectors(odd, find_odd)
    odd.add_argument("words", metavar="WORD", nargs="+")


def _takes_vectors(verb: argparse.ArgumentParser, run: Any) -> None:
    verb.add_argument("vectors", metavar="VECTORS", help="a file of vectors, of any known format")
    verb.set_defaults(run=run)


def similar_words(options: argparse.Namespace) -> None:
    """Print the neighbours of every word."""
    found = Vectors.load(options.vectors).most_similar_batch(options.words, topn=options.n)
    print_neighbors(list(zip(options.words, found, strict=True)), as_json=options.json)


def solve_analogy(options: argparse.Namespace) -> None:
    """Print what is to C as B is to A."""
    a, b, c = options.a, options.b, options.c
    found = Vectors.load(options.vectors).most_similar([b, c], [a], topn=options.n)
    print_neighbors([([a, b, c], found)], as_json=options.json)


def compare_words(options: argparse.Namespace) -> None:
    """Print the cosine of two words."""
    similarity = Vectors.load(options.vectors).similarity(*options.words)
    if options.json:
        print_json({"similarity": similarity})
    else:
        print(f"{similarity:.4f}")


def find_odd(options: argparse.Namespace) -> None:
    """Print the word that does not belong."""
    odd = Vectors.load(options.vectors).doesnt_match(options.words)
    if options.json:
        print_json({"odd": odd})
    else:
        print(odd)
