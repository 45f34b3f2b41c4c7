"""The entry point: parse the arguments, call the verb, turn errors into one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import textdl
from textdl.cli import analyse, bow, classify, convert, info, plot, query, train
from textdl.errors import ParameterError, TextdlError

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

VERBS = (train, query, analyse, convert, info, bow, classify, plot)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(WRONG_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every verb."""
    parser = _Parser(
        prog="textdl",
        description="Turn text into vectors, and ask them questions.",
        epilog="textdl VERB --help explains a verb.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"textdl {textdl.__version__}")
    verbs = parser.add_subparsers(
        title="verbs", dest="verb", required=True, metavar="VERB", parser_class=_Parser
    )
    for module in VERBS:
        module.add_verbs(verbs)
    for verb in _leaves(verbs):
        verb.add_argument("--json", action="store_true", help="print one JSON document")
        verb.add_argument("--debug", action="store_true", help="show a traceback on errors")
    return parser


def _leaves(verbs: argparse._SubParsersAction[Any]) -> Iterator[argparse.ArgumentParser]:
    """The verbs that do something themselves, such as `plot loss`; not `plot`."""
    for verb in verbs.choices.values():
        below = [it for it in verb._actions if isinstance(it, argparse._SubParsersAction)]
        yield from chain.from_iterable(map(_leaves, below)) if below else [verb]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 fine, 1 failed, 2 wrong usage."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except TextdlError as error:
        if options.debug:
            raise
        print(f"textdl: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, ParameterError) else FAILED
    except KeyboardInterrupt as error:
        if options.debug:
            raise
        print("; ".join(["textdl: interrupted", *getattr(error, "__notes__", ())]), file=sys.stderr)
        return getattr(error, "exit_code", INTERRUPTED)
    except BrokenPipeError:
        # The reader, such as head, has seen enough. Python would complain again on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
