"""Better files and worse ones, and differences that are noise."""

import math

import numpy as np

from textdl.vectors.comparison import compare_analogies, compare_word_pairs
from textdl.vectors.evaluate import evaluate_word_pairs
from textdl.vectors.vectors import Vectors


def noisy(vectors, seed, noise):
    draw = np.random.default_rng(seed).standard_normal(vectors.matrix.shape)
    return Vectors(vectors.labels, vectors.matrix + noise * draw)


def test_compare_word_pairs_tells_better_vectors_from_noise(scored):
    vectors, path = scored
    worse = compare_word_pairs(vectors, noisy(vectors, 1, 1.5), path)
    assert worse.first == evaluate_word_pairs(vectors, path).spearman
    assert worse.difference == worse.second - worse.first < 0
    assert worse.interval.high < 0
    assert worse.p_value < 0.01
    alike = compare_word_pairs(noisy(vectors, 3, 0.1), noisy(vectors, 4, 0.1), path)
    assert alike.interval.low < 0 < alike.interval.high
    assert alike.p_value > 0.05
    itself = compare_word_pairs(vectors, vectors, path)
    assert (itself.difference, itself.p_value) == (0, 1)


def test_compare_asks_only_what_both_know(tmp_path, family):
    path = tmp_path / "q.txt"
    path.write_text("man woman king queen\nman woman boy girl\nman woman king boy\n")
    others = Vectors(list(family.labels)[:4], family.matrix[:4])
    found = compare_analogies(family, others, path)
    assert (found.first, found.second, found.questions) == (1, 1, 1)
    assert math.isnan(found.p_value)
    assert math.isnan(found.interval.low)
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("king queen 3\nking man 2\nboy girl 1\nman woman 2\n")
    assert compare_word_pairs(family, others, pairs).questions == 3
    unknown = compare_word_pairs(family, Vectors(["x"], [[1.0]]), pairs)
    assert unknown.questions == 0
    assert math.isnan(unknown.difference)
