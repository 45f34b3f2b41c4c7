"""`textdl phrases`: learned, applied, listed; and `textdl train --phrases`."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from textdl import Phrases, Vectors, Word2Vec

TEXTS = [
    "we saw New York City in the rain",
    "new york city is a city",
    "the bank of america is in new york city",
    "a bank of america",
    "",
    "rain in the city of new york",
]
LOOSE = ["--min-count", "1", "--threshold", "0.1", "--tokenizer", "whitespace", "--quiet"]
QUICK = ["--vector-size", "4", "--min-count", "1", "--epochs", "1", "--tokenizer", "whitespace"]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXTS), "utf-8")
    return path


@pytest.fixture
def learned(call, corpus, tmp_path):
    path = tmp_path / "phrases.safetensors"
    options = [*LOOSE, "--connector-words", "english"]
    assert call("phrases", "learn", corpus, "-o", path, *options)[0] == 0
    return path


def expected():
    parameters = {"min_count": 1, "threshold": 0.1, "tokenizer": "whitespace"}
    return Phrases(**parameters, connector_words="english").fit(TEXTS)


def test_learn_reports_and_saves(call, corpus, tmp_path):
    out = tmp_path / "p"
    code, printed, err = call("phrases", "learn", corpus, "-o", out, *LOOSE, "--json")
    facts = json.loads(printed)
    assert (code, err) == (0, "")
    assert facts["words"] == sum(len(text.split()) for text in TEXTS)
    assert facts["phrases"] == len(Phrases.load(out).phrases_)
    assert facts["output"] == str(out)
    _, printed, _ = call("phrases", "learn", corpus, "-o", out, *LOOSE)
    assert printed.startswith(f"{facts['phrases']} phrases in {out}: of {facts['words']} words, ")


def test_learn_counts_are_kept_if_asked_for(call, corpus, tmp_path):
    for options in ([], ["--counts"]):
        out = tmp_path / "p"
        assert call("phrases", "learn", corpus, "-o", out, *LOOSE, *options)[0] == 0
        assert Phrases.load(out).has_counts == bool(options)


def test_learn_connector_words_by_name_or_list(call, corpus, tmp_path):
    found = []
    for words in ("english", "of,the"):
        out = tmp_path / "p"
        options = ["--connector-words", words]
        assert call("phrases", "learn", corpus, "-o", out, *LOOSE, *options)[0] == 0
        found.append(Phrases.load(out))
    assert found[0].phrases_ == expected().phrases_
    assert found[1].connector_words == ["of", "the"]
    assert "bank_of_america" in found[1].phrases_


def test_learn_several_files_and_pipe(call, corpus, learned, tmp_path):
    first, second = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    first.write_text("\n".join(TEXTS[:3]))
    second.write_bytes(gzip.compress("\n".join(TEXTS[3:]).encode()))
    options = [*LOOSE, "--connector-words", "english"]
    assert call("phrases", "learn", first, second, "-o", tmp_path / "p", *options)[0] == 0
    assert (tmp_path / "p").read_bytes() == learned.read_bytes()
    command = [sys.executable, "-m", "textdl", "phrases", "learn", "-", "-o", str(tmp_path / "q")]
    with corpus.open() as stream:
        done = subprocess.run([*command, *options, "--rounds", "2"], stdin=stream, check=False)
    assert done.returncode == 0
    assert Phrases.load(tmp_path / "q").rounds == 2


def test_apply_prints_one_sentence_per_line(call, corpus, learned):
    joined = list(expected().transform(TEXTS))
    lines = "".join(" ".join(words) + "\n" for words in joined)
    assert "new_york" in lines
    assert call("phrases", "apply", learned, corpus) == (0, lines, "")
    code, printed, _ = call("phrases", "apply", learned, corpus, "--json")
    assert (code, json.loads(printed)) == (0, joined)


def test_apply_writes_a_file(call, corpus, learned, tmp_path):
    out = tmp_path / "joined.txt"
    _, lines, _ = call("phrases", "apply", learned, corpus)
    code, printed, _ = call("phrases", "apply", learned, corpus, "-o", out)
    assert (code, out.read_text("utf-8")) == (0, lines)
    assert printed == f"6 sentences, {len(lines.split())} words in {out}\n"
    _, printed, _ = call("phrases", "apply", learned, corpus, "-o", out, "--json")
    facts = {"sentences": 6, "words": len(lines.split()), "output": str(out)}
    assert json.loads(printed) == facts


def test_apply_failure_leaves_file_as_it_was(call, learned, tmp_path):
    out = tmp_path / "joined.txt"
    out.write_text("before")
    binary = tmp_path / "binary"
    binary.write_bytes(b"a b\n" + bytes(10))
    code, printed, err = call("phrases", "apply", learned, binary, "-o", out)
    assert (code, printed, err.count("\n")) == (1, "", 1)
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir() if "partial" in path.name) == []


def test_apply_never_overwrites_its_text(refused, learned, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("new york\n")
    refused(["phrases", "apply", str(learned), str(text), "-o", str(text)], 1, "is read, too")
    assert text.read_text() == "new york\n"


def test_list_prints_the_highest_scores(call, learned):
    found = list(expected().phrases_.items())
    _, printed, _ = call("phrases", "list", learned)
    assert [line.split()[0] for line in printed.splitlines()] == [name for name, _ in found]
    _, printed, _ = call("phrases", "list", learned, "-n", 2, "--json")
    assert json.loads(printed) == [{"phrase": name, "score": score} for name, score in found[:2]]


def test_info_of_phrases(call, learned):
    _, printed, _ = call("info", learned, "--json")
    facts = json.loads(printed)
    assert (facts["kind"], facts["has_counts"]) == ("Phrases", False)
    assert facts["phrases"] == len(expected().phrases_)
    assert facts["first"][0] == next(iter(expected().phrases_))
    assert facts["config"]["connector_words"] == "english"


def test_train_with_phrases_equals_the_estimator(call, corpus, learned, tmp_path):
    out = tmp_path / "v.safetensors"
    arguments = ["train", corpus, "-o", out, *QUICK, "--phrases", learned, "--quiet"]
    assert call(*arguments)[0] == 0
    quick = {"vector_size": 4, "min_count": 1, "epochs": 1, "tokenizer": "whitespace"}
    model = Word2Vec(**quick, phrases=expected()).fit(corpus)
    saved = Vectors.load(out)
    assert "new_york" in saved
    np.testing.assert_array_equal(saved.matrix, model.vectors_.matrix)


def test_train_resumed_with_other_phrases_is_refused(call, refused, corpus, learned, tmp_path):
    run = ["-o", str(tmp_path / "v.bin"), *QUICK, "--checkpoint", str(tmp_path / "run"), "--quiet"]
    train = ["train", str(corpus), *run]
    phrases = ["--phrases", str(learned)]
    assert call(*train, *phrases)[0] == 0
    assert call(*train, *phrases, "--resume")[0] == 0
    assert call("train", *run, *phrases, "--resume")[0] == 0  # without a corpus
    assert call("train", *run, "--resume")[0] == 0
    refused([*train, "--resume"], 1, "resume with the same phrases, or start in another folder")
    other = tmp_path / "other"
    assert call("phrases", "learn", corpus, "-o", other, *LOOSE, "--rounds", "2")[0] == 0
    refused(["train", *run, "--phrases", str(other), "--resume"], 1, "resume with the same phrases")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--min-count", "-1"], 2, "min_count=-1;"),
        (["--threshold", "nan"], 2, "threshold=nan;"),
        (["--scoring", "npmi", "--threshold", "2"], 2, "threshold=2.0; expected a number from -1"),
        (["--scoring", "pmi"], 2, "'pmi' is unknown; did you mean npmi?"),
        (["--rounds", "0"], 2, "rounds=0;"),
        (["--delimiter", ""], 2, "delimiter='';"),
        (["--connector-words", ""], 0, ""),
    ],
)
def test_learn_bad_options_get_one_line_and_no_file(
    refused, call, corpus, tmp_path, options, code, says
):
    arguments = ["phrases", "learn", str(corpus), "-o", str(tmp_path / "p"), "--quiet", *options]
    if code == 0:
        assert call(*arguments)[0] == 0
        return
    refused(arguments, code, says)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "the corpus is empty"), ("word", "no two of the 1 words"), (None, "does not exist")],
)
def test_learn_bad_corpora_get_one_line_and_no_file(refused, tmp_path, content, says):
    corpus, out = tmp_path / "text.txt", tmp_path / "p"
    if content is not None:
        corpus.write_text(content)
    refused(["phrases", "learn", str(corpus), "-o", str(out), "--quiet"], 1, says)
    assert not out.exists()


def test_file_that_is_not_of_phrases_is_refused(refused, corpus, king, tmp_path):
    for verb in (["phrases", "apply"], ["phrases", "list"]):
        rest = [str(corpus)] if verb[1] == "apply" else []
        refused([*verb, king, *rest], 1, "is a file of Vectors, expected Phrases")
        refused([*verb, str(corpus), *rest], 1, "text.txt")
        refused([*verb, str(tmp_path / "none"), *rest], 1, "expected a file of phrases")
    train = ["train", str(corpus), "-o", str(tmp_path / "v.bin"), "--quiet", "--phrases"]
    refused([*train, king], 1, "is a file of Vectors, expected Phrases")


def test_learn_unwritable_output_is_refused_before_reading(refused, tmp_path):
    out = str(tmp_path / "none" / "p")
    refused(["phrases", "learn", "missing.txt", "-o", out], 1, "does not exist; create it first")
