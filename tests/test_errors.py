import inspect
import pickle

import pytest

from textdl import errors
from textdl.errors import LONGEST_MESSAGE, TextdlError

FAMILY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, TextdlError) and kind is not TextdlError
]


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_is_also_the_builtin_that_a_caller_would_expect(kind):
    assert issubclass(
        kind, ValueError | KeyError | OSError | ArithmeticError | RuntimeError | AttributeError
    )


@pytest.mark.parametrize("kind", [*FAMILY, TextdlError])
def test_the_message_is_shown_as_it_is(kind):
    assert str(kind("'quen' is not a word")) == "'quen' is not a word"


@pytest.mark.parametrize("kind", [*FAMILY, TextdlError])
def test_errors_come_back_from_other_processes(kind):
    error = pickle.loads(pickle.dumps(kind("a message")))
    assert type(error) is kind
    assert str(error) == "a message"


HOSTILE = {
    "newline": "a\nb",
    "return": "a\rb",
    "escape": "a\x1b[31mb",
    "bell": "a\x07b",
    "bidi": "a\u202eb",
    "isolate": "a\u2066b",
    "surrogate": "a\udcffb",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "NUL": "a\0b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_message_hidden_characters_are_escaped(text):
    shown = str(errors.ParameterError(f"{text} is é 日本 ☘; mend it"))
    assert shown.isprintable()
    assert len(shown.splitlines()) == 1
    assert shown.startswith("a\\")
    assert shown.endswith("b is é 日本 ☘; mend it")


@pytest.mark.parametrize("value", ["x" * 10**6, "\n" * 10**6, "\U000e0001" * 500])
def test_message_long_value_keeps_begin_and_remedy(value):
    shown = str(errors.DataError(f"the cell {value} is not a number; mend the line"))
    assert len(shown) <= LONGEST_MESSAGE
    assert shown.startswith("the cell ")
    assert shown.endswith(" is not a number; mend the line")
    assert "..." in shown
