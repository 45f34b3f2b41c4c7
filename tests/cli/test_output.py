"""What the verbs print: answers, JSON, warnings."""

import json
import math
import warnings
from pathlib import Path

import pytest

from textdl.cli.output import print_answers, print_json, printed_warnings


def test_printed_warnings_one_line_each_equal_ones_once(capsys):
    with printed_warnings():
        warnings.warn("a\nb", stacklevel=1)
        assert capsys.readouterr().err == "textdl: warning: a\\nb\n"  # at once
        warnings.warn("a\nb", stacklevel=1)
        warnings.warn("c", stacklevel=1)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "textdl: warning: c\n")


@pytest.mark.parametrize(
    "verb",
    [
        ("train",),
        ("bow", "fit"),
        ("phrases", "learn"),
        ("lm", "train"),
        ("classify", "train"),
        ("tag", "train"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("corpus", ["t.safetensors", ".", "./*"])
def test_no_verb_overwrites_the_text_that_it_reads(refused, tmp_path, monkeypatch, verb, corpus):
    monkeypatch.chdir(tmp_path)
    Path("t.safetensors").write_text("a label\tand a text\n" * 9)
    refused([*verb, corpus, "-o", "t.safetensors"], 1, "'t.safetensors' is read, too; write to")
    assert Path("t.safetensors").read_text() == "a label\tand a text\n" * 9


def test_printed_warnings_ends_with_the_block():
    with printed_warnings():
        pass
    with pytest.warns(UserWarning, match="as ever"):
        warnings.warn("as ever", stacklevel=1)


def test_printed_warnings_come_before_an_error(capsys):
    def warn_and_fail():
        warnings.warn("first", stacklevel=1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), printed_warnings():
        warn_and_fail()
    assert capsys.readouterr().err == "textdl: warning: first\n"


def test_print_json_non_finite_becomes_null(capsys):
    print_json({"a": [1, math.nan, (math.inf, {"b": -math.inf})], "c": "é"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": [1, None, [None, {"b": None}]], "c": "é"}
    assert out.count("\n") == 1


def test_print_answers_single_query_is_not_named(capsys):
    print_answers([("king", ["queen", "man"])])
    assert capsys.readouterr().out == "queen\nman\n"
    print_answers([("king", ["queen"]), (["a", "b"], [])])
    assert capsys.readouterr().out == "king:\nqueen\n\n['a', 'b']:\n"
