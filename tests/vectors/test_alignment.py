"""Alignment against SciPy and against definitions, and where nothing decides the turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes as scipy_procrustes
from scipy.stats import ortho_group
from threadpoolctl import threadpool_limits

from textdl import Vectors, align_vectors
from textdl.errors import ParameterError
from textdl.vectors import alignment
from textdl.vectors.alignment import centered, mean_of_aligned, orthogonal_procrustes

SEEDS = st.integers(0, 2**31)
SIZES = st.integers(2, 8)


def random_matrix(seed, rows, size):
    return np.random.default_rng(seed).standard_normal((rows, size)).astype(np.float32)


def random_rotation(seed, size):
    return ortho_group.rvs(size, random_state=seed)


def distance(a, b):
    return float(np.linalg.norm(np.asarray(a, np.float64) - b))


@given(SEEDS, st.integers(8, 40), SIZES)
def test_procrustes_full_rank_equals_scipy(seed, rows, size):
    source = random_matrix(seed, rows, size)
    target = random_matrix(seed + 1, rows, size)
    expected, _ = scipy_procrustes(source.astype(np.float64), target.astype(np.float64))
    np.testing.assert_allclose(orthogonal_procrustes(source, target), expected, atol=1e-8)


@given(SEEDS, SIZES)
def test_procrustes_turned_matrix_finds_the_turn(seed, size):
    source = random_matrix(seed, 4 * size, size).astype(np.float64)
    turn = random_rotation(seed, size)
    np.testing.assert_allclose(orthogonal_procrustes(source, source @ turn), turn, atol=1e-6)


@given(SEEDS, st.integers(1, 4), SIZES)
def test_procrustes_rank_deficient_is_orthogonal_and_nearest(seed, rank, size):
    """Fewer words than dimensions, a single one among them."""
    rank = min(rank, size - 1)
    source = random_matrix(seed, rank, size)
    target = random_matrix(seed + 1, rank, size)
    rotation = orthogonal_procrustes(source, target)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(size), atol=1e-10)
    expected, _ = scipy_procrustes(source.astype(np.float64), target.astype(np.float64))
    np.testing.assert_allclose(
        distance(source @ rotation, target), distance(source @ expected, target), rtol=1e-6
    )


def test_procrustes_of_zeros_is_orthogonal():
    rotation = orthogonal_procrustes(np.zeros((3, 4)), np.zeros((3, 4)))
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(4), atol=1e-12)


def test_procrustes_many_blocks_equals_one(monkeypatch):
    source = random_matrix(1, 1_000, 6)
    target = random_matrix(2, 1_000, 6)
    whole = orthogonal_procrustes(source, target)
    monkeypatch.setattr(alignment, "_ROWS_PER_BLOCK", 7)
    np.testing.assert_allclose(orthogonal_procrustes(source, target), whole, atol=1e-10)


def test_mean_of_aligned_same_bits_on_any_number_of_threads():
    matrices = [random_matrix(seed, 70_000, 32) for seed in (1, 2)]
    means = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads):
            means.append(mean_of_aligned(matrices))
    np.testing.assert_array_equal(means[1], means[0])
    np.testing.assert_array_equal(means[2], means[0])


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        (np.zeros((2, 3)), np.zeros((3, 3)), r"shape \(2, 3\) .* \(3, 3\)"),
        (np.zeros((2, 3)), np.zeros((2, 2)), r"shape \(2, 3\) .* \(2, 2\)"),
        (np.full((2, 3), np.nan), np.ones((2, 3)), "NaN"),
        (np.ones((2, 3)), np.full((2, 3), np.inf), "infinity"),
    ],
)
def test_procrustes_input_errors(source, target, says):
    with pytest.raises(ParameterError, match=says):
        orthogonal_procrustes(source, target)


@given(SEEDS, SIZES)
def test_mean_of_aligned_turned_copies_is_the_first(seed, size):
    first = random_matrix(seed, 30, size)
    copies = [(first @ random_rotation(seed + turn, size)).astype(np.float32) for turn in (1, 2)]
    np.testing.assert_allclose(mean_of_aligned([first, *copies]), first, atol=1e-4)


def test_mean_of_aligned_against_scipy():
    matrices = [random_matrix(seed, 50, 5) for seed in range(3)]
    wide = [matrix.astype(np.float64) for matrix in matrices]
    turned = [wide[0], *(it @ scipy_procrustes(it, wide[0])[0] for it in wide[1:])]
    np.testing.assert_allclose(mean_of_aligned(matrices), np.mean(turned, axis=0), atol=1e-6)


def test_mean_of_aligned_one_matrix_is_itself():
    matrix = random_matrix(1, 5, 3)
    assert mean_of_aligned([matrix]) is matrix


def test_centered_rows_have_mean_zero_and_one_row_stays():
    matrix = random_matrix(1, 1_000, 5) + np.float32(3)
    np.testing.assert_allclose(centered(matrix).mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(
        np.diff(centered(matrix), axis=0), np.diff(matrix, axis=0), atol=1e-5
    )
    np.testing.assert_array_equal(centered(matrix[:1]), matrix[:1])


def test_align_vectors_keeps_cosines_labels_and_counts():
    words = [f"w{number}" for number in range(20)]
    matrix = random_matrix(1, 20, 4)
    vectors = Vectors(words, matrix @ random_rotation(3, 4), range(20, 0, -1), config={"epochs": 5})
    target = Vectors(words[5:][::-1], matrix[5:][::-1])
    aligned = align_vectors(vectors, target)
    assert list(aligned.labels) == words
    np.testing.assert_array_equal(aligned.counts, vectors.counts)
    assert aligned.config == {"epochs": 5}
    np.testing.assert_allclose(aligned.matrix, matrix, atol=1e-5)
    assert aligned.similarity("w1", "w2") == pytest.approx(vectors.similarity("w1", "w2"), abs=1e-6)


def test_align_vectors_one_word_in_common():
    vectors = Vectors(["a", "b"], [[3.0, 0.0], [0.0, 1.0]])
    aligned = align_vectors(vectors, Vectors(["c", "a"], [[1.0, 1.0], [0.0, 5.0]]))
    np.testing.assert_allclose(aligned["a"], [0, 3], atol=1e-6)
    assert aligned.similarity("a", "b") == pytest.approx(0, abs=1e-6)


def test_align_vectors_input_errors():
    vectors = Vectors(["a"], [[1.0, 2.0]])
    with pytest.raises(ParameterError, match="2 dimensions and the target 3"):
        align_vectors(vectors, Vectors(["a"], [[1.0, 2.0, 3.0]]))
    with pytest.raises(ParameterError, match=r"1 words .* 1 of the target have none in common"):
        align_vectors(vectors, Vectors(["b"], [[1.0, 2.0]]))
