"""The entry point: parse the arguments, call the verb, turn errors into one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import takewhile

import textdl
from textdl.cli.streams import drop_output, prepare_streams
from textdl.errors import ParameterError, TextdlError, one_line

TYPE_CHECKING = False  # as in `textdl`
if TYPE_CHECKING:
    from typing import Any, NoReturn

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
MOST_SUGGESTIONS = 3
STANDARD_COLUMNS = 80
# What stands for a file in a help text: a shell completes its name.
FILE_METAVARS = (
    "CORPUS",
    "FILE",
    "FIRST",
    "IN",
    "MATRIX",
    "MODEL",
    "OUT",
    "PHRASES",
    "POINTS",
    "RUN",
    "SECOND",
    "VECTORS",
)
_EXPLAINS = "{prog} VERB --help explains a verb, with an example."
_COMPLETION = 'Completion in bash: eval "$(textdl --print-completion bash)"'


class Verb:
    """An entry of the registry of verbs.

    Args:
        summary: one line, for the list of verbs.
        source: "module:function", which describes the verb and adds its arguments to a parser; or
            the verbs below this one.
    """

    def __init__(self, summary: str, source: str | Mapping[str, Verb]) -> None:
        self.summary = summary
        self.source = source


VERBS: Mapping[str, Verb] = {
    "train": Verb("train word vectors on text", "textdl.cli.train:add_train"),
    "similar": Verb("the nearest words of each word", "textdl.cli.query:add_similar"),
    "analogy": Verb("A is to B as C is to ?", "textdl.cli.query:add_analogy"),
    "similarity": Verb("the cosine of two words", "textdl.cli.query:add_similarity"),
    "odd": Verb("the word that does not belong", "textdl.cli.query:add_odd"),
    "shell": Verb("ask one question after the other", "textdl.cli.shell:add_shell"),
    "infer": Verb("infer vectors of new documents", "textdl.cli.infer:add_infer"),
    "evaluate": Verb(
        "measure vectors on word-similarity benchmarks and analogies",
        "textdl.cli.evaluate:add_evaluate",
    ),
    "stability": Verb(
        "how far files of vectors agree on nearest words", "textdl.cli.stability:add_stability"
    ),
    "compare": Verb(
        "the words whose meaning differs between two corpora", "textdl.cli.compare:add_compare"
    ),
    "periods": Verb(
        "tag words by the period of their text, for one training on all periods",
        "textdl.cli.periods:add_periods",
    ),
    "match": Verb("the most similar texts of two lists", "textdl.cli.match:add_match"),
    "dedup": Verb("texts without near-duplicates", "textdl.cli.match:add_dedup"),
    "serve": Verb("answer over HTTP", "textdl.cli.serve:add_serve"),
    "mcp": Verb("answer a language model, over MCP", "textdl.cli.serve:add_mcp"),
    "explore": Verb("look at vectors in Apple's Embedding Atlas", "textdl.cli.map:add_explore"),
    "convert": Verb("write vectors in another format", "textdl.cli.convert:add_convert"),
    "info": Verb("what a file of vectors, a matrix or a network holds", "textdl.cli.info:add_info"),
    "phrases": Verb(
        "learn which words belong together, and join them in text",
        {
            "learn": Verb("learn the phrases of text", "textdl.cli.phrases:add_learn"),
            "apply": Verb("join phrases in text", "textdl.cli.phrases:add_apply"),
            "list": Verb("the phrases of a file, and their scores", "textdl.cli.phrases:add_list"),
        },
    ),
    "bow": Verb(
        "turn documents into a matrix, and search it",
        {
            "fit": Verb(
                "turn documents, one per line, into a matrix of counts or weights",
                "textdl.cli.bow:add_fit",
            ),
            "similar": Verb("the documents nearest to each text", "textdl.cli.bow:add_similar"),
        },
    ),
    "classify": Verb(
        "train classifiers of text, and apply them",
        {
            "train": Verb("train a model on labeled texts", "textdl.cli.classify:add_train"),
            "evaluate": Verb("score a model on labeled texts", "textdl.cli.classify:add_evaluate"),
            "predict": Verb(
                "the most probable classes of each text", "textdl.cli.classify:add_predict"
            ),
            "explain": Verb(
                "the words that moved the decision for a class", "textdl.cli.explain:add_explain"
            ),
        },
    ),
    "lm": Verb(
        "train language models, measure them, and let them write",
        {
            "train": Verb(
                "train a model of the next character or word", "textdl.cli.language_model:add_train"
            ),
            "perplexity": Verb(
                "how well a model predicts text", "textdl.cli.language_model:add_perplexity"
            ),
            "generate": Verb("text drawn from a model", "textdl.cli.language_model:add_generate"),
        },
    ),
    "tag": Verb(
        "tag every token of sentences, such as names in text",
        {
            "train": Verb(
                "train a tagger on columns of tokens and tags", "textdl.cli.tag:add_train"
            ),
            "evaluate": Verb("score a tagger on tagged sentences", "textdl.cli.tag:add_evaluate"),
            "predict": Verb("the tag of every token", "textdl.cli.tag:add_predict"),
        },
    ),
    "plot": Verb(
        "draw loss curves, decision boundaries and maps of words",
        {
            "loss": Verb("the loss of trainings, epoch by epoch", "textdl.cli.plot:add_loss"),
            "boundary": Verb(
                "what a classifier says of the whole plane", "textdl.cli.plot:add_boundary"
            ),
            "map": Verb("words as points, similar ones close together", "textdl.cli.map:add_map"),
            "rates": Verb(
                "train once per learning rate, and compare the loss", "textdl.cli.plot:add_rates"
            ),
        },
    ),
}


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Wraps a description, and leaves an example, which has several lines, as it is."""

    def __init__(self, prog: str) -> None:
        # As argparse would, which imports `shutil` and all compressions for it.
        super().__init__(prog, width=_terminal_columns() - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return argparse.HelpFormatter._fill_text(self, text, width, indent)


def _terminal_columns() -> int:
    """Characters of a line of the terminal, or what the variable COLUMNS says."""
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns > 0:
        return columns
    try:
        return os.get_terminal_size(1).columns or STANDARD_COLUMNS  # 1: standard output
    except (ValueError, OSError):  # closed, or no terminal
        return STANDARD_COLUMNS


class VerbParser(argparse.ArgumentParser):
    """A parser whose errors are one line, and that gets the arguments of its verb when it is used.

    Args:
        verb: whose arguments it parses.
        options: of `argparse.ArgumentParser`.
    """

    def __init__(self, *, verb: Verb, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False, formatter_class=_HelpFormatter)
        self._verb = verb
        self._is_loaded = False

    def load(self) -> dict[str, VerbParser]:
        """Add what the verb has, unless that was done; its module is imported for it.

        Returns:
            The parsers of the verbs below this one.
        """
        source = self._verb.source
        if not self._is_loaded:
            self._is_loaded = True
            if isinstance(source, str):
                self._add_arguments(source)
            else:
                self._add_verbs(source)
        return {} if isinstance(source, str) else self._below.choices

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments, and refuse what is not known of them."""
        self.load()
        given = sys.argv[1:] if args is None else list(args)
        if not {"-h", "--help"} & set(given):  # who asks for help gets it
            self._refuse_unknown(self._unknown_options(given))  # before what is missing is said
        found, unknown = super().parse_known_args(given, namespace)
        self._refuse_unknown(sorted(unknown, key=lambda it: not it.startswith("-")))
        return found, []

    def error(self, message: str) -> NoReturn:
        """End with one line."""
        self.exit(WRONG_USAGE, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")

    def _add_verbs(self, verbs: Mapping[str, Verb]) -> None:
        summary = self._verb.summary
        self.description = f"{summary[0].upper()}{summary[1:]}."
        self.epilog = self.epilog or _EXPLAINS.format(prog=self.prog)
        self._below = self.add_subparsers(title="verbs", required=True, metavar="VERB")
        for name, verb in verbs.items():
            self._below.add_parser(name, help=verb.summary, verb=verb)

    def _add_arguments(self, source: str) -> None:
        module, function = source.split(":")
        getattr(import_module(module), function)(self)
        self.add_argument("--json", action="store_true", help="print one JSON document")
        self.add_argument("--debug", action="store_true", help="show a traceback on errors")

    def _unknown_options(self, given: Sequence[str]) -> list[str]:
        """Those that begin with two dashes, before the name of a verb or ``--``."""
        options = takewhile(lambda it: it != "--", given)
        if not isinstance(self._verb.source, str):
            options = takewhile(lambda it: it.startswith("-"), options)
        # argparse takes what has a space for a text.
        long = (it for it in options if it.startswith("--") and " " not in it)
        return [it for it in long if it.partition("=")[0] not in self._option_string_actions]

    def _refuse_unknown(self, unknown: Sequence[str]) -> None:
        if unknown:
            name = unknown[0].partition("=")[0]
            hint = _did_you_mean(name, self._option_string_actions)
            self.error(f"{name!r} is unknown" + (f"; {hint}" if hint else ""))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Say which of the choices was meant."""
        if action.choices is None or value in action.choices:
            return
        known = list(map(str, action.choices))
        hint = _did_you_mean(str(value), known) or f"expected one of {', '.join(known)}"
        raise argparse.ArgumentError(action, f"{value!r} is unknown; {hint}")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print a help text, or end with one line where that is impossible."""
        file = file or sys.stderr
        try:
            file.write(message)
            file.flush()
        except OSError as error:
            sys.exit(_cannot_print(error))


def _did_you_mean(given: str, known: Collection[str]) -> str:
    """Ask for the names that what was given abbreviates, or else for the closest one."""
    from difflib import get_close_matches  # slow to import, and needed for errors alone

    # A single letter abbreviates too much.
    found = [name for name in known if len(given.strip("-")) > 1 and name.startswith(given)]
    found = found[:MOST_SUGGESTIONS] or get_close_matches(given, known, 1)
    return f"did you mean {' or '.join(found)}?" if found else ""


class _PrintCompletion(argparse.Action):
    """Prints a script with which a shell completes verbs, options and files, and ends."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        try:
            import shtab  # an extra, and needed once per user
        except ImportError:
            remedy = "pip install 'textdl[completion]'"
            parser.exit(FAILED, f"textdl: --print-completion needs shtab; {remedy}\n")
        completed = {**dict.fromkeys(FILE_METAVARS, shtab.FILE), "DIR": shtab.DIRECTORY}
        for _, verb in loaded_verbs(parser):
            for action in verb._actions:
                if action.metavar in completed:
                    action.complete = completed[action.metavar]  # type: ignore[attr-defined]
        parser._print_message(shtab.complete(parser, shell=values), sys.stdout)
        parser.exit()


def build_parser() -> VerbParser:
    """Build the parser of the command line; the parsers of the verbs are filled when used."""
    parser = VerbParser(
        prog="textdl",
        verb=Verb("turn text into vectors, and query them", VERBS),
        epilog=f"{_EXPLAINS.format(prog='textdl')}\n{_COMPLETION}",
    )
    parser.add_argument("--version", action="version", version=f"textdl {textdl.__version__}")
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=("bash", "zsh", "tcsh"),
        metavar="SHELL",
        help="print a script that completes verbs, options and files in bash, zsh or tcsh",
    )
    return parser


def loaded_verbs(parser: VerbParser) -> Iterator[tuple[str, VerbParser]]:
    """Every verb that does something by itself, such as `plot loss`, with its parser."""
    for verb in parser.load().values():
        if verb.load():
            yield from loaded_verbs(verb)
        else:
            yield verb.prog.partition(" ")[2], verb


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 fine, 1 failed, 2 wrong usage.

    Without arguments it shows its help, as pip does: who does not know what to type has done
    nothing wrong.
    """
    if not prepare_streams():
        print("textdl: standard output is closed; send it to /dev/null instead", file=sys.stderr)
        return FAILED
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = build_parser().parse_args(given or ["--help"])
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
