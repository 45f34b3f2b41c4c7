"""Words tagged by the period of their text, for one training on the texts of all periods."""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from textdl.cli.options import add_parameters, describe, given_parameters
from textdl.cli.output import opened_text, print_json, printed_warnings, refuse_sources
from textdl.errors import ParameterError
from textdl.interruption import interruptible
from textdl.text.source import TextParameters

_OF_FILES = ["errors", "encoding"]  # which are read as they are by default


def add_periods(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``textdl periods``."""
    describe(
        parser,
        "Tag chosen words by the period of their text, gay becoming gay_1900 and gay_2000, and "
        "print the words of all texts, one text per line. What textdl train --tokenizer whitespace "
        "--context-separator _ makes of that has a vector for each period of a chosen word, all in "
        "one space (temporal referencing).",
        "textdl periods 1900=old.txt 2000=new.txt --words gay broadcast -o both.txt",
        "120,000 texts in both.txt: gay_1900 512, gay_2000 1,204, broadcast_1900 31, "
        "broadcast_2000 2,290",
    )
    parser.add_argument(
        "corpora", metavar="PERIOD=CORPUS", nargs="+", type=_named_corpus,
        help="the name of a period, and its file, folder or glob",
    )  # fmt: skip
    parser.add_argument(
        "--words", metavar="WORD", nargs="+", required=True,
        help="to tag, as the tokenizer makes them; behind the corpora",
    )  # fmt: skip
    parser.add_argument(
        "--separator", metavar="S", default="_",
        help="between a word and its period (default %(default)s)",
    )  # fmt: skip
    add_parameters(parser, TextParameters, exclude=_OF_FILES)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the file to write, in place of standard output"
    )
    parser.set_defaults(run=write_periods)


def _named_corpus(text: str) -> tuple[str, str]:
    """Read the name of a period and its corpus.

    Raises:
        ArgumentTypeError: there are not both.
    """
    period, _, corpus = text.partition("=")
    if not period or not corpus:
        raise argparse.ArgumentTypeError(f"{text!r} is not PERIOD=CORPUS, as in 1900=old.txt")
    return period, corpus


def write_periods(options: argparse.Namespace) -> None:
    """Write the texts with words tagged.

    Raises:
        ParameterError: a period is named twice or alone, or JSON and texts would both be printed.
        OutputError: a text would be overwritten.
    """
    from textdl.text.periods import tag_periods  # NumPy, which a help text does without

    corpora: dict[str, str] = dict(options.corpora)
    if len(corpora) < len(options.corpora):
        raise ParameterError(
            "a period is named twice; expected one PERIOD=CORPUS of each, where CORPUS may be a "
            "folder or a glob"
        )
    if len(corpora) < 2:
        raise ParameterError(
            f"{next(iter(corpora))!r} is named alone; expected PERIOD=CORPUS of two or more periods"
        )
    if options.json and options.output is None:
        raise ParameterError("--json says what was written; name the file with -o FILE")
    refuse_sources(options.output, corpora.values())
    texts = tag_periods(
        corpora,
        options.words,
        separator=options.separator,
        **given_parameters(options, TextParameters),
    )
    tagged = {
        f"{word}{options.separator}{period}": 0 for word in options.words for period in corpora
    }
    with interruptible(), opened_text(options.output) as file:
        written = _write(texts, file, tagged)
    with printed_warnings():
        _warn_of_missing(options.words, options.separator, tagged)
    if options.json:
        print_json({"texts": written, "tagged": tagged, "output": options.output})
    elif options.output is not None:
        found = ", ".join(f"{word} {count:,}" for word, count in tagged.items())
        print(f"{written:,} texts in {options.output}: {found}")


def _warn_of_missing(words: Iterable[str], separator: str, tagged: dict[str, int]) -> None:
    """Warn of words that no period has."""
    found = {name.rpartition(separator)[0] for name, count in tagged.items() if count}
    for word in words:
        if word not in found:
            warnings.warn(
                f"{word!r} is in no text; expected a word as the tokenizer makes it, in lower case "
                "but with --no-lowercase",
                stacklevel=2,
            )


def _write(texts: Iterable[list[str]], file: TextIO, tagged: dict[str, int]) -> int:
    """Write a text per line, and count those of the words that are tagged; returns the texts."""
    written = 0
    for tokens in texts:
        file.write(" ".join(tokens) + "\n")
        written += 1
        for token, count in Counter(tokens).items():
            if token in tagged:
                tagged[token] += count
    return written
