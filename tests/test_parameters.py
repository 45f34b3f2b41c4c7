"""Parameters declared once: checked, described and documented from the same field."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

from textdl.errors import ParameterError
from textdl.parameters import (
    another_default,
    check_parameters,
    document_parameters,
    expectation,
    parameter,
    parameters_of,
)

NAMES = {"relu": max, "tanh": min}


@document_parameters
@dataclass
class Config:
    """A config.

    Args:
        {parameters}
    """

    size: int = parameter(100, "dimensions of a vector", minimum=1, maximum=1000)
    rate: float = parameter(0.1, "at the start", minimum=0)
    norm: float = parameter(1.0, "of a gradient", above=0)
    dropout: float = parameter(0.0, "of hidden units", minimum=0, below=1)
    limit: int | None = parameter(None, "most words", minimum=1)
    activation: str = parameter("relu", "of the hidden layers", choices=NAMES)
    errors: Literal["strict", "replace"] = parameter("strict", "bytes that are not UTF-8")
    tokenizer: Any = parameter("nltk", "cuts text", choices=("nltk",), allows_callable=True)
    verbose: bool = parameter(False, "show a progress bar")
    title: str = parameter("", "of a picture")
    anything: Any = parameter(None, "checked by whoever uses it")
    plain: int = 3  # not a parameter


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"size": 1000, "rate": 0, "limit": 1},
        {"size": np.int32(7), "rate": np.float32(0.5), "verbose": np.True_},
        {"tokenizer": str.split, "errors": "replace", "activation": "tanh"},
        {"rate": float("inf"), "norm": float("inf"), "dropout": 0.99},
        {"anything": object(), "plain": -1},
    ],
)
def test_values_that_fit(values):
    check_parameters(Config(**values))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("size", 0, "a whole number from 1 to 1,000"),
        ("size", 1001, "a whole number from 1 to 1,000"),
        ("size", 1.5, "a whole number"),
        ("size", True, "a whole number"),
        ("size", None, "a whole number"),
        ("size", "7", "a whole number"),
        ("rate", -1e-9, "a number from 0 up"),
        ("rate", float("nan"), "a number from 0 up"),
        ("norm", 0, "a number above 0"),
        ("dropout", 1, "a number from 0 to below 1"),
        ("dropout", -0.1, "a number from 0 to below 1"),
        ("limit", 0, "a whole number from 1 up, or None"),
        ("activation", "relo", "one of relu, tanh"),
        ("activation", ["relu"], "one of relu, tanh"),
        ("errors", "ignore", "one of strict, replace"),
        ("tokenizer", "split", "one of nltk, or a function"),
        ("verbose", 1, "True or False"),
        ("title", b"x", "text"),
    ],
)
def test_values_that_do_not_fit(name, value, expected):
    with pytest.raises(ParameterError) as caught:
        check_parameters(Config(**{name: value}))
    assert str(caught.value).startswith(f"{name}={value!r}; expected {expected}")


def test_only_the_named_ones_are_checked():
    check_parameters(Config(size=0), names=["rate"])


def test_documentation_is_made_of_the_fields():
    assert "        size: dimensions of a vector (from 1 to 1,000, default 100)." in Config.__doc__
    assert (
        "        activation: of the hidden layers: relu, tanh (default 'relu')." in Config.__doc__
    )
    assert "        limit: most words (from 1 up)." in Config.__doc__
    assert "plain" not in Config.__doc__
    assert max(map(len, Config.__doc__.splitlines())) <= 100


def test_documentation_that_was_left_out_stays_out():
    stripped = dataclass(type("Other", (), {}))
    stripped.__doc__ = None
    assert document_parameters(stripped).__doc__ is None


def test_documentation_names_types():
    @document_parameters
    @dataclass
    class Typed:
        """Typed.

        {parameters}
        """

        dtype: Any = parameter(np.float32, "type of the matrix")

    assert "dtype: type of the matrix (default float32)." in Typed.__doc__


def test_documentation_needs_a_place():
    with pytest.raises(TypeError, match="has no line"):
        document_parameters(dataclass(type("Other", (), {"__doc__": "Another."})))


def test_parameters_of_a_class():
    known = parameters_of(Config)
    assert list(known)[:3] == ["size", "rate", "norm"]
    assert (known["size"].type, known["limit"].is_optional) == (int, True)
    assert expectation(known["limit"]) == "a whole number from 1 up, or None"


def test_another_default_keeps_the_rest_of_a_parameter():
    @dataclass
    class Small(Config):
        size: int = another_default(Config, "size", 5)

    assert Small().size == 5
    assert parameters_of(Small)["size"] == parameters_of(Config)["size"]._replace(default=5)
    with pytest.raises(ParameterError, match="size=0; expected a whole number from 1 to 1,000"):
        check_parameters(Small(size=0))
