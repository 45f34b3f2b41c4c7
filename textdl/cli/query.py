"""Queries to saved vectors: similar, analogy, similarity, odd. NumPy is all they load."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textdl.cli.options import add_vectors, describe, positive_int
from textdl.cli.output import print_answers, print_json
from textdl.errors import ParameterError
from textdl.table import format_table

if TYPE_CHECKING:
    from textdl.vectors.vectors import Vectors


def add_similar(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl similar``."""
    describe(
        parser,
        "Print the nearest neighbors of each WORD: those whose vectors have the largest cosine "
        "with its own, one word and its cosine per line.",
        "textdl similar vectors.safetensors matrix -n 3",
        "matrices           0.6853",
        "positive-definite  0.5743",
        "csr_matrix         0.5704",
    )
    add_vectors(parser)
    parser.add_argument("words", metavar="WORD", nargs="+", help="of the vocabulary")
    _add_topn(parser)
    _add_restrict_vocab(parser)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--sentences",
        action="store_true",
        help="each WORD is a text: print the words nearest to the mean of its words",
    )
    kinds.add_argument(
        "--in",
        dest="other",
        metavar="VECTORS",
        help="answer with the words of another file, of the same space: trained together, or "
        "aligned",
    )
    kinds.add_argument(
        "--trust",
        metavar="VECTORS",
        nargs="+",
        help="files trained with other seeds: each neighbor is shown with the share of all files "
        "in which it is one, and the mean and standard deviation of its cosine",
    )
    parser.set_defaults(run=similar_words)


def add_analogy(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl analogy``."""
    describe(
        parser,
        "Answer the question: A is to B as C is to what? The answers are the words whose vectors "
        "have the largest cosine with B - A + C (3CosAdd, on unit vectors), one word and its "
        "cosine per line.",
        "textdl analogy vectors.safetensors row rows column -n 2",
        "columns   0.7784",
        "eligible  0.4609",
    )
    add_vectors(parser)
    for name in "abc":
        parser.add_argument(name, metavar=name.upper(), help="a word of the vocabulary")
    _add_topn(parser)
    _add_restrict_vocab(parser)
    parser.add_argument(
        "--cosmul",
        action="store_true",
        help="rank by the product of shifted cosines (3CosMul, Levy and Goldberg 2014) instead",
    )
    parser.set_defaults(run=solve_analogy)


def add_similarity(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl similarity``."""
    describe(
        parser,
        "Print the cosine of the vectors of two words: 1 for the same direction, 0 for "
        "orthogonal ones.",
        "textdl similarity vectors.safetensors week month",
        "0.7444",
    )
    add_vectors(parser)
    parser.add_argument("words", metavar="WORD", nargs=2, help="of the vocabulary")
    parser.set_defaults(run=compare_words)


def add_odd(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl odd``."""
    describe(
        parser,
        "Print the word that does not belong: the one whose vector has the smallest cosine with "
        "the mean of all that are given.",
        "textdl odd vectors.safetensors week month year gzip",
        "gzip",
    )
    add_vectors(parser)
    parser.add_argument("words", metavar="WORD", nargs="+", help="three or more words")
    parser.set_defaults(run=find_odd)


def _add_topn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        type=positive_int,
        default=10,
        metavar="N",
        help="how many words (default %(default)s)",
    )


def _add_restrict_vocab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--restrict-vocab",
        type=positive_int,
        metavar="N",
        help="only the first N words of the file answer, in most files the most frequent ones",
    )


def similar_words(options: argparse.Namespace) -> None:
    """Print the neighbors of every word.

    Raises:
        ParameterError: a restriction goes with another file or with several.
    """
    restrict = options.restrict_vocab
    if restrict and (options.trust or options.other):
        raise ParameterError("--restrict-vocab is about one file; leave out --trust or --in")
    if options.trust:
        _print_trusted(options)
        return
    vectors = _load(options.vectors)
    if options.sentences:
        found = [
            vectors.most_similar_to_sentence(text, options.n, restrict_vocab=restrict)
            for text in options.words
        ]
    elif options.other:
        found = vectors.most_similar_in(_load(options.other), options.words, options.n)
    else:
        found = vectors.most_similar_batch(options.words, options.n, restrict_vocab=restrict)
    _print_neighbors(options.words, found, as_json=options.json)


def _print_trusted(options: argparse.Namespace) -> None:
    """One neighbor per line: in how many of the files it is one, its mean cosine and its spread."""
    from textdl.vectors.stability import trusted_neighbors_batch  # only this needs it

    files = [_load(path) for path in (options.vectors, *options.trust)]
    found = trusted_neighbors_batch(files, options.words, options.n)
    if options.json:
        answers = zip(options.words, found, strict=True)
        print_json(
            [
                {"query": word, "neighbors": [neighbor._asdict() for neighbor in neighbors]}
                for word, neighbors in answers
            ]
        )
        return
    tables = [
        format_table(
            [
                (it.word, f"{it.share:4.0%}", f"{it.similarity:.4f}", f"± {it.spread:.4f}")
                for it in neighbors
            ],
            "<>",
        )
        for neighbors in found
    ]
    print_answers(list(zip(options.words, tables, strict=True)))


def solve_analogy(options: argparse.Namespace) -> None:
    """Print what is to C as B is to A."""
    vectors = _load(options.vectors)
    solve = vectors.most_similar_cosmul if options.cosmul else vectors.most_similar
    found = solve(
        [options.b, options.c], [options.a], options.n, restrict_vocab=options.restrict_vocab
    )
    _print_neighbors([[options.a, options.b, options.c]], [found], as_json=options.json)


def compare_words(options: argparse.Namespace) -> None:
    """Print the cosine of two words."""
    similarity = _load(options.vectors).similarity(*options.words)
    if options.json:
        print_json({"similarity": similarity})
    else:
        print(f"{similarity:.4f}")


def find_odd(options: argparse.Namespace) -> None:
    """Print the word that does not belong."""
    odd = _load(options.vectors).doesnt_match(options.words)
    if options.json:
        print_json({"odd": odd})
    else:
        print(odd)


def _load(path: str) -> Vectors:
    from textdl.vectors.vectors import Vectors  # NumPy, which a help text does without

    return Vectors.load(path)


def _print_neighbors(
    queries: Sequence[str | list[str]],
    found: Sequence[Sequence[tuple[str, float]]],
    *,
    as_json: bool,
) -> None:
    """One word and its cosine per line."""
    if as_json:
        answers = zip(queries, found, strict=True)
        print_json([{"query": query, "neighbors": _as_json(words)} for query, words in answers])
        return
    tables = [format_table([(word, f"{cosine:.4f}") for word, cosine in words]) for words in found]
    print_answers(list(zip(queries, tables, strict=True)))


def _as_json(words: Sequence[tuple[str, float]]) -> list[dict[str, str | float]]:
    return [{"word": word, "similarity": cosine} for word, cosine in words]
