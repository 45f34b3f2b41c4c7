"""Options that are made from the parameters of a dataclass."""

import argparse
import os
from dataclasses import dataclass
from typing import Any

import pytest

from textdl.cli.options import (
    Option,
    add_parameters,
    describe,
    given_parameters,
    positive_int,
    utf8_text,
)
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
    sizes: tuple[int, int] = parameter((1, 2), "from and to")
    words: Any = parameter(None, "a list, or a name")
    hidden: int = parameter(1, "not an option")


CHANGED = {
    "folder": Option(metavar="DIR"),
    "sizes": Option("range", lambda text: tuple(map(int, text.split(","))), "A,B"),
    "words": Option(choices=("english",)),
}


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_parameters(parser, Config, exclude=["hidden"], changed=CHANGED)
    return parser


def test_given_parameters_are_only_those_given(parser):
    assert given_parameters(parser.parse_args([]), Config) == {}


def test_given_parameters_have_their_types(parser):
    line = "--size 9 --rate 2 --limit 3 --kind b --folder f --no-lowercase --resume-run"
    line += " --range 3,4 --words english"
    assert given_parameters(parser.parse_args(line.split()), Config) == {
        "size": 9,
        "rate": 2.0,
        "limit": 3,
        "kind": "b",
        "folder": "f",
        "lowercase": False,
        "resume_run": True,
        "sizes": (3, 4),
        "words": "english",
    }


@pytest.mark.parametrize(
    "line", ["--size ten", "--rate x", "--kind c", "--limit none", "--words german"]
)
def test_add_parameters_values_of_other_types_are_refused(parser, line):
    with pytest.raises(argparse.ArgumentError, match=line.split()[0]):
        parser.parse_args(line.split())


def test_add_parameters_help_has_descriptions_choices_and_defaults(parser):
    shown = " ".join(parser.format_help().split())
    for text in (
        "--size N dimensions of a vector (default 100)",
        "--rate X 50% of it (default 0.5)",
        "--limit N how many (default: all)",
        "--kind NAME which one: a, b (default a)",
        "--folder DIR where",
        "--lowercase, --no-lowercase lower-case the text (default yes)",
        "go on (default no)",
        "--range A,B from and to (default 1,2)",
        "--words NAME a list, or a name",
    ):
        assert text in shown
    assert "hidden" not in shown


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "one", "1_0_"])
def test_positive_int_other_text_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number from 1 up"):
        positive_int(text)


def test_positive_int_reads_whole_numbers():
    assert [positive_int(text) for text in ("1", "10", " 7 ")] == [1, 10, 7]


def test_utf8_text_stray_bytes_are_refused():
    assert utf8_text("Éire ☘") == "Éire ☘"
    with pytest.raises(argparse.ArgumentTypeError, match="is not UTF-8"):
        utf8_text(os.fsdecode(b"cat\xff"))


def test_describe_example_and_output_are_the_epilog():
    parser = argparse.ArgumentParser()
    describe(parser, "Say it.", "textdl say it", "it", "  twice")
    assert parser.description == "Say it."
    assert parser.epilog == "example:\n  $ textdl say it\n  it\n    twice"
