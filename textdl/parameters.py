"""Parameters that are declared once: default, range or choices, and a one-line description.

A parameter is a field of a dataclass, made by `parameter`. Checks, documentation and options of the
command line are all made from it:

- `check_parameters` refuses values that are of another type, out of range, or unknown;
- `document_parameters` writes the descriptions into the docstring of the class;
- `textdl.cli.options` makes an option of it;
- `lookup` finds what the name of a choice stands for;
- `ParameterMethods` are the methods by which scikit-learn asks an estimator for them.
"""

from __future__ import annotations

import codecs
import math
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, field, fields
from functools import cache
from numbers import Integral, Real
from textwrap import fill
from typing import (
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from textdl.errors import ParameterError, UnknownParameterError

Class = TypeVar("Class", bound=type)
Value = TypeVar("Value")

_KEY = "parameter"
_PLACEHOLDER = "{parameters}"
_WIDTH = 100


class Parameter(NamedTuple):
    """What a parameter may be."""

    name: str
    default: Any
    type: Any  # bool, int, float, str, or Any where the class checks it by itself
    is_optional: bool  # it may be None
    description: str  # for documentation and help, without its default
    minimum: float  # inclusive; of a number
    maximum: float
    choices: tuple[str, ...]  # names; none: any value of the type
    allows_callable: bool  # a function does in place of a name
    above: float = -math.inf  # exclusive bounds of a number
    below: float = math.inf


def parameter(
    default: Any,
    description: str,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    choices: Collection[str] = (),
    allows_callable: bool = False,
) -> Any:
    """A field of a dataclass that is a parameter.

    Args:
        default: its value where none is given.
        description: a phrase that begins with a small letter, without the default.
        minimum: the smallest value of a number, inclusive.
        maximum: the largest, inclusive.
        above: what a number must be greater than.
        below: what a number must be less than.
        choices: the names it may be, such as a registry, which is a dict by name. The names of a
            `Literal` type are its choices without being repeated here.
        allows_callable: a function does in place of a name.

    Returns:
        The field, to be assigned to its name in the class.
    """
    details = {
        "description": description,
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "below": below,
        "choices": choices,
        "allows_callable": allows_callable,
    }
    return field(default=default, metadata={_KEY: details})


def another_default(kind: type, name: str, default: Any) -> Any:
    """A parameter of another dataclass, with a default of its own.

    Args:
        kind: the dataclass that declares it.
        name: of the parameter.
        default: its value where none is given.

    Returns:
        The field, to be assigned to its name in a subclass.
    """
    declared = next(it for it in fields(kind) if it.name == name)
    return field(default=default, metadata=declared.metadata)


def parameters_of(kind: type) -> Mapping[str, Parameter]:
    """The parameters of a dataclass, by name, in the order of its constructor."""
    return _parameters_of(kind)


@cache
def _parameters_of(kind: Any) -> Mapping[str, Parameter]:
    hints = get_type_hints(kind)
    found = (_parameter(it, hints[it.name]) for it in fields(kind) if _KEY in it.metadata)
    return {parameter.name: parameter for parameter in found}


def check_parameters(instance: Any, names: Collection[str] | None = None) -> None:
    """Refuse parameters that are of the wrong type, out of range, or no known name.

    Args:
        instance: of a dataclass whose fields are made by `parameter`.
        names: of those to check; None: all.

    Raises:
        ParameterError: one is.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Config:
        ...     size: int = parameter(100, "dimensions of a vector", minimum=1)
        >>> check_parameters(Config(size=0))
        Traceback (most recent call last):
            ...
        textdl.errors.ParameterError: size=0; expected a whole number from 1 up
    """
    for name, known in parameters_of(type(instance)).items():
        if names is None or name in names:
            check_value(known, getattr(instance, name))


def check_value(known: Parameter, value: Any) -> None:
    """Refuse a value that a parameter cannot have.

    Raises:
        ParameterError: it cannot.
    """
    if value is None and known.is_optional:
        return
    if known.allows_callable and callable(value):
        return
    if not _fits(known, value):
        raise ParameterError(f"{known.name}={value!r}; expected {expectation(known)}")


def expectation(known: Parameter) -> str:
    """What a parameter may be, in words.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Config:
        ...     share: float | None = parameter(None, "of the text", minimum=0, maximum=1)
        >>> expectation(parameters_of(Config)["share"])
        'a number from 0 to 1, or None'
    """
    if known.choices:
        expected = f"one of {', '.join(known.choices)}"
    elif known.type is bool:
        expected = "True or False"
    elif known.type in (int, float):
        expected = "a whole number" if known.type is int else "a number"
        expected = " ".join([expected, _range(known)]).rstrip()
    else:
        expected = "text"
    if known.allows_callable:
        expected += ", or a function"
    return f"{expected}, or None" if known.is_optional else expected


class ParameterMethods:
    """What scikit-learn asks of an estimator, for a dataclass of parameters.

    It is not inherited from scikit-learn: to import that would take a good half second and 66 MB of
    every run that has no use for it.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name, as scikit-learn asks for them.

        Args:
            deep: ignored: no parameter is an estimator.
        """
        return {name: getattr(self, name) for name in parameters_of(type(self))}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name.

        Raises:
            UnknownParameterError: there is no such parameter.
        """
        known = parameters_of(type(self))
        for name, value in parameters.items():
            if name not in known:
                raise self._unknown_parameter(name)
            setattr(self, name, value)
        return self

    def _unknown_parameter(self, name: str) -> UnknownParameterError:
        """The error for a parameter that there is not."""
        return UnknownParameterError(
            f"{type(self).__name__} has no parameter {name!r}; expected one of "
            f"{', '.join(parameters_of(type(self)))}"
        )

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn's tools ask of an estimator."""
        from sklearn.base import BaseEstimator  # only they call this

        return BaseEstimator.__sklearn_tags__(self)

    def __repr__(self) -> str:
        known = parameters_of(type(self))
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not known[name].default and value != known[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"


def text_encoding(name: str) -> str:
    """The name by which Python knows an encoding of text.

    Raises:
        ParameterError: it does not know it, or as a codec of something else, such as compression.

    Example:
        >>> text_encoding("UTF8"), text_encoding("latin-1")
        ('utf-8', 'iso8859-1')
    """
    try:
        codec = codecs.lookup(name)
        is_text = getattr(codec, "_is_text_encoding", True)
    except (LookupError, TypeError, ValueError):
        is_text = False
    if not is_text:
        raise ParameterError(
            f"encoding={name!r} is unknown; expected one such as 'utf-8' or 'latin-1'"
        )
    return codec.name


def document_parameters(kind: Class) -> Class:
    """Write what the parameters of a dataclass are into its docstring, at ``{parameters}``.

    Raises:
        TypeError: the docstring has no such place.
    """
    if kind.__doc__ is None:  # python -OO leaves docstrings out
        return kind
    documentation = kind.__doc__
    line = next((it for it in documentation.splitlines() if it.strip() == _PLACEHOLDER), None)
    if line is None:
        raise TypeError(f"the docstring of {kind.__name__} has no line {_PLACEHOLDER}")
    indent = line.removesuffix(_PLACEHOLDER)
    described = "\n".join(_documentation(it, indent) for it in parameters_of(kind).values())
    kind.__doc__ = documentation.replace(line, described)
    return kind


def lookup(what: str, name: str, known: Mapping[str, Value]) -> Value:
    """What `name` stands for in a table of names.

    Args:
        what: it names, for the message.
        name: to look up.
        known: the table.

    Returns:
        The value of that name.

    Raises:
        ParameterError: the name is unknown; `what` it names is said.
    """
    if name not in known:
        raise ParameterError(f"{what} {name!r} is unknown; expected one of {', '.join(known)}")
    return known[name]


def _range(known: Parameter) -> str:
    low = ""
    if known.minimum > -math.inf:
        low = f"from {known.minimum:,}"
    elif known.above > -math.inf:
        low = f"above {known.above:,}"
    if known.below < math.inf:
        return f"{low} to below {known.below:,}"
    if known.maximum < math.inf:
        return f"{low} to {known.maximum:,}"
    return f"{low} up" if low.startswith("from") else low


def _documentation(known: Parameter, indent: str) -> str:
    default = "" if known.default is None else f"default {_shown(known.default)}"
    notes = ", ".join(note for note in (_range(known), default) if note)
    choices = f": {', '.join(known.choices)}" if known.choices else ""
    text = f"{known.name}: {known.description}{choices}{f' ({notes})' if notes else ''}."
    return fill(text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ")


def _shown(default: Any) -> str:
    return default.__name__ if isinstance(default, type) else repr(default)


def _parameter(declared: Field[Any], hint: Any) -> Parameter:
    details = declared.metadata[_KEY]
    is_optional = type(None) in get_args(hint)
    kinds = [it for it in _alternatives(hint) if it is not type(None)]
    literals = [name for it in kinds if get_origin(it) is Literal for name in get_args(it)]
    default = None if declared.default is MISSING else declared.default
    return Parameter(
        name=declared.name,
        default=default,
        type=kinds[0] if len(kinds) == 1 and kinds[0] in (bool, int, float, str) else Any,
        is_optional=is_optional,
        description=details["description"],
        minimum=details["minimum"],
        maximum=details["maximum"],
        above=details["above"],
        below=details["below"],
        choices=tuple(details["choices"]) or tuple(literals),
        allows_callable=details["allows_callable"],
    )


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _fits(known: Parameter, value: Any) -> bool:
    if known.choices:
        return isinstance(value, str) and value in known.choices
    return _TYPE_CHECKS.get(known.type, _fits_any)(known, value)


def check_topn(topn: int, name: str = "topn") -> int:
    """The number of answers, or of rows, that a user asks for.

    Raises:
        ParameterError: it is not a whole number from 1.
    """
    if isinstance(topn, bool) or not isinstance(topn, Integral) or topn < 1:
        raise ParameterError(f"{name} is {topn!r}, expected a whole number from 1")
    return int(topn)


def _fits_number(known: Parameter, value: Any) -> bool:
    kind = Integral if known.type is int else Real
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    if not is_number:
        return False
    number = int(value) if isinstance(value, Integral) else float(value)
    is_above = known.above == -math.inf or number > known.above
    is_below = known.below == math.inf or number < known.below  # without a bound, infinity fits
    return known.minimum <= number <= known.maximum and is_above and is_below


def _fits_bool(known: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return True
    # Only for what is not valid in most cases: a help text needs no NumPy.
    import numpy as np

    return isinstance(value, np.bool_)


def _fits_any(known: Parameter, value: Any) -> bool:
    return True


_TYPE_CHECKS: Mapping[Any, Callable[[Parameter, Any], bool]] = {
    int: _fits_number,
    float: _fits_number,
    bool: _fits_bool,
    str: lambda known, value: isinstance(value, str),
}
