import inspect
import pickle

import pytest

from textdl import errors
from textdl.errors import TextdlError

FAMILY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, TextdlError) and kind is not TextdlError
]


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_is_also_the_builtin_that_a_caller_would_expect(kind):
    assert issubclass(kind, ValueError | KeyError | OSError | ArithmeticError)


@pytest.mark.parametrize("kind", [*FAMILY, TextdlError])
def test_the_message_is_shown_as_it_is(kind):
    assert str(kind("'quen' is no word")) == "'quen' is no word"


@pytest.mark.parametrize("kind", [*FAMILY, TextdlError])
def test_errors_come_back_from_other_processes(kind):
    error = pickle.loads(pickle.dumps(kind("a message")))
    assert type(error) is kind
    assert str(error) == "a message"
