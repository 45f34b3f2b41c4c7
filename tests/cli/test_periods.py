"""`textdl periods`: tagged text, and one training on it."""

import json

import pytest

from textdl import Vectors


@pytest.fixture
def texts(tmp_path):
    old = tmp_path / "old.txt"
    new = tmp_path / "new.txt"
    old.write_text("A Gay party\nthe gay sea\n", "utf-8")
    new.write_text("gay rights, naïve\n", "utf-8")
    return [f"1900={old}", f"2000={new}"]


def test_periods_prints_texts_one_per_line(call, texts):
    code, out, _ = call("periods", *texts, "--words", "gay")
    assert code == 0
    assert out.splitlines() == ["a gay_1900 party", "the gay_1900 sea", "gay_2000 rights , naïve"]
    options = ("--separator", "@", "--no-lowercase", "--tokenizer", "whitespace")
    _, out, _ = call("periods", *texts, "--words", "gay", "party", *options)
    assert out.splitlines() == ["A Gay party@1900", "the gay@1900 sea", "gay@2000 rights, naïve"]


def test_periods_writes_what_train_reads(call, texts, tmp_path):
    path = tmp_path / "both.txt"
    _, out, _ = call("periods", *texts, "--words", "gay", "sea", "-o", path)
    assert out == f"3 texts in {path}: gay_1900 2, gay_2000 1, sea_1900 1, sea_2000 0\n"
    _, out, _ = call("periods", *texts, "--words", "gay", "-o", path, "--json")
    tagged = {"gay_1900": 2, "gay_2000": 1}
    assert json.loads(out) == {"texts": 3, "tagged": tagged, "output": str(path)}
    vectors = tmp_path / "v.safetensors"
    options = ("--tokenizer", "whitespace", "--context-separator", "_", "--min-count", 1)
    code, _, _ = call("train", path, "-o", vectors, "--vector-size", 4, *options)
    assert code == 0
    assert Vectors.load(vectors).similarity("gay_1900", "gay_2000") <= 1


def test_periods_errors_are_one_line(refused, texts, tmp_path):
    refused(["periods", *texts[:1], "--words", "gay"], 2, "'1900' is named alone")
    refused(["periods", texts[0], texts[0], "--words", "gay"], 2, "a period is named twice")
    refused(["periods", "old.txt", "--words", "gay"], 2, "'old.txt' is not PERIOD=CORPUS")
    refused(["periods", *texts, "--words", "gay", "--json"], 2, "with -o FILE")
    path = tmp_path / "out.txt"
    missing = ["periods", texts[0], "2000=none.txt", "--words", "gay", "-o", str(path)]
    refused(missing, 1, "none.txt")
    assert not path.exists()


def test_periods_never_overwrites_a_text_that_it_reads(refused, texts, tmp_path):
    for corpus in (tmp_path / "old.txt", tmp_path, tmp_path / "*.txt"):
        output = str(tmp_path / "old.txt")
        arguments = ["periods", f"1900={corpus}", texts[1], "--words", "gay", "-o", output]
        refused(arguments, 1, "is read, too; write to another file")
    assert (tmp_path / "old.txt").read_text("utf-8").startswith("A Gay party")


def test_periods_warns_of_words_that_are_in_no_text(call, texts, tmp_path):
    path = tmp_path / "both" / "out.txt"
    path.parent.mkdir()
    code, _, err = call("periods", *texts, "--words", "sea", "Gay", "-o", path)
    assert code == 0
    assert err.splitlines() == [
        "textdl: warning: 'Gay' is in no text; expected a word as the tokenizer makes it, in lower "
        "case but with --no-lowercase"
    ]
