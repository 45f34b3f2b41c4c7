"""`textdl lm`: train, perplexity, generate; and `textdl info` of what it writes."""

import json
import math
import subprocess
import sys

import pytest

from textdl import LanguageModel

TEXT = "the cat sat ☘\nthe dog sat on the mat\n" * 8
QUICK = ["--hidden-size", "8", "--min-count", "1", "--epochs", "2", "--segment-length", "8"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory, corpus):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    LanguageModel(hidden_size=8, min_count=1, epochs=2, segment_length=8).fit(str(corpus)).save(
        path
    )
    return path


def test_train_writes_the_model_that_python_makes(call, corpus, saved, tmp_path):
    out = tmp_path / "m"
    code, printed, err = call("lm", "train", corpus, "-o", out, *QUICK, "--quiet", "--json")
    facts = json.loads(printed)
    assert (code, err) == (0, "")
    assert out.read_bytes() == saved.read_bytes()
    assert facts["vocab"] == len(set(TEXT) - {"\n"})
    assert len(facts["bits"]) == facts["epochs"] == 2
    _, printed, _ = call("lm", "train", corpus, "-o", out, *QUICK, "--quiet", "--unit", "word")
    assert printed.startswith("7 words known, 2 epochs, ")
    assert "bits per word in the last" in printed


def test_perplexity_is_that_of_python(call, corpus, saved):
    scores = LanguageModel.load(saved).evaluate(str(corpus))
    code, printed, err = call("lm", "perplexity", saved, corpus, "--json")
    facts = json.loads(printed)
    assert (code, err) == (0, "")
    assert facts["perplexity"] == scores.perplexity
    assert facts["tokens"] == len(TEXT)
    assert facts["bits"] == pytest.approx(math.log2(facts["perplexity"]))
    _, printed, _ = call("lm", "perplexity", saved, corpus)
    assert printed == (
        f"perplexity {scores.perplexity:.4f}, {scores.bits:.4f} bits per character; 296 "
        "characters, 0 unknown\n"
    )


def test_generate_prints_the_prompt_and_what_follows(call, saved):
    options = ["--prompt", "the ", "-n", "9", "--temperature", "0.5", "--top-k", "4", "--seed", "7"]
    text = LanguageModel.load(saved).generate(9, "the ", temperature=0.5, top_k=4, seed=7)
    assert call("lm", "generate", saved, *options) == (0, f"the {text}\n", "")
    _, printed, _ = call("lm", "generate", saved, *options, "--json")
    assert json.loads(printed) == {"prompt": "the ", "text": text, "seed": 7}


def test_info_describes_it(call, saved):
    facts = json.loads(call("info", saved, "--json")[1])
    assert (facts["kind"], facts["epochs"]) == ("LanguageModel", 2)
    assert facts["config"]["hidden_size"] == 8


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["train", "none.txt", "-o", "{out}"], 1, "none.txt"),
        (["train", "{corpus}", "-o", "{out}", "--cell", "tree"], 2, "'tree' is unknown"),
        (["train", "{corpus}", "-o", "{out}", "--epochs", "0"], 2, "epochs=0"),
        (["train", "{corpus}", "-o", "{out}", "--min-count", "999"], 1, "min_count=999"),
        (["train", "{corpus}", "-o", "none/m"], 1, "none"),
        (["perplexity", "{corpus}", "{corpus}"], 1, "text.txt"),
        (["perplexity", "{saved}", "none.txt"], 1, "none.txt"),
        (["generate", "{saved}", "--temperature", "-1"], 2, "temperature=-1.0"),
        (["generate", "{saved}", "-n", "0"], 2, "'0' is not a whole number"),
        (["generate", "{saved}", "--seed", "-3"], 2, "seed=-3"),
    ],
)
def test_what_cannot_be_done_is_one_line(refused, corpus, saved, tmp_path, arguments, code, says):
    places = {"out": tmp_path / "m", "corpus": corpus, "saved": saved}
    refused(["lm", *(it.format(**places) for it in arguments)], code, says)


def test_help_loads_no_numpy():
    check = (
        "import sys, contextlib\n"
        "from textdl.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['lm', 'train', '--help'])\n"
        "assert not {'numpy', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)
