"""Options of the command line, made from the parameters of a dataclass.

A parameter `vector_size` becomes ``--vector-size``. What it may be, its description and its default
are said where it is declared (`textdl.parameters.parameter`), and nowhere else. An option that is
not given is not among the parsed ones, so that the default stays that of the parameter.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from typing import Any

from textdl.parameters import Parameter, parameters_of

_METAVARS: Mapping[Any, str] = {int: "N", float: "X"}


def add_parameters(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    kind: type,
    *,
    exclude: Collection[str] = (),
    metavars: Mapping[str, str] | None = None,
) -> None:
    """Add an option for each parameter of a dataclass.

    Numbers and texts take a value, names one of their choices, and a boolean becomes ``--flag`` and
    ``--no-flag``. Functions that a parameter may also be cannot be given here.

    Args:
        parser: or a group of its options.
        kind: a dataclass whose fields are made by `parameter`.
        exclude: parameters that are no options.
        metavars: what stands for the value of an option in its help, by parameter.

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
            option = "--" + name.replace("_", "-")
            details = _details(known, (metavars or {}).get(name))
            parser.add_argument(option, dest=name, default=argparse.SUPPRESS, **details)


def given_parameters(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """The parameters of a dataclass that were given as options.

    Args:
        options: parsed by a parser that `add_parameters` prepared.
        kind: the same dataclass.

    Returns:
        Values by name, in the order of the dataclass.
    """
    return {name: getattr(options, name) for name in parameters_of(kind) if name in options}


def _details(known: Parameter, metavar: str | None) -> dict[str, Any]:
    """What `add_argument` is told of a parameter."""
    text = _help(known).replace("%", "%%")
    if known.type is bool:
        return {"help": text, "action": argparse.BooleanOptionalAction}
    if known.choices:
        return {"help": text, "choices": known.choices, "metavar": metavar or "NAME"}
    value_type = known.type if known.type in (int, float) else str
    return {"help": text, "type": value_type, "metavar": metavar or _METAVARS.get(known.type, "S")}


def _help(known: Parameter) -> str:
    """The description, with choices and default."""
    text = known.description
    if known.choices:
        text += f": {', '.join(known.choices)}"
    if known.default is None:  # what None stands for is in the description
        return text
    default = known.default
    if known.type is bool:
        default = "yes" if known.default else "no"
    return f"{text} (default {default})"
