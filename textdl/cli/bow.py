"""Bag-of-words: bow fit, bow similar."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from textdl.cli.bow_options import PARAMETERS, proper_text
from textdl.cli.output import print_json, printed_warnings, whole_number
from textdl.errors import ParameterError
from textdl.io.atomic import check_writable

if TYPE_CHECKING:
    from textdl.bow.search import Index, Match

KINDS = {  # by option: what it makes, in words and as a class of textdl
    "tfidf": ("TF-IDF weights", "TfidfVectorizer"),
    "bm25": ("BM25 weights", "BM25Vectorizer"),
    "hashing": ("counts of hashed terms", "HashingVectorizer"),
}
COUNTS = ("counts", "CountVectorizer")


def add_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb of this module, and those below it."""
    bow = verbs.add_parser("bow", help="turn documents into a matrix, and search it")
    below = bow.add_subparsers(title="verbs", dest="bow_verb", required=True, metavar="VERB")
    fit = below.add_parser(
        "fit",
        help="turn documents, one per line, into a matrix of counts or weights",
        description="One file holds the matrix, the vocabulary and the settings.",
    )
    fit.add_argument(
        "corpus", metavar="CORPUS", nargs="+", help="files, folders, globs, or - for stdin"
    )
    fit.add_argument("-o", "--output", metavar="MATRIX", required=True)
    _takes_kind(fit)
    _takes_parameters(fit)
    fit.add_argument("--quiet", action="store_true", help="no progress on stderr")
    fit.set_defaults(run=fit_matrix)

    similar = below.add_parser("similar", help="the documents nearest to each text")
    similar.add_argument("matrix", metavar="MATRIX", help="what bow fit wrote")
    similar.add_argument("texts", metavar="TEXT", nargs="+", type=proper_text)
    similar.add_argument(
        "-n", type=whole_number, default=10, metavar="N", help="how many documents (default 10)"
    )
    similar.set_defaults(run=find_similar)


def _takes_kind(fit: argparse.ArgumentParser) -> None:
    kinds = fit.add_mutually_exclusive_group()
    for option, (text, _) in KINDS.items():
        kinds.add_argument(
            f"--{option}", dest="kind", action="store_const", const=option, help=text
        )


def _takes_parameters(fit: argparse.ArgumentParser) -> None:
    """Add the options that are parameters of a vectorizer, by the names these have."""
    added = [
        fit.add_argument(f"--{option}", default=argparse.SUPPRESS, help=text, **rest)
        for option, (text, rest) in PARAMETERS.items()
    ]
    fit.set_defaults(parameters=[option.dest for option in added])


def fit_matrix(options: argparse.Namespace) -> None:
    """Make the matrix, save it, and report."""
    # SciPy, scikit-learn and tqdm, which vectors do without.
    from textdl.bow.search import LineDocuments
    from textdl.progress import progress_bar

    began = time.perf_counter()
    check_writable(options.output)
    vectorizer = _vectorizer(options)
    with printed_warnings(), progress_bar("documents", show=not options.quiet, scale=True) as bar:
        documents = LineDocuments(options.corpus, vectorizer.decode_error, bar.update)
        matrix = vectorizer.fit_transform(documents)
        bar.update(matrix.shape[0])
    vectorizer.save(options.output, matrix, documents.files)
    columns = "columns" if options.kind == "hashing" else "terms"
    facts = {"documents": matrix.shape[0], columns: matrix.shape[1], "entries": matrix.nnz}
    seconds = time.perf_counter() - began
    if options.json:
        kind = type(vectorizer).__name__
        print_json({"kind": kind, **facts, "seconds": round(seconds, 3), "output": options.output})
    else:
        sizes = ", ".join(f"{size:,} {name}" for name, size in facts.items())
        print(f"{sizes} in {options.output}: {_kind(options)[0]}, {seconds:.1f} s")


def _kind(options: argparse.Namespace) -> tuple[str, str]:
    return KINDS.get(options.kind, COUNTS)


def _vectorizer(options: argparse.Namespace) -> Any:
    """The vectorizer that the options ask for.

    Raises:
        ParameterError: options contradict each other.
    """
    import textdl

    kind = getattr(textdl, _kind(options)[1])
    parameters = {name: vars(options)[name] for name in options.parameters if name in options}
    for name in parameters:
        if name not in kind().get_params():
            raise ParameterError(
                f"--{name.replace('_', '-')} does not go with {_kind(options)[0]}; leave it out, "
                "or make another kind of matrix"
            )
    words = [name for name in ("tokenizer", "token_pattern", "stop_words") if name in parameters]
    if parameters.get("analyzer", "word") != "word" and words:
        raise ParameterError(
            f"--{words[0].replace('_', '-')} is about words, --analyzer {parameters['analyzer']} "
            "about characters; leave out one"
        )
    if {"tokenizer", "token_pattern"} <= set(words):
        raise ParameterError("--tokenizer and --token-pattern both say what a word is; choose one")
    if "tokenizer" in words:
        parameters["token_pattern"] = None
    return kind(**parameters)


def find_similar(options: argparse.Namespace) -> None:
    """Print the nearest documents of every text."""
    # SciPy and scikit-learn, which vectors do without.
    from textdl.bow.search import Index

    index = Index.open(options.matrix)
    found = index.search(options.texts, options.n)
    if options.json:
        print_json(
            [
                {"query": text, "neighbors": [_as_json(index, match) for match in matches]}
                for text, matches in zip(options.texts, found, strict=True)
            ]
        )
        return
    for number, (text, matches) in enumerate(zip(options.texts, found, strict=True)):
        if len(found) > 1:
            print(("\n" if number else "") + f"{text}:")
        _print_matches(matches)


def _as_json(index: Index, match: Match) -> dict[str, Any]:
    measure = "similarity" if index.scores_by_cosine else "score"
    location = {} if match.location is None else match.location._asdict()
    facts = {"document": match.document + 1, measure: match.score, "terms": list(match.terms)}
    return facts | location


def _print_matches(matches: list[Match]) -> None:
    """Number, score, file and line, terms in common; one document per line."""
    if not matches:
        print("no document has a term in common")
    rows = [
        (
            str(match.document + 1),
            f"{match.score:.4f}",
            "" if match.location is None else f"{match.location.file}:{match.location.line}",
            ", ".join(match.terms),
        )
        for match in matches
    ]
    number, score, place = (max((len(row[i]) for row in rows), default=0) for i in range(3))
    for row in rows:
        print(f"{row[0]:>{number}}  {row[1]:>{score}}  {row[2]:<{place}}  {row[3]}".rstrip())
