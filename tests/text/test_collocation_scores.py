"""Scores against their formulas, and what is written the same."""

import math

import numpy as np
import pytest

from tests.text.test_collocations import count
from textdl.text.collocation_scores import add_up_same_spelling, find_phrases

SENTENCES = [["new", "york", "is", "new"], ["new", "york"], ["york", "is", "old"], ["new", "is"]]


def scores(scoring, min_count=1, threshold=-2.0):
    counts = count(SENTENCES, []).result()
    rows, found = find_phrases(counts, scoring, min_count, threshold)
    return {counts.joined(row, "_"): score for row, score in zip(rows, found, strict=True)}


def test_default_score_is_the_formula():
    # four words and five pairs; new occurs four times, york three
    assert scores("default")["new_york"] == (2 - 1) / (4 * 3) * 9
    assert scores("default", 2)["new_york"] == 0.0


def test_npmi_score_is_the_formula():
    pair, new, york = 2 / 11, 4 / 11, 3 / 11
    expected = math.log(pair / (new * york)) / -math.log(pair)
    assert scores("npmi")["new_york"] == expected


@pytest.mark.parametrize("scoring", ["default", "npmi"])
def test_threshold_is_exceeded_and_min_count_is_reached(scoring):
    score = scores(scoring)["new_york"]
    assert "new_york" not in scores(scoring, threshold=score)
    assert "new_york" in scores(scoring, threshold=np.nextafter(score, -1))
    assert set(scores(scoring, min_count=2)) <= {"new_york", "york_is"}


def test_same_spelling_adds_up():
    sentences = [["a", "b"], ["a", "b"], ["a_b", "c"], ["a", "b_c"], ["a_b"]]
    counts = add_up_same_spelling(count(sentences, []).result(), "_")
    names = [counts.joined(row, "_") for row in range(len(counts.counts))]
    assert sorted(zip(names, counts.counts.tolist(), strict=True)) == [
        ("a_b", 4),  # two pairs, two words
        ("a_b_c", 2),
        ("a_b_c", 2),
    ]
    assert counts.word_counts[counts.words.index("a_b")] == 4
    assert counts.vocabulary_size == len({"a", "b", "c", "a_b", "b_c", "a_b_c"})


def test_same_spelling_without_the_delimiter_changes_nothing():
    counts = count(SENTENCES, []).result()
    assert add_up_same_spelling(counts, "_") is counts
