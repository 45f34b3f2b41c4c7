"""Texts that are alike: match, dedup."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from textdl.bow.parameters import VocabularyParameters
from textdl.cli.bow import CHANGED
from textdl.cli.options import Option, add_parameter, describe, given_parameters, positive_int
from textdl.cli.output import print_json
from textdl.errors import CorpusError, ParameterError
from textdl.io.atomic import atomic_write, check_writable
from textdl.parameters import parameters_of

if TYPE_CHECKING:
    from textdl.bow.tfidf import TfidfVectorizer

_DUPLICATE = 0.9  # similarity of near-duplicates, unless said otherwise


def share(text: str) -> float:
    """Read a number from 0 to 1.

    Raises:
        ArgumentTypeError: the text is not one.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number


def add_match(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl match``."""
    describe(
        parser,
        "Print for each text of FIRST the most similar texts of SECOND, one text per line in both "
        "files: the cosine and the two texts, separated by tabs. Texts are compared by TF-IDF "
        "weights of the runs of three characters within words, so that spellings may differ; case "
        "and punctuation do not count. "
        "Without SECOND each text is compared with the others of FIRST. With --vectors both are "
        "files of vectors of one space, and words are compared by them.",
        "textdl match customers.txt companies.txt --min-similarity 0.5",
        "0.5945\tACME Corp.\tAcme Corporation",
        "0.7892\tGlobex\tGlobex, Inc.",
        "0.7792\tInitech LLC\tInitech",
    )
    parser.add_argument("first", metavar="FIRST", help="texts, one per line; - for standard input")
    parser.add_argument("second", metavar="SECOND", nargs="?", help="texts to find them in")
    parser.add_argument(
        "-n",
        type=positive_int,
        default=1,
        metavar="N",
        help="how many of SECOND for each of FIRST (default %(default)s)",
    )
    parser.add_argument(
        "--min-similarity",
        type=share,
        default=0.0,
        metavar="X",
        help="print no pair of a smaller cosine; the larger, the faster (default %(default)s)",
    )
    parser.add_argument(
        "--vectors", action="store_true", help="files of vectors, of any known format"
    )
    _add_terms(parser)
    parser.set_defaults(run=match_files)


def add_dedup(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl dedup``."""
    describe(
        parser,
        "Print texts, one per line, without near-duplicates: of each group of texts that are alike "
        "only the first. Two texts are of one group if they are equal, if their cosine is at least "
        "that of --min-similarity, or if a chain of such pairs leads from one to the other.",
        "textdl dedup names.txt --groups",
        "1\tACME Corp.",
        "4\tAcme Corp",
        "",
        "2\tGlobex, Inc.",
        "3\tGlobex Inc",
    )
    parser.add_argument("corpus", metavar="CORPUS", help="texts, one per line; - for stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write what is kept to")
    parser.add_argument(
        "--min-similarity",
        type=share,
        default=_DUPLICATE,
        metavar="X",
        help="cosine of near-duplicates, above 0 (default %(default)s)",
    )
    parser.add_argument(
        "--groups",
        action="store_true",
        help="print the groups of two and more texts with the numbers of their lines instead",
    )
    _add_terms(parser)
    parser.set_defaults(run=drop_duplicates)


def _add_terms(parser: argparse.ArgumentParser) -> None:
    """The options that say what terms are."""
    known = parameters_of(VocabularyParameters)
    for name in ("analyzer", "ngram_range"):
        # The default here is another one than that of the parameter.
        add_parameter(parser, known[name], CHANGED.get(name, Option()), show_default=False)


def match_files(options: argparse.Namespace) -> None:
    """Print the most similar pairs.

    Raises:
        ParameterError: options contradict each other.
    """
    if options.first == options.second == "-":
        raise ParameterError("standard input is named twice; name the file of FIRST or of SECOND")
    if not options.vectors:
        first = _read(options.first)
        second = None if options.second is None else _read(options.second)
        _print_matches(first, _match_texts(first, second, options), as_json=options.json)
        return
    if given_parameters(options, VocabularyParameters):
        raise ParameterError("--analyzer and --ngrams are about texts; leave them or --vectors out")
    words, found = _match_words(options)
    _print_matches(words, found, as_json=options.json)


Found = list[tuple[str, int, float]]  # texts, their lines from 1, and cosines


def _match_texts(
    first: Sequence[str], second: Sequence[str] | None, options: argparse.Namespace
) -> list[Found]:
    # SciPy and scikit-learn, which a help text does without.
    from textdl.bow.matching import match_texts

    pairs = match_texts(
        first, second, options.n, options.min_similarity, vectorizer=_vectorizer(options)
    )
    others = first if second is None else second
    found: list[Found] = [[] for _ in first]
    for row, other, similarity in zip(*(column.tolist() for column in pairs), strict=True):
        found[row].append((others[other], other + 1, similarity))
    return found


def _match_words(options: argparse.Namespace) -> tuple[list[str], list[Found]]:
    from textdl.vectors.vectors import Vectors  # NumPy, which a help text does without

    vectors = Vectors.load(options.first)
    words = list(vectors.labels)
    if options.second is None:
        other = vectors
        answers = vectors.most_similar_batch(words, options.n)
    else:
        other = Vectors.load(options.second)
        answers = vectors.most_similar_in(other, words, options.n)
    line_of = other.key_to_index
    found = [
        [(word, line_of[word] + 1, cosine) for word, cosine in some if _is_match(cosine, options)]
        for some in answers
    ]
    return words, found


def _is_match(cosine: float, options: argparse.Namespace) -> bool:
    return cosine > 0 and cosine >= options.min_similarity


def _vectorizer(options: argparse.Namespace) -> TfidfVectorizer:
    """What the options ask for."""
    from textdl.bow.matching import spelling_vectorizer  # as above

    parameters = given_parameters(options, VocabularyParameters)
    if parameters.get("analyzer") == "word":
        parameters.setdefault("ngram_range", (1, 1))
    return spelling_vectorizer(**parameters)


def _read(corpus: str) -> list[str]:
    from textdl.text.corpus import read_documents  # not for a help text

    texts = list(read_documents(corpus))
    if not texts:
        raise CorpusError(f"{corpus!r} is empty; expected a text per line")
    return texts


def _print_matches(texts: Sequence[str], found: Sequence[Found], *, as_json: bool) -> None:
    """One pair per line, or one document."""
    if not as_json:
        for text, matches in zip(texts, found, strict=True):
            for other, _, similarity in matches:
                print(f"{similarity:.4f}\t{text}\t{other}")
        return
    print_json(
        [
            {
                "query": text,
                "neighbors": [
                    {"text": other, "line": line, "similarity": similarity}
                    for other, line, similarity in matches
                ],
            }
            for text, matches in zip(texts, found, strict=True)
        ]
    )


def drop_duplicates(options: argparse.Namespace) -> None:
    """Print or write the texts without near-duplicates, or the groups of these.

    Raises:
        ParameterError: options contradict each other.
    """
    from textdl.bow.matching import group_duplicates  # SciPy and scikit-learn, as above

    if options.output and options.groups:
        raise ParameterError("--groups prints instead of writing; leave out -o or --groups")
    if options.output:
        check_writable(options.output)
    texts = _read(options.corpus)
    firsts = group_duplicates(texts, options.min_similarity, vectorizer=_vectorizer(options))
    kept = [text for place, text in enumerate(texts) if firsts[place] == place]
    if options.output:
        with atomic_write(options.output) as path, path.open("w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in kept)
    groups = list(_groups(firsts.tolist()))
    if options.json:
        _print_summary(options, len(texts), kept, groups)
    elif options.groups:
        print("\n\n".join("\n".join(f"{it + 1}\t{texts[it]}" for it in one) for one in groups))
    elif options.output:
        print(f"{len(kept):,} of {len(texts):,} texts in {options.output}")
    else:
        print("\n".join(kept))


def _groups(firsts: Sequence[int]) -> Iterator[list[int]]:
    """The positions of the texts of each group of two and more."""
    members: dict[int, list[int]] = {}
    for place, first in enumerate(firsts):
        members.setdefault(first, []).append(place)
    return (group for group in members.values() if len(group) > 1)


def _print_summary(
    options: argparse.Namespace, texts: int, kept: Sequence[str], groups: Sequence[Sequence[int]]
) -> None:
    """How many texts there were, and the lines of the groups."""
    summary: dict[str, Any] = {
        "texts": texts,
        "kept": len(kept),
        "groups": [[place + 1 for place in group] for group in groups],
    }
    print_json(summary | ({"output": options.output} if options.output else {}))
