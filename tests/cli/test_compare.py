"""`textdl compare`."""

import json

import numpy as np
import pytest

from textdl import Vectors

WORDS = ["gay", "merry", "queer", "sea", "sun"]


@pytest.fixture
def periods(tmp_path):
    rows = np.array([[9.0, 1], [9, 2], [1, 9], [-5, 5], [5, 5]])
    paths = [tmp_path / name for name in ("old.vec", "new.vec")]
    Vectors(WORDS, rows).save(paths[0])
    rows[0] = [1, 9]
    Vectors(WORDS, rows).save(paths[1])
    return paths


def test_compare_prints_words_with_neighbors(call, periods):
    code, out, _ = call("compare", *periods, "-n", 1, "--neighbors", 1)
    header, row = (line.split() for line in out.splitlines())
    assert code == 0
    assert header == ["word", "z", "cosine", "noise", "p", "left", "gained"]
    assert row[0] == "gay"
    assert float(row[1]) > 2
    assert row[3:] == ["-", "-", "merry", "queer"]


def test_compare_json_with_seeds(call, periods):
    seeds = ("--first-seeds", periods[0], "--second-seeds", periods[1])
    code, out, _ = call("compare", *periods, "--words", "gay", "sea", "--json", *seeds)
    found = json.loads(out)
    assert code == 0
    assert found["common"] == 5
    assert [it["word"] for it in found["words"]] == ["gay", "sea"]
    assert found["words"][0]["noise"] == pytest.approx(1.0)
    assert found["words"][0]["p_value"] == pytest.approx(1 / 3)


def test_compare_errors_are_one_line(refused, periods):
    paths = list(map(str, periods))
    refused(["compare", *paths, "--words", "unheard"], 1, "unheard")
    refused(["compare", paths[0], "missing.vec"], 1, "missing.vec")
    refused(["compare", *paths, "--min-count", "5"], 2, "a file has no counts")
    refused(["compare", *paths, "--anchors", "0"], 2, "'0' is not a whole number")
    refused(["compare", *paths, "--anchors", "1"], 2, "fewer words than the 2 dimensions")
