"""Words that belong together: phrases learn, apply, list."""

from __future__ import annotations

import argparse
import json
import time
from itertools import islice
from typing import TYPE_CHECKING

from textdl.cli.options import (
    Option,
    add_corpus,
    add_parameters,
    describe,
    given_parameters,
    named_corpus,
    positive_int,
)
from textdl.cli.output import (
    check_output,
    opened_text,
    print_json,
    printed_warnings,
    refuse_sources,
)
from textdl.interruption import interruptible
from textdl.table import format_table
from textdl.text.phrase_parameters import CONNECTOR_WORDS, PhraseParameters

if TYPE_CHECKING:
    from textdl.text.corpus import Corpus
    from textdl.text.phrases import Phrases


def _connector_words(text: str) -> str | list[str]:
    """A name of a list of connector words, or words with commas between."""
    return text if text in CONNECTOR_WORDS else text.split(",")


_CHANGED = {"connector_words": Option(type=_connector_words, metavar="english|WORD,WORD...")}


def add_learn(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl phrases learn``."""
    describe(
        parser,
        "Learn which words of a text belong together, such as new_york, and write them to a file. "
        "textdl phrases apply joins them in any text, and textdl train --phrases in the text that "
        "it trains on.",
        "textdl phrases learn corpus.txt -o phrases.safetensors --connector-words english",
        "4,114 phrases in phrases.safetensors: of 1,563,605 words, 2.1 s",
    )
    add_corpus(parser)
    parser.add_argument(
        "-o", "--output", metavar="PHRASES", required=True, help="the file to write"
    )
    parser.add_argument(
        "--counts",
        action="store_true",
        help="keep the counts of all pairs, so that Phrases.partial_fit can learn from more text "
        "and Phrases.merge join parts; the file is much larger",
    )
    add_parameters(parser, PhraseParameters, exclude=["verbose"], changed=_CHANGED)
    parser.add_argument("--quiet", action="store_true", help="show no progress on stderr")
    parser.set_defaults(run=learn_phrases)


def add_apply(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl phrases apply``."""
    describe(
        parser,
        "Join phrases in text, and print its words, one sentence per line. The text is read as the "
        "one that they were learned from: tokenizer and encoding are those of PHRASES.",
        "textdl phrases apply phrases.safetensors more.txt",
        "he moved to new_york in 1921",
    )
    _add_phrases(parser)
    add_corpus(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the file to write, in the place of standard output"
    )
    parser.set_defaults(run=apply_phrases)


def add_list(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl phrases list``."""
    describe(
        parser,
        "Print phrases and their scores, the highest first, one per line.",
        "textdl phrases list phrases.safetensors -n 2",
        "hong_kong    4312.07",
        "los_angeles  3980.55",
    )
    _add_phrases(parser)
    parser.add_argument("-n", type=positive_int, metavar="N", help="print no more than N")
    parser.set_defaults(run=list_phrases)


def learn_phrases(options: argparse.Namespace) -> None:
    """Learn, save, and report."""
    # NumPy and loky, which a help text does without.
    from textdl.text.phrases import Phrases

    began = time.perf_counter()
    check_output(options.output, options.corpus)
    parameters = given_parameters(options, PhraseParameters)
    with interruptible(), printed_warnings():
        phrases = Phrases(**parameters, verbose=not options.quiet).fit(named_corpus(options.corpus))
    phrases.set_params(verbose=False).save(options.output, counts=options.counts)
    seconds = time.perf_counter() - began
    facts = {"phrases": len(phrases.phrases_), "words": phrases.corpus_words_}
    if options.json:
        print_json({**facts, "seconds": round(seconds, 3), "output": options.output})
        return
    print(
        f"{facts['phrases']:,} phrases in {options.output}: of {facts['words']:,} words, "
        f"{seconds:.1f} s"
    )


def apply_phrases(options: argparse.Namespace) -> None:
    """Write the text with phrases joined.

    Raises:
        OutputError: the text would be overwritten.
    """
    refuse_sources(options.output, options.corpus)
    phrases = _load(options)
    corpus = named_corpus(options.corpus)
    if options.json and options.output is None:
        with interruptible():
            _print_sentences(phrases, corpus)
        return
    with interruptible(), opened_text(options.output) as file:
        written = phrases.write(corpus, file)
    if options.json:
        print_json({**written._asdict(), "output": options.output})
    elif options.output is not None:
        print(f"{written.sentences:,} sentences, {written.words:,} words in {options.output}")


def list_phrases(options: argparse.Namespace) -> None:
    """Print phrases and scores."""
    found = list(islice(_load(options).phrases_.items(), options.n))
    if options.json:
        print_json([{"phrase": phrase, "score": score} for phrase, score in found])
        return
    for line in format_table([(phrase, f"{score:.4f}") for phrase, score in found], "<>"):
        print(line)


def _print_sentences(phrases: Phrases, corpus: Corpus) -> None:
    """Print one JSON document as the sentences come: a list of lists of words."""
    before = "["
    for sentence in phrases.transform(corpus):
        print(before + json.dumps(sentence), end="")
        before = ",\n"
    print("]")


def _load(options: argparse.Namespace) -> Phrases:
    # NumPy and loky, which a help text does without.
    from textdl.text.phrases import Phrases

    return Phrases.load(options.phrases)


def _add_phrases(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("phrases", metavar="PHRASES", help="what textdl phrases learn wrote")
