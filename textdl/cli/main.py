"""The entry point: parse the arguments, call the verb, turn errors into one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import chain
from typing import Any, NoReturn

import textdl
from textdl.cli import bow, classify, convert, evaluate, info, plot, query, train
from textdl.cli.output import drop_output, prepare_streams
from textdl.errors import ParameterError, TextdlError, one_line

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130

VERBS = (train, query, evaluate, convert, info, bow, classify, plot)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")

    def refuse_unknown(self, arguments: Sequence[str]) -> NoReturn:
        """End with the first argument that is not known, and the option that was meant."""
        name = next((it for it in arguments if it.startswith("-")), arguments[0]).partition("=")[0]
        close = get_close_matches(name, self._option_string_actions, 1)
        self.error(f"{name!r} is unknown" + (f"; did you mean {close[0]}?" if close else ""))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Say which of the choices was meant."""
        if action.choices is None or value in action.choices:
            return
        known = list(map(str, action.choices))
        close = get_close_matches(str(value), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
        raise argparse.ArgumentError(action, f"{value!r} is unknown; {hint}")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print a help text, or end with one line where that is impossible."""
        file = file or sys.stderr
        try:
            file.write(message)
            file.flush()
        except OSError as error:
            sys.exit(_cannot_print(error))


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
        verb.set_defaults(refuse_unknown=verb.refuse_unknown)
        verb.add_argument("--json", action="store_true", help="print one JSON document")
        verb.add_argument("--debug", action="store_true", help="show a traceback on errors")
    return parser


def _leaves(verbs: argparse._SubParsersAction[Any]) -> Iterator[_Parser]:
    """The verbs that do something themselves, such as `plot loss`; not `plot`."""
    for verb in verbs.choices.values():
        below = [it for it in verb._actions if isinstance(it, argparse._SubParsersAction)]
        yield from chain.from_iterable(map(_leaves, below)) if below else [verb]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 fine, 1 failed, 2 wrong usage.

    Without arguments it shows its help, as pip does: who does not know what to type has done
    nothing wrong.
    """
    if not prepare_streams():
        print("textdl: standard output is closed; send it to /dev/null instead", file=sys.stderr)
        return FAILED
    given = sys.argv[1:] if arguments is None else list(arguments)
    options, unknown = build_parser().parse_known_args(given or ["--help"])
    if unknown:
        options.refuse_unknown(unknown)
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
        drop_output()  # the reader, such as head, has seen enough
    except OSError as error:
        if options.debug:
            raise
        return _cannot_print(error)
    return 0


def _cannot_print(error: OSError) -> int:
    """Say that the result is lost: what goes wrong elsewhere is an error of the family."""
    drop_output()
    where = "" if error.filename is None else f" to {error.filename!r}"
    message = f"textdl: cannot write{where} ({error.strerror}); free some space or write elsewhere"
    with suppress(OSError):  # standard error may be as full
        print(one_line(message), file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
