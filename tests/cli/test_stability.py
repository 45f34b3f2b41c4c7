"""`textdl stability`, and `textdl similar --trust`."""

import json

import numpy as np
import pytest

from textdl import Vectors


@pytest.fixture
def seeds(tmp_path):
    """Files of three runs that differ a little."""
    draw = np.random.default_rng(0)
    shared = draw.standard_normal((120, 6))
    paths = [tmp_path / f"seed{number}.safetensors" for number in range(3)]
    for path in paths:
        matrix = shared + 0.3 * draw.standard_normal(shared.shape)
        Vectors([f"w{number}" for number in range(120)], matrix).save(path)
    return paths


def test_stability_shows_the_overlap_by_frequency(call, seeds):
    code, out, _ = call("stability", *seeds, "-n", 5, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["common"] == 120
    assert [band["last"] for band in found["bands"]] == [100, 120]
    assert 0 < found["overlap"] < 1
    lines = call("stability", *seeds, "-n", 5)[1].splitlines()
    assert lines[0].split() == ["words", "1", "to", "100", f"{found['bands'][0]['overlap']:.4f}"]
    least = min(found["words"], key=lambda it: it["overlap"])["word"]
    assert lines[-2].split()[:3] == ["least", "stable", f"{least},"]


def test_stability_of_one_file_says_what_is_missing(refused, seeds):
    refused(["stability", str(seeds[0])], 2, "pass two or more")


def test_similar_with_trust_shows_shares_and_spreads(call, seeds):
    command = ["similar", seeds[0], "w3", "w4", "-n", 2, "--trust", *seeds[1:]]
    answers = json.loads(call(*command, "--json")[1])
    assert [answer["query"] for answer in answers] == ["w3", "w4"]
    nearest = answers[0]["neighbors"][0]
    assert set(nearest) == {"word", "share", "similarity", "spread"}
    line = call(*command)[1].splitlines()[1].split()
    assert line == [
        nearest["word"],
        f"{nearest['share']:.0%}",
        f"{nearest['similarity']:.4f}",
        "±",
        f"{nearest['spread']:.4f}",
    ]
