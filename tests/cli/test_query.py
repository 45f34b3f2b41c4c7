"""The queries: their answers, JSON, exit codes and cost."""

import json
import signal
import subprocess
import sys

import pytest

from textdl import Vectors
from textdl.cli.main import main


def test_similar_prints_neighbors(call, king):
    code, out, err = call("similar", king, "tree", "-n", "2", "--json")
    assert (code, err) == (0, "")
    (answer,) = json.loads(out)
    assert answer["query"] == "tree"
    assert [n["word"] for n in answer["neighbors"]] == ["Éire ☘", "king"]
    assert answer["neighbors"][0]["similarity"] == pytest.approx(1 / 1.01**0.5)
    _, out, _ = call("similar", king, "tree", "king", "-n", "1")
    assert out == "tree:\nÉire ☘  0.9950\n\nking:\nman  0.7071\n"


def test_analogy_answers(call, king):
    _, out, _ = call("analogy", king, "man", "king", "woman", "-n", "1", "--json")
    (answer,) = json.loads(out)
    assert answer["query"] == ["man", "king", "woman"]
    assert answer["neighbors"][0]["word"] == "queen"


def test_analogy_cosmul_answers(call, king):
    code, out, _ = call("analogy", king, "man", "king", "woman", "-n", 1, "--cosmul", "--json")
    (answer,) = json.loads(out)
    assert code == 0
    expected = Vectors.load(king).most_similar_cosmul(["king", "woman"], ["man"], topn=1)
    assert [(it["word"], it["similarity"]) for it in answer["neighbors"]] == expected


def test_similar_restricted_answers_with_first_words(call, king):
    code, out, _ = call("similar", king, "tree", "--restrict-vocab", 3, "--json")
    assert code == 0
    assert {it["word"] for it in json.loads(out)[0]["neighbors"]} == {"king", "man", "queen"}


def test_similar_sentences_asks_for_mean(call, king):
    code, out, _ = call("similar", king, "the King, man", "--sentences", "--json", "-n", 2)
    assert code == 0
    assert {it["word"] for it in json.loads(out)[0]["neighbors"]} == {"king", "man"}


def test_similar_in_other_file_answers_with_its_words(call, king, tmp_path):
    Vectors(["roi", "arbre"], [[1, 1, 0], [0, 0, 1]]).save(tmp_path / "french.safetensors")
    code, out, _ = call("similar", king, "king", "--in", tmp_path / "french.safetensors", "-n", 1)
    assert (code, out) == (0, "roi  1.0000\n")


def test_similarity_and_odd_in_json(call, king):
    _, out, _ = call("similarity", king, "king", "man", "--json")
    assert json.loads(out) == {"similarity": pytest.approx(0.5**0.5)}
    _, out, _ = call("odd", king, "king", "man", "tree", "--json")
    assert json.loads(out) == {"odd": "tree"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["similar", "{king}", "quen"], 1, "close spellings: queen"),
        (["similar", "missing.bin", "king"], 1, "missing.bin"),
        (["similar", "{king}", "king", "-n", "0"], 2, "'0' is not a whole number"),
        (["similar", "{king}"], 2, "WORD"),
        (["analogy", "{king}", "man"], 2, "B, C"),
        (["odd", "{king}", "man", "king"], 2, "3 or more"),
        (["nonsense"], 2, "nonsense"),
        (["bow"], 2, "VERB"),
        (["convert", "{king}", "king.pkl"], 2, "'.pkl'"),
        (["evaluate", "{king}"], 2, "--similarity FILE"),
        (["evaluate", "{king}", "--analogies", "none.txt"], 1, "none.txt"),
    ],
)
def test_query_errors_are_one_line_with_their_code(refused, king, arguments, code, says):
    refused([argument.format(king=king) for argument in arguments], code, says)


def test_debug_shows_the_traceback(king):
    with pytest.raises(KeyError, match="quen"):
        main(["similar", king, "quen", "--debug"])


@pytest.mark.parametrize(
    "command",
    [
        "similar {king} king man tree",
        "similar {king} king man tree --json",
        "info {king}",
        "match {names} {names} -n 3",
        "dedup {names}",
        "train {names} -o {output} --min-count 1 --epochs 1 --tokenizer whitespace --quiet --json",
    ],
)
def test_closed_pipe_is_not_an_error(king, tmp_path, command):
    names = tmp_path / "names.txt"
    names.write_text("".join(f"name of number {number}\n" for number in range(2000)))
    verb = command.format(king=king, names=names, output=tmp_path / "v.safetensors")
    done = subprocess.run(
        f"set -o pipefail; {sys.executable} -m textdl.cli.main {verb} | true",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 128 + signal.SIGPIPE)


def loaded_modules(code):
    """The top-level packages that a piece of code imports in a fresh interpreter."""
    report = f"{code}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_import_loads_no_heavy_package():
    heavy = {"jax", "jaxlib", "nltk", "scipy", "sklearn", "matplotlib", "numpy", "loky"}
    assert not loaded_modules("import textdl") & heavy


def test_similar_loads_numpy_alone(king):
    code = f"from textdl.cli.main import main; main(['similar', {king!r}, 'king'])"
    heavy = {"jax", "jaxlib", "nltk", "scipy", "sklearn", "matplotlib", "loky", "tqdm"}
    assert not loaded_modules(code) & heavy
