"""How a verb is described, and its options: made from the parameters of a dataclass.

A parameter `vector_size` becomes ``--vector-size``. What it may be, its description and its default
are said where it is declared (`textdl.parameters.parameter`), and nowhere else. An option that is
not given is not among the parsed ones, so that the default stays that of the parameter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from textdl.parameters import Parameter, parameters_of

if TYPE_CHECKING:
    from textdl.text.corpus import Corpus

_METAVARS: Mapping[Any, str] = {int: "N", float: "X"}
_UNCHANGED: Mapping[str, Option] = {}


class Option(NamedTuple):
    """In what an option differs from its parameter."""

    name: str = ""  # without the dashes; empty: that of the parameter
    type: Callable[[str], Any] | None = None  # reads a value; None: the type of the parameter
    metavar: str | None = None  # what stands for a value in the help
    choices: tuple[str, ...] = ()  # names, where the parameter may be other things, too


def describe(parser: argparse.ArgumentParser, description: str, example: str, *prints: str) -> None:
    """Say in the help of a verb what it does.

    Args:
        parser: of the verb.
        description: a paragraph.
        example: a command line.
        prints: lines that it prints.

    Example:
        >>> parser = argparse.ArgumentParser()
        >>> describe(parser, "Print the cosine of two words.", "textdl similarity v a b", "0.5")
        >>> print(parser.epilog)
        example:
          $ textdl similarity v a b
          0.5
    """
    parser.description = description
    parser.epilog = "\n  ".join(["example:", f"$ {example}", *prints])


def add_parameters(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    kind: type,
    *,
    exclude: Collection[str] = (),
    changed: Mapping[str, Option] = _UNCHANGED,
) -> None:
    """Add an option for each parameter of a dataclass.

    Numbers and texts take a value, names one of their choices, and a boolean becomes ``--flag`` and
    ``--no-flag``. Functions that a parameter may also be cannot be given here.

    Args:
        parser: or a group of its options.
        kind: a dataclass whose fields are made by `parameter`.
        exclude: parameters that are no options.
        changed: options that differ from their parameters, by the name of the parameter.

    Example:
        >>> from dataclasses import dataclass
        >>> from textdl.parameters import parameter
        >>> @dataclass
        ... class Config:
        ...     size: int = parameter(100, "dimensions of a vector")
        ...     lowercase: bool = parameter(True, "lower-case the text")
        >>> parser = argparse.ArgumentParser()
        >>> add_parameters(parser, Config)
        >>> given_parameters(parser.parse_args(["--size", "9", "--no-lowercase"]), Config)
        {'size': 9, 'lowercase': False}
    """
    for name, known in parameters_of(kind).items():
        if name not in exclude:
            add_parameter(parser, known, changed.get(name, Option()))


def add_parameter(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    known: Parameter,
    option: Option,
    *,
    show_default: bool = True,
) -> None:
    """Add the option for one parameter.

    Args:
        parser: or a group of its options.
        known: the parameter.
        option: in what the option differs from it.
        show_default: say the default of the parameter, which not every verb takes.
    """
    parser.add_argument(
        "--" + (option.name or known.name.replace("_", "-")),
        dest=known.name,
        default=argparse.SUPPRESS,
        help=_help(known, show_default=show_default).replace("%", "%%"),
        **_reading(known, option),
    )


def given_parameters(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """The parameters of a dataclass that were given as options.

    Args:
        options: parsed by a parser that `add_parameters` prepared.
        kind: the same dataclass.

    Returns:
        Values by name, in the order of the dataclass.
    """
    return {name: getattr(options, name) for name in parameters_of(kind) if name in options}


def named_corpus(names: Sequence[str]) -> Corpus:
    """The corpus that arguments name: one may be ``-`` or anything else, several are files.

    Raises:
        CorpusReadError: one of several names no file.
    """
    from textdl.text.files import find_files  # not for a help text

    if len(names) == 1:
        return names[0]
    return [path for name in names for path in find_files(name)]


def positive_int(text: str) -> int:
    """Read a whole number from 1 up.

    Raises:
        ArgumentTypeError: the text is not one.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number


def utf8_text(text: str) -> str:
    """Read a text, which must be UTF-8.

    Raises:
        ArgumentTypeError: a byte of it is not.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text


def _reading(known: Parameter, option: Option) -> dict[str, Any]:
    """How the value of an option is read, for `add_argument`."""
    if known.type is bool:
        return {"action": argparse.BooleanOptionalAction}
    if choices := option.choices or known.choices:
        return {"choices": choices, "metavar": option.metavar or "NAME"}
    value_type = known.type if known.type in (int, float) else str
    metavar = option.metavar or _METAVARS.get(known.type, "S")
    return {"type": option.type or value_type, "metavar": metavar}


def _help(known: Parameter, *, show_default: bool) -> str:
    """The description, with choices and default."""
    text = known.description
    if known.choices:
        text += f": {', '.join(known.choices)}"
    default = known.default
    if default is None or not show_default:  # what None stands for is in the description
        return text
    if known.type is bool:
        default = "yes" if default else "no"
    elif isinstance(default, tuple):
        default = ",".join(map(str, default))
    return f"{text} (default {default})"


def add_vectors(parser: argparse.ArgumentParser) -> None:
    """Add the file of vectors that a verb asks."""
    parser.add_argument("vectors", metavar="VECTORS", help="a file of vectors, of any known format")


def add_corpus(parser: argparse.ArgumentParser) -> None:
    """Add the text that a verb reads."""
    parser.add_argument(
        "corpus", metavar="CORPUS", nargs="+", help="files, folders, globs, or - for stdin"
    )
