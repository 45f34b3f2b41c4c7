"""The one exception family of textdl.

Every error a user can cause derives from `TextdlError` and from the builtin that a caller would
expect, so both ``except TextdlError`` and ``except ValueError`` work. A message is one line: the
offending value, what was expected, and the remedy. Values come from files and command lines, so a
message is shown with its control characters escaped, and a very long one without its middle.
"""

import unicodedata

LONGEST_MESSAGE = 600  # characters
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, formats (bidi overrides), surrogates, breaks


class TextdlError(Exception):
    """Root of every error that textdl raises on purpose.

    Example:
        >>> from textdl import Vectors
        >>> try:
        ...     Vectors.load("missing.safetensors")
        ... except TextdlError as error:
        ...     type(error).__name__, isinstance(error, ValueError)
        ('FileFormatError', True)
    """

    def __str__(self) -> str:
        # KeyError would show the repr of its argument: quotes around a sentence.
        return one_line(Exception.__str__(self))


class ParameterError(TextdlError, ValueError):
    """A parameter is out of range or contradicts another."""


class UnknownParameterError(ParameterError, TypeError):
    """A parameter that there is not, or one without its name."""


class UnknownAttributeError(TextdlError, AttributeError):
    """An attribute that there is not."""


class CorpusError(TextdlError, ValueError):
    """A corpus holds nothing that can be trained on, or something that is not text."""


class CorpusReadError(TextdlError, OSError):
    """A corpus file is missing, unreadable, truncated or not decodable."""


class DataError(TextdlError, ValueError):
    """Data do not fit: their shape, their type, or a value that is not a number."""


class FileFormatError(TextdlError, ValueError):
    """A saved file is damaged, truncated or of no known format."""


class OutputError(TextdlError, OSError):
    """A result cannot be written where it was asked for."""


class UnknownWordError(TextdlError, KeyError):
    """A word is not in the vocabulary."""


class DivergenceError(TextdlError, ArithmeticError, ValueError):
    """Training got worse than it began, or not finite; `last_good` is what was before, if kept."""

    def __init__(self, message: str, last_good: object = None) -> None:
        super().__init__(message)
        self.last_good = last_good


class ProcessError(TextdlError, RuntimeError):
    """Something cannot be done in this process."""


class CheckpointError(TextdlError, ValueError):
    """A checkpoint cannot be resumed from."""


def one_line(message: str, longest: int = LONGEST_MESSAGE) -> str:
    r"""A message that cannot break a line, move a cursor, or fill a screen.

    Args:
        message: with values of any origin in it.
        longest: characters; of a longer one the begin and the end, where the remedy is, are kept.

    Returns:
        The message, what is not shown as a character being escaped as in a literal of Python.

    Example:
        >>> print(one_line("no file 'a\x1b[31m\nb'; expected one"))
        no file 'a\x1b[31m\nb'; expected one
        >>> one_line("0123456789", 7)
        '01...89'
    """
    message = _shortened(message, longest)
    if message.isprintable():
        return message
    return _shortened("".join(map(_escaped, message)), longest)


def _shortened(message: str, longest: int) -> str:
    if len(message) <= longest:
        return message
    kept = (longest - len("...")) // 2
    return f"{message[:kept]}...{message[-kept:]}"


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
