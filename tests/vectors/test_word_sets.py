"""Tests on sets of words: closed forms, and double loops in NumPy."""

from itertools import combinations, permutations

import numpy as np
import pytest

from textdl.errors import CorpusError, ParameterError
from textdl.vectors.vectors import Vectors
from textdl.vectors.word_sets import (
    evaluate_categorization,
    evaluate_outliers,
    outlier_position,
    purity,
    weat,
)

TARGETS = (["w1", "w2", "w3", "w4"], ["w5", "w6", "w7"])
ATTRIBUTES = (["w8", "w9"], ["w10", "w11", "w12"])


def cosine(vectors, a, b):
    return float(vectors[a].astype(float) @ vectors[b] / vectors.norms[
        vectors.key_to_index[a]] / vectors.norms[vectors.key_to_index[b]])  # fmt: skip


def test_purity_of_known_table():
    assert purity(np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0, 2])) == 5 / 6


def test_categorization_separate_clusters_are_pure(tmp_path):
    rng = np.random.default_rng(0)
    centers = np.repeat(np.eye(3), 10, axis=0)
    vectors = Vectors([f"w{i}" for i in range(30)], centers + 0.05 * rng.standard_normal((30, 3)))
    path = tmp_path / "categories.txt"
    lines = [f"W{i}\t{'abc'[i // 10]}" for i in range(30)]
    path.write_text("\n".join([*lines, "unheard\ta"]))
    assert evaluate_categorization(vectors, path) == (1.0, 30, 3, 1)
    path.write_text("\n".join(f"w{i} {'ab'[i % 2]}" for i in range(30)))
    assert evaluate_categorization(vectors, path).purity <= 0.7


def test_categorization_equal_vectors_are_one_cluster(tmp_path):
    path = tmp_path / "categories.txt"
    path.write_text("a x\nb x\nc y\n")
    found = evaluate_categorization(Vectors(["a", "b", "c"], np.ones((3, 2))), path)
    assert found.purity == pytest.approx(2 / 3)


def test_outlier_position_is_that_of_the_paper(random_vectors):
    words = [f"w{i}" for i in range(9)]
    compactness = []
    for left_out in words:  # equation 2: over ordered pairs of the others
        others = [word for word in words if word != left_out]
        cosines = [cosine(random_vectors, a, b) for a, b in permutations(others, 2)]
        compactness.append(np.mean(cosines))
    place = sorted(range(9), key=lambda it: compactness[it]).index(8) / 8
    assert outlier_position(random_vectors[words]) == pytest.approx(place)


def test_outliers_of_folder_are_averaged(family, tmp_path):
    (tmp_path / "people.txt").write_text("king\nman\nboy\n\nparis\nunheard\n")
    (tmp_path / "few.txt").write_text("king\nunheard\n\nman\n")
    vectors = Vectors([it.lower() for it in family.labels], family.matrix)
    assert evaluate_outliers(vectors, tmp_path) == (1.0, 1.0, 1, 2)
    found = evaluate_outliers(vectors, tmp_path / "few.txt")
    assert np.isnan(found.accuracy)
    assert found.skipped == 1


def test_weat_is_closed_form(random_vectors):
    found = weat(random_vectors, TARGETS, ATTRIBUTES)

    def preference(word):
        first, second = ([cosine(random_vectors, word, it) for it in some] for some in ATTRIBUTES)
        return np.mean(first) - np.mean(second)

    x, y = ([preference(word) for word in some] for some in TARGETS)
    score = sum(x) - sum(y)
    assert found.score == pytest.approx(score, abs=1e-6)
    assert found.effect_size == pytest.approx((np.mean(x) - np.mean(y)) / np.std(x + y), abs=1e-5)
    every = [sum(some) * 2 - sum(x + y) for some in combinations(x + y, len(x))]
    assert found.p_value == pytest.approx(np.mean([it >= score - 1e-9 for it in every]))
    assert (found.words, found.skipped) == (12, 0)


def test_weat_agrees_with_wefe(random_vectors, gensim_vectors):
    pytest.importorskip("wefe", reason="needs WEFE")
    from wefe.metrics import WEAT
    from wefe.query import Query
    from wefe.word_embedding_model import WordEmbeddingModel

    query = Query(list(TARGETS), list(ATTRIBUTES))
    theirs = WEAT().run_query(query, WordEmbeddingModel(gensim_vectors))
    ours = weat(random_vectors, TARGETS, ATTRIBUTES)
    assert ours.effect_size == pytest.approx(float(theirs["effect_size"]), abs=1e-5)
    assert ours.score == pytest.approx(float(theirs["weat"]), abs=1e-5)


def test_weat_many_splits_are_sampled():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(42)]
    vectors = Vectors(words, rng.standard_normal((42, 5)))
    found = weat(vectors, (words[:20], words[20:40]), (words[40:41], words[41:]))
    swapped = weat(vectors, (words[20:40], words[:20]), (words[40:41], words[41:]))
    assert found.p_value + swapped.p_value == pytest.approx(1, abs=0.05)
    assert found == weat(vectors, (words[:20], words[20:40]), (words[40:41], words[41:]))


def test_weat_equal_targets_have_no_effect(random_vectors):
    vectors = Vectors(["a", "b", "c", "d"], [[1, 0], [2, 0], [1, 1], [0, 1]])
    found = weat(vectors, (["a"], ["b"]), (["c"], ["d"]))
    assert np.isnan(found.effect_size)
    assert found.p_value == 1.0


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        ((["w1"], ["unheard"]), "none of the 1 words of list 2 of targets"),
        ((["w1"], []), "none of the 0 words"),
        ((["w1", "w1"], ["w2"]), "'w1' twice"),
        ((["w1"], ["w1"]), "'w1' twice"),
        ((["w1"],), "expected two lists"),
        (("w1", "w2"), "expected two lists"),
    ],
)
def test_weat_bad_input_errors(random_vectors, targets, says):
    with pytest.raises(ParameterError) as error:
        weat(random_vectors, targets, ATTRIBUTES)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("evaluate", "content", "says"),
    [
        (evaluate_categorization, "a b c\n", "line 1: 'a b c'"),
        (evaluate_categorization, "# nothing\n", "holds no words"),
        (evaluate_categorization, "unheard a\n", "of which 0 are known"),
        (evaluate_outliers, "a\nb\n", "2 words and 0 outliers"),
        (evaluate_outliers, "", "0 words and 0 outliers"),
    ],
)
def test_word_set_files_bad_input_errors(random_vectors, tmp_path, evaluate, content, says):
    path = tmp_path / "words.txt"
    path.write_text(content)
    with pytest.raises(CorpusError) as error:
        evaluate(random_vectors, path)
    assert says in str(error.value)


def test_outliers_folder_without_files_errors(random_vectors, tmp_path):
    with pytest.raises(CorpusError, match="holds no file"):
        evaluate_outliers(random_vectors, tmp_path)
