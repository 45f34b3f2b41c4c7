"""Bag-of-words matrices: bow fit, bow similar."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textdl.bow.parameters import STOP_WORD_LISTS, TfidfParameters, VocabularyParameters
from textdl.cli.options import (
    Option,
    add_corpus,
    add_parameters,
    describe,
    given_parameters,
    positive_int,
    utf8_text,
)
from textdl.cli.output import check_output, print_answers, print_json, printed_warnings
from textdl.errors import ParameterError
from textdl.table import format_table

if TYPE_CHECKING:
    from textdl.bow.search import Index, Match

KINDS = {  # by option: what it makes, in words and as a class of textdl
    "tfidf": ("TF-IDF weights", "TfidfVectorizer"),
    "bm25": ("BM25 weights", "BM25Vectorizer"),
    "hashing": ("counts of hashed terms", "HashingVectorizer"),
}
COUNTS = ("counts", "CountVectorizer")


def ngrams(text: str) -> tuple[int, int]:
    """Read the range of n-grams: `1,2`, or `2` alone.

    Raises:
        ArgumentTypeError: the text is not a range.
    """
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not 1 <= numbers[0] <= numbers[-1]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range such as 1,2 or 2")
    return numbers[0], numbers[-1]


def document_limit(text: str) -> int | float:
    """Read a number of documents, or a share of them.

    Raises:
        ArgumentTypeError: the text is not a number.
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a number of documents nor a share such as 0.5"
    )


# The options that differ from the parameters of a vectorizer, by the names of these.
CHANGED: Mapping[str, Option] = {
    "ngram_range": Option("ngrams", ngrams, "1,2"),
    "min_df": Option(type=document_limit, metavar="N"),
    "max_df": Option(type=document_limit, metavar="N"),
    "max_features": Option(type=positive_int),
    "stop_words": Option(choices=STOP_WORD_LISTS),
    "token_pattern": Option(metavar="REGEX"),
    "decode_error": Option("errors"),
    "n_jobs": Option("jobs", positive_int),
}
_PYTHON_ONLY = ("input", "encoding", "preprocessor", "dtype", "vocabulary")
_DEFAULT_WEIGHTS = ("norm", "use_idf", "smooth_idf")


def add_fit(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl bow fit``."""
    describe(
        parser,
        "Turn documents, one per line, into a sparse matrix of counts or weights, one row per "
        "document and one column per term. The file that is written holds the matrix, the "
        "vocabulary and the parameters; textdl bow similar searches it.",
        "textdl bow fit corpus.txt -o corpus.safetensors --tfidf --ngrams 1,2 --min-df 2",
        "75,643 documents, 128,686 terms, 2,072,657 entries in corpus.safetensors: "
        "TF-IDF weights, 2.2 s",
    )
    add_corpus(parser)
    parser.add_argument("-o", "--output", metavar="MATRIX", required=True, help="the file to write")
    kinds = parser.add_mutually_exclusive_group()
    for option, (text, _) in KINDS.items():
        kinds.add_argument(
            f"--{option}", dest="kind", action="store_const", const=option,
            help=f"{text} in the place of {COUNTS[0]}",
        )  # fmt: skip
    add_parameters(parser, VocabularyParameters, exclude=_PYTHON_ONLY, changed=CHANGED)
    add_parameters(parser, TfidfParameters, exclude=_DEFAULT_WEIGHTS)
    parser.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    parser.set_defaults(run=fit_matrix)


def add_similar(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl bow similar``."""
    describe(
        parser,
        "Print the documents of a matrix that are nearest to each TEXT, one per line: its number, "
        "its cosine (with BM25 weights: its score), the file and the line it came from, and the "
        "terms in common.",
        'textdl bow similar corpus.safetensors "sort a list" -n 2',
        "38342  0.4841  corpus.txt:38342  sort list, sort, list",
        " 2341  0.3319  corpus.txt:2341   sort list, sort, list",
    )
    parser.add_argument("matrix", metavar="MATRIX", help="what textdl bow fit wrote")
    parser.add_argument("texts", metavar="TEXT", nargs="+", type=utf8_text, help="what to search")
    parser.add_argument(
        "-n", type=positive_int, default=10, metavar="N",
        help="documents per text (default %(default)s)",
    )  # fmt: skip
    parser.set_defaults(run=find_similar)


def fit_matrix(options: argparse.Namespace) -> None:
    """Make the matrix, save it, and report."""
    # SciPy, scikit-learn and tqdm, which vectors do without.
    from textdl.bow.search import LineDocuments
    from textdl.progress import progress_bar

    began = time.perf_counter()
    check_output(options.output, options.corpus)
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
    parameters = given_parameters(options, VocabularyParameters)
    parameters |= given_parameters(options, TfidfParameters)
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
    print_answers(list(zip(options.texts, map(_lines, found), strict=True)))


def _as_json(index: Index, match: Match) -> dict[str, Any]:
    measure = "similarity" if index.scores_by_cosine else "score"
    location = {} if match.location is None else match.location._asdict()
    facts = {"document": match.document + 1, measure: match.score, "terms": list(match.terms)}
    return facts | location


def _lines(matches: list[Match]) -> list[str]:
    """Number, score, file and line, terms in common; one document per line."""
    if not matches:
        return ["no document has a term in common"]
    rows = [
        (
            str(match.document + 1),
            f"{match.score:.4f}",
            "" if match.location is None else f"{match.location.file}:{match.location.line}",
            ", ".join(match.terms),
        )
        for match in matches
    ]
    return format_table(rows, ">><")
