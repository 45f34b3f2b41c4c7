"""`textdl tag`: train, evaluate and predict on files in columns."""

import json
import subprocess
import sys

import pytest

from tests.classify.tagging.tagged_toyworld import tagged_sentences
from textdl import SequenceTagger

QUICK = ["--model", "cnn", "--vector-size", "8", "--units", "8", "--epochs", "6", "--quiet"]


def conll(sentences, tags):
    pairs = (zip(*pair, strict=True) for pair in zip(sentences, tags, strict=True))
    return "\n\n".join("\n".join(f"{word} x {tag}" for word, tag in some) for some in pairs) + "\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tagged") / "toy.conll"
    path.write_text(conll(*tagged_sentences(80)), "utf-8")
    return path


@pytest.fixture(scope="module")
def saved(file):
    path = file.with_name("t.safetensors")
    tagger = SequenceTagger("cnn", vector_size=8, units=8, epochs=6)
    tagger.fit(*tagged_sentences(80)).save(path)
    return path


def test_train_writes_the_tagger_that_python_makes(call, file, saved, tmp_path):
    out = tmp_path / "t"
    code, printed, err = call("tag", "train", file, "-o", out, *QUICK, "--json")
    facts = json.loads(printed)
    assert (code, err) == (0, "")
    assert out.read_bytes() == saved.read_bytes()
    assert (facts["sentences"], facts["tags"], facts["model"]) == (80, 5, "cnn")
    _, printed, _ = call("tag", "train", file, "-o", out, *QUICK)
    assert printed.startswith(f"80 sentences, {facts['tokens']} tokens, 5 tags in {out}: cnn, 6")


def test_evaluate_is_that_of_python(call, file, saved):
    report = SequenceTagger.load(saved).evaluate(*tagged_sentences(80))
    code, printed, err = call("tag", "evaluate", saved, file, "--json")
    facts = json.loads(printed)
    assert (code, err) == (0, "")
    assert facts["entities"]["f1"] == report.overall.f1
    assert facts["types"]["LOC"]["support"] == report.types["LOC"].support
    _, printed, _ = call("tag", "evaluate", saved, file)
    assert printed.startswith(f"{report.tokens} tokens, accuracy {report.accuracy:.4f}; entities:")
    _, printed, _ = call("tag", "evaluate", saved, file, "--tag-column", 2, "--json")
    assert json.loads(printed)["entities"] is None


def test_predict_prints_columns(call, saved, tmp_path):
    (tmp_path / "words").write_text("The\nOld\nKing\n\nsleeps\n")
    expected = SequenceTagger.load(saved).predict([["The", "Old", "King"], ["sleeps"]])
    code, printed, err = call("tag", "predict", saved, tmp_path / "words")
    assert (code, err) == (0, "")
    assert printed == "The\t{}\nOld\t{}\nKing\t{}\n\nsleeps\t{}\n".format(
        *expected[0], *expected[1]
    )
    _, printed, _ = call("tag", "predict", saved, "--text", "The Old King", "--json")
    assert [[it["tag"] for it in row] for row in json.loads(printed)] == expected[:1]


def test_info_describes_it(call, saved):
    facts = json.loads(call("info", saved, "--json")[1])
    assert (facts["kind"], len(facts["tags"])) == ("SequenceTagger", 5)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["train", "{bad}", "-o", "{out}"], 1, "line 2: 'cat' has 1 column"),
        (["train", "none.conll", "-o", "{out}"], 1, "none.conll"),
        (["train", "{file}", "-o", "{out}", "--model", "tree"], 2, "'tree' is unknown"),
        (["train", "{file}", "-o", "{out}", "--tag-column", "0"], 2, "tag_column=0"),
        (["evaluate", "{file}", "{file}"], 1, "toy.conll"),
        (["predict", "{saved}"], 2, "expected files in columns, or --text"),
        (["predict", "{saved}", "{file}", "--text", "a"], 2, "not both"),
    ],
)
def test_what_cannot_be_done_is_one_line(refused, file, saved, tmp_path, arguments, code, says):
    (tmp_path / "bad").write_text("the O\ncat\n")
    places = {"out": tmp_path / "t", "bad": tmp_path / "bad", "file": file, "saved": saved}
    refused(["tag", *(it.format(**places) for it in arguments)], code, says)


def test_help_loads_no_numpy():
    check = (
        "import sys, contextlib\n"
        "from textdl.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['tag', 'train', '--help'])\n"
        "assert not {'numpy', 'jax'} & set(sys.modules), set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)
