"""The verbs that answer from a file, their JSON, exit codes and cost."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from textdl import Vectors
from textdl.cli.main import main


@pytest.fixture(scope="module")
def king(tmp_path_factory):
    """A file of six words with plain geometry."""
    words = ["king", "man", "queen", "woman", "tree", "Éire ☘"]
    matrix = [[1, 1, 0], [1, 0, 0], [-1, 1, 0], [-1, 0, 0], [0, 0, 1], [0, 0.1, 1]]
    path = tmp_path_factory.mktemp("vectors") / "king.safetensors"
    Vectors(words, matrix, np.arange(6)[::-1]).save(path)
    return str(path)


def run(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_similar(capsys, king):
    code, out, err = run(capsys, "similar", king, "tree", "-n", "2", "--json")
    assert (code, err) == (0, "")
    (answer,) = json.loads(out)
    assert answer["query"] == "tree"
    assert [n["word"] for n in answer["neighbors"]] == ["Éire ☘", "king"]
    assert answer["neighbors"][0]["similarity"] == pytest.approx(1 / 1.01**0.5)
    _, out, _ = run(capsys, "similar", king, "tree", "king", "-n", "1")
    assert out == "tree:\nÉire ☘  0.9950\n\nking:\nman  0.7071\n"


def test_analogy(capsys, king):
    _, out, _ = run(capsys, "analogy", king, "man", "king", "woman", "-n", "1", "--json")
    (answer,) = json.loads(out)
    assert answer["query"] == ["man", "king", "woman"]
    assert answer["neighbors"][0]["word"] == "queen"


def test_similarity_and_odd(capsys, king):
    _, out, _ = run(capsys, "similarity", king, "king", "man", "--json")
    assert json.loads(out) == {"similarity": pytest.approx(0.5**0.5)}
    _, out, _ = run(capsys, "odd", king, "king", "man", "tree", "--json")
    assert json.loads(out) == {"odd": "tree"}


def test_info(capsys, king):
    _, out, _ = run(capsys, "info", king, "--json")
    facts = json.loads(out)
    assert (facts["format"], facts["vocab"], facts["vector_size"]) == ("safetensors", 6, 3)
    assert facts["config"] == {}


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".vec"])
def test_convert_there_and_back(capsys, king, tmp_path, suffix):
    file = tmp_path / f"other{suffix}"
    simple = tmp_path / "simple.safetensors"
    vectors = Vectors.load(king)
    Vectors(list(vectors.labels)[:5], vectors.matrix[:5]).save(simple)
    assert run(capsys, "convert", str(simple), str(file))[0] == 0
    back = Vectors.load(file)
    assert list(back.labels) == list(vectors.labels)[:5]
    np.testing.assert_array_equal(back.matrix, vectors.matrix[:5])


def test_evaluate(capsys, king, tmp_path):
    pairs, questions = tmp_path / "pairs.txt", tmp_path / "questions.txt"
    pairs.write_text("king\tman\t9\nKing queen 1\ntree man 5\nking none 3\n")
    questions.write_text(": family\nman king woman queen\n: gram-none\nman king x queen\n")
    code, out, _ = run(
        capsys,
        "evaluate",
        king,
        "--similarity",
        str(pairs),
        "--analogies",
        str(questions),
        "--json",
    )
    assert code == 0
    found = json.loads(out)
    assert found["similarity"]["pairs"]["pairs"] == 3
    assert found["similarity"]["pairs"]["skipped"] == 1
    assert found["analogies"]["accuracy"] == 1.0
    assert found["analogies"]["syntactic"] is None
    assert found["analogies"]["skipped"] == 1


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
def test_errors_are_one_line_with_the_right_code(refused, king, arguments, code, says):
    refused([argument.format(king=king) for argument in arguments], code, says)


def test_debug_shows_the_traceback(king):
    with pytest.raises(KeyError, match="quen"):
        main(["similar", king, "quen", "--debug"])


def test_a_reader_that_leaves_early_is_no_error(king):
    command = f"{sys.executable} -m textdl.cli.main similar {king} king man tree | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "king:\n"
    assert done.stderr == ""


def loaded_modules(code):
    """The top-level packages that a piece of code imports in a fresh interpreter."""
    report = f"{code}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_import_is_light():
    heavy = {"jax", "jaxlib", "nltk", "scipy", "sklearn", "matplotlib", "numpy", "loky"}
    assert not loaded_modules("import textdl") & heavy


def test_a_lookup_needs_numpy_alone(king):
    code = f"from textdl.cli.main import main; main(['similar', {king!r}, 'king'])"
    heavy = {"jax", "jaxlib", "nltk", "scipy", "sklearn", "matplotlib", "loky", "tqdm"}
    assert not loaded_modules(code) & heavy


def test_info_verify(capsys, king, tmp_path, refused):
    code, out, err = run(capsys, "info", king, "--verify", "--json")
    assert (code, err, json.loads(out)["checksums"]) == (0, "", "verified")
    _, out, _ = run(capsys, "info", king, "--json")
    assert "checksums" not in json.loads(out)
    raw = bytearray(Path(king).read_bytes())
    raw[raw.index(np.float32(0.1).tobytes())] ^= 1  # in the matrix
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(raw)
    assert run(capsys, "info", str(damaged))[0] == 0
    refused(["info", "--verify", str(damaged)], 1, "'vectors' does not have the checksum")
    text = tmp_path / "king.vec"
    text.write_text("a 1 2\n")
    refused(["info", "--verify", str(text)], 1, "has no checksums, so nothing to verify")
