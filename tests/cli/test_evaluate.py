"""`textdl evaluate`."""

import json

import numpy as np

from textdl import Vectors


def test_evaluate_reports_similarity_and_analogies(call, king, tmp_path):
    pairs, questions = tmp_path / "pairs.txt", tmp_path / "questions.txt"
    pairs.write_text("king\tman\t9\nKing queen 1\ntree man 5\nking none 3\n")
    questions.write_text(": family\nman king woman queen\n: gram-none\nman king x queen\n")
    command = ["evaluate", king, "--similarity", pairs, "--analogies", questions]
    code, out, _ = call(*command, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["similarity"]["pairs"]["pairs"] == 3
    assert found["similarity"]["pairs"]["skipped"] == 1
    assert found["analogies"]["accuracy"] == 1.0
    assert found["analogies"]["syntactic"] is None
    assert found["analogies"]["skipped"] == 1
    assert call(*command)[1] == (
        "pairs                        spearman 0.8660 [0.8660, 1.0000]  3 pairs, 1 skipped\n"
        "family                       accuracy 1.0000                   1 questions, 0 skipped\n"
        "gram-none                    accuracy nan                      0 questions, 1 skipped\n"
        "semantic                     accuracy 1.0000\n"
        "all analogies                accuracy 1.0000                   1 questions, 1 skipped\n"
    )


def test_evaluate_of_several_compares_them_with_the_first(call, tmp_path):
    draw = np.random.default_rng(0)
    words = [f"w{number}" for number in range(40)]
    good = Vectors(words, draw.standard_normal((40, 4)))
    bad = Vectors(words, good.matrix + 3 * draw.standard_normal((40, 4)))
    paths = [tmp_path / "good.safetensors", tmp_path / "bad.safetensors"]
    for vectors, path in zip((good, bad), paths, strict=True):
        vectors.save(path)
    pairs = tmp_path / "pairs.txt"
    some = zip(*draw.choice(words, size=(2, 100)), strict=True)
    pairs.write_text("\n".join(f"{a} {b} {good.similarity(a, b)}" for a, b in some))
    command = ["evaluate", *paths, "--similarity", pairs]

    first, second = json.loads(call(*command, "--json")[1])
    assert first["vectors"] == str(paths[0])
    assert "against_first" not in first
    difference = second["against_first"]["similarity"]["pairs"]
    assert difference["first"] == first["similarity"]["pairs"]["spearman"] == 1
    assert difference["second"] == second["similarity"]["pairs"]["spearman"]
    assert difference["interval"][1] < 0
    out = call(*command)[1]
    assert f"{paths[1]} against {paths[0]}:" in out
    assert out.splitlines()[-1].endswith("p 0.002  worse  100 in common")
    assert "may be noise" in call("evaluate", paths[0], paths[0], "--similarity", pairs)[1]


def test_evaluate_of_files_without_common_words_says_so(call, king, tmp_path):
    other = tmp_path / "other.safetensors"
    Vectors(["x", "y"], [[1.0], [2.0]]).save(other)
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("king man 9\nx y 1\n")
    code, out, _ = call("evaluate", king, other, "--similarity", pairs)
    assert code == 0
    assert out.splitlines()[-1].endswith("too few to tell  0 in common")


def test_evaluate_word_sets_and_cosmul(call, king, tmp_path):
    questions = tmp_path / "questions.txt"
    questions.write_text("man king woman queen\n")
    categories = tmp_path / "categories.txt"
    categories.write_text("king royal\nqueen royal\ntree plant\n")
    outliers = tmp_path / "outliers.txt"
    outliers.write_text("king\nman\nqueen\n\ntree\n")
    association = tmp_path / "weat.txt"
    association.write_text(": a\nking\n: b\nqueen\n: c\nman\n: d\nwoman\n")
    command = ["evaluate", king, "--analogies", questions, "--cosmul", "--restrict-vocab", 5]
    command += ["--categorization", categories, "--outliers", outliers, "--weat", association]
    code, out, _ = call(*command, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["analogies"]["accuracy"] == 1.0
    assert found["categorization"]["categories"]["words"] == 3
    assert found["outliers"]["outliers"]["questions"] == 1
    assert found["weat"]["weat"]["effect_size"] == 2.0
    assert "weat" in call(*command)[1]
