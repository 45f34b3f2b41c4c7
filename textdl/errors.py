"""The one exception family of textdl.

Every error a user can cause derives from `TextdlError` and from the builtin that a caller would
expect, so both ``except TextdlError`` and ``except ValueError`` work. A message is one line: the
offending value, what was expected, and the remedy.
"""

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")


class TextdlError(Exception):
    """Root of every error that textdl raises on purpose."""

    def __str__(self) -> str:
        # KeyError would show the repr of its argument: quotes around a sentence.
        return Exception.__str__(self)


class ParameterError(TextdlError, ValueError):
    """A parameter is out of range or contradicts another."""


class CorpusError(TextdlError, ValueError):
    """A corpus holds nothing that can be trained on, or something that is no text."""


class CorpusReadError(TextdlError, OSError):
    """A corpus file is missing, unreadable, truncated or not decodable."""


class DataError(TextdlError, ValueError):
    """Data do not fit: their shape, their type, or a value that is no number."""


class FileFormatError(TextdlError, ValueError):
    """A saved file is damaged, truncated or of no known format."""


class OutputError(TextdlError, OSError):
    """A result cannot be written where it was asked for."""


class UnknownWordError(TextdlError, KeyError):
    """A word is not in the vocabulary."""


class DivergenceError(TextdlError, ArithmeticError):
    """Training produced numbers that are not finite; `last_good` is what it had before, if kept."""

    def __init__(self, message: str, last_good: object = None) -> None:
        super().__init__(message)
        self.last_good = last_good


class CheckpointError(TextdlError, ValueError):
    """A checkpoint cannot be resumed from."""


def by_name(what: str, name: str, known: Mapping[str, Value]) -> Value:
    """What `name` stands for in a table of names.

    Raises:
        ParameterError: the name is unknown; `what` it names is said.
    """
    if name not in known:
        raise ParameterError(f"{what} {name!r} is unknown; expected one of {', '.join(known)}")
    return known[name]
