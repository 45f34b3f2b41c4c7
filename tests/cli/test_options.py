"""Options that are made from the parameters of a dataclass."""

import argparse
from dataclasses import dataclass

import pytest

from textdl.cli.options import add_parameters, given_parameters
from textdl.parameters import parameter


@dataclass
class Config:
    size: int = parameter(100, "dimensions of a vector", minimum=1)
    rate: float = parameter(0.5, "50% of it")
    limit: int | None = parameter(None, "how many (default: all)")
    kind: str = parameter("a", "which one", choices={"a": 1, "b": 2}, allows_callable=True)
    folder: str | None = parameter(None, "where")
    lowercase: bool = parameter(True, "lower-case the text")
    resume_run: bool = parameter(False, "go on")
    hidden: int = parameter(1, "not an option")


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_parameters(parser, Config, exclude=["hidden"], metavars={"folder": "DIR"})
    return parser


def test_given_parameters_are_only_those_given(parser):
    assert given_parameters(parser.parse_args([]), Config) == {}


def test_given_parameters_have_their_types(parser):
    line = "--size 9 --rate 2 --limit 3 --kind b --folder f --no-lowercase --resume-run"
    assert given_parameters(parser.parse_args(line.split()), Config) == {
        "size": 9,
        "rate": 2.0,
        "limit": 3,
        "kind": "b",
        "folder": "f",
        "lowercase": False,
        "resume_run": True,
    }


@pytest.mark.parametrize("line", ["--size ten", "--rate x", "--kind c", "--limit none"])
def test_values_of_other_types_are_refused(parser, line):
    with pytest.raises(argparse.ArgumentError, match=line.split()[0]):
        parser.parse_args(line.split())


def test_help_has_descriptions_choices_and_defaults(parser):
    shown = " ".join(parser.format_help().split())
    for text in (
        "--size N dimensions of a vector (default 100)",
        "--rate X 50% of it (default 0.5)",
        "--limit N how many (default: all)",
        "--kind NAME which one: a, b (default a)",
        "--folder DIR where",
        "--lowercase, --no-lowercase lower-case the text (default yes)",
        "go on (default no)",
    ):
        assert text in shown
    assert "hidden" not in shown
