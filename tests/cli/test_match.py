"""match and dedup: what they print, and what they refuse."""

import json

import pytest

from textdl import Vectors


@pytest.fixture
def names(tmp_path):
    first = tmp_path / "first.txt"
    second = tmp_path / "second.txt"
    first.write_text("Acme Corp.\nGlobex\nInitech\n")
    second.write_text("globex inc\nACME corporation\nacme corp\n")
    return first, second


def test_match_prints_pairs(call, names):
    code, out, err = call("match", *names, "--min-similarity", "0.3")
    lines = [line.split("\t") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [line[1:] for line in lines] == [["Acme Corp.", "acme corp"], ["Globex", "globex inc"]]
    assert float(lines[0][0]) > 0.9


def test_match_json_has_neighbors_of_every_text(call, names):
    code, out, _ = call("match", *names, "-n", 2, "--json")
    found = json.loads(out)
    assert code == 0
    assert [it["query"] for it in found] == ["Acme Corp.", "Globex", "Initech"]
    assert [it["line"] for it in found[0]["neighbors"]] == [3, 2]
    assert [it["line"] for it in found[2]["neighbors"]] == [1]  # for its end in "in"


def test_match_of_one_file_leaves_out_the_text_itself(call, names):
    _, out, _ = call("match", names[1], "--json")
    assert json.loads(out)[1]["neighbors"][0]["text"] == "acme corp"


def test_match_by_words(call, names):
    _, out, _ = call("match", *names, "--analyzer", "word")
    assert [line.split("\t")[1:] for line in out.splitlines()] == [
        ["Acme Corp.", "acme corp"],
        ["Globex", "globex inc"],
    ]


def test_match_vectors_answers_with_words(call, king, tmp_path):
    Vectors(["roi", "arbre"], [[1, 1, 0], [0, 0, 1]]).save(tmp_path / "french.safetensors")
    arguments = ("match", king, tmp_path / "french.safetensors", "--vectors")
    _, out, _ = call(*arguments, "--min-similarity", "0.99")
    assert out == "1.0000\tking\troi\n1.0000\ttree\tarbre\n0.9950\tÉire ☘\tarbre\n"
    _, out, _ = call("match", king, "--vectors", "--json")
    assert json.loads(out)[4]["neighbors"][0]["line"] == 6


def test_dedup_keeps_the_first_of_each_group(call, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("a cat sat here\na dog\na cat sat here.\na dog\n")
    assert call("dedup", path)[:2] == (0, "a cat sat here\na dog\n")
    groups = "1\ta cat sat here\n3\ta cat sat here.\n\n2\ta dog\n4\ta dog\n"
    assert call("dedup", path, "--groups")[:2] == (0, groups)
    code, out, _ = call("dedup", path, "-o", tmp_path / "kept.txt", "--json")
    assert code == 0
    assert json.loads(out)["groups"] == [[1, 3], [2, 4]]
    assert (tmp_path / "kept.txt").read_text() == "a cat sat here\na dog\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["match", "missing.txt", "missing.txt"], 1, "missing.txt"),
        (["match", "a", "b", "--min-similarity", "2"], 2, "'2' is not a number from 0 to 1"),
        (["match", "a", "b", "--min-similarity", "x"], 2, "'x' is not a number from 0 to 1"),
        (["match", "a", "b", "--vectors", "--analyzer", "char"], 2, "are about texts"),
        (["match", "-", "-"], 2, "standard input is named twice"),
        (["match", "{text}", "{empty}"], 1, "none.txt' is empty; expected a text per line"),
        (["dedup", "missing.txt", "-o", "x", "--groups"], 2, "leave out -o or --groups"),
        (["dedup", "{text}", "--min-similarity", "0"], 2, "expected above 0"),
    ],
)
def test_match_errors_are_one_line_with_their_code(refused, names, arguments, code, says):
    empty = names[0].with_name("none.txt")
    empty.touch()
    paths = {"{text}": str(names[0]), "{empty}": str(empty)}
    refused([paths.get(it, it) for it in arguments], code, says)
