"""Nearest rows against a full sort and a loop over numbers."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import FileFormatError
from textdl.vectors import nearest as search
from textdl.vectors.query import cosine, normalize, row_norms


def cosine_loop(a, b):
    """The definition, one number at a time, in Python's doubles."""
    dot = math.fsum(float(x) * float(y) for x, y in zip(a, b, strict=True))
    lengths = [math.sqrt(math.fsum(float(x) ** 2 for x in v)) for v in (a, b)]
    return dot / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def nearest_loop(matrix, one, topn, excluded):
    scored = [(-cosine_loop(v, one), row) for row, v in enumerate(matrix) if row not in excluded]
    return [row for _, row in sorted(scored)][:topn]


def nearest(matrix, queries, topn, excluded):
    return search.nearest(matrix, row_norms(matrix), normalize(queries), topn, excluded)


@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(1, 12), st.integers(1, 50))
def test_nearest_against_double_loop(seed, rows, size, topn):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((rows, size)).astype(np.float32)
    matrix[rng.integers(rows)] = 0
    asked = rng.integers(rows, size=4)
    excluded = np.stack([asked, (asked + 1) % rows], axis=1)
    found = nearest(matrix, matrix[asked], topn, excluded)
    assert found.rows.shape == (4, min(topn, rows - 2))
    for row, out, answers, values in zip(asked, excluded, *found, strict=True):
        expected = [cosine_loop(matrix[a], matrix[row]) for a in answers]
        np.testing.assert_allclose(values, expected, atol=1e-12)
        wanted = nearest_loop(matrix, matrix[row], topn, set(out))
        best = [cosine_loop(matrix[a], matrix[row]) for a in wanted]
        np.testing.assert_allclose(values, best, atol=1e-12)


def test_nearest_any_block_size_same_answer(monkeypatch):
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((500, 16)).astype(np.float32)
    asked = np.arange(0, 500, 7)
    whole = nearest(matrix, matrix[asked], 10, asked[:, None])
    for name, value in {
        "_ROWS_PER_TILE": (13, 13),
        "_QUERIES_PER_TILE": 9,
        "_ROWS_PER_GROUP": 4,
        "_PAIRS_KEPT": 200,
        "_PAIRS_PER_BLOCK": 5,
    }.items():
        monkeypatch.setattr(search, name, value)
    parts = nearest(matrix, matrix[asked], 10, asked[:, None])
    assert np.array_equal(whole.rows, parts.rows)
    assert np.array_equal(whole.similarities, parts.similarities)


def test_nearest_many_rows_same_as_full_sort():
    rng = np.random.default_rng(7)
    matrix = rng.standard_normal((150_000, 8)).astype(np.float32)
    matrix[140_000:140_020] = 2 * matrix[3]
    asked = np.array([3, 65_535, 65_536, 149_999])
    found = nearest(matrix, matrix[asked], 25, asked[:, None])
    directions = normalize(matrix)
    for row, answers in zip(asked, found.rows, strict=True):
        cosines = np.round(directions @ directions[row], 12)
        cosines[row] = -2
        assert answers.tolist() == np.argsort(-cosines, kind="stable")[:25].tolist()
    assert found.rows[0, :20].tolist() == list(range(140_000, 140_020))


def test_nearest_equal_rows_in_row_order():
    matrix = np.tile(np.float32([[0.3, 0.7, 0.1]]), (1000, 1))
    found = nearest(matrix, matrix[:3], 7, np.array([[0], [5], [2]]))
    assert found.rows.tolist() == [
        [1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3, 4, 6, 7],
        [0, 1, 3, 4, 5, 6, 7],
    ]


def test_nearest_near_ties_do_not_depend_on_scale():
    rng = np.random.default_rng(2)
    row = rng.standard_normal(50)
    scales = rng.uniform(1e-6, 1e6, 300)
    nudges = 1 + 1e-4 * rng.standard_normal((300, 50))
    matrix = (row * nudges * scales[:, None]).astype(np.float32)
    found = nearest(matrix, row[None, :], 20, np.empty((1, 0), np.int64))
    assert found.rows[0].tolist() == nearest_loop(matrix, row, 20, set())


def test_nearest_equal_rows_are_ranked_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(search, "_PAIRS_KEPT", 500)
    monkeypatch.setattr(search, "_ROWS_PER_TILE", (100, 100))
    most = 0
    exact = search._exact

    def watched(matrix, queries, pairs):
        nonlocal most
        most = max(most, len(pairs.row))
        return exact(matrix, queries, pairs)

    monkeypatch.setattr(search, "_exact", watched)
    matrix = np.ones((5_000, 3), np.float32)
    found = nearest(matrix, matrix[:3], 4, np.array([[0], [5], [2]]))
    assert found.rows.tolist() == [[1, 2, 3, 4], [0, 1, 2, 3], [0, 1, 3, 4]]
    assert most <= 500 + 3 * 100


@pytest.mark.parametrize("topn", [1, 31, 32, 33, 400, 10_000])
def test_nearest_of_any_number_same_as_full_sort(topn):
    rng = np.random.default_rng(topn)
    matrix = rng.standard_normal((3_001, 12)).astype(np.float32)
    found = nearest(matrix, matrix[:600], topn, np.arange(600)[:, None])
    cosines = normalize(matrix[:600]) @ normalize(matrix).T
    cosines[np.arange(600), np.arange(600)] = -2
    expected = np.sort(cosines, axis=1)[:, ::-1][:, : min(topn, 3_000)]
    np.testing.assert_allclose(found.similarities, expected, atol=1e-12)
    np.testing.assert_allclose(
        np.take_along_axis(cosines, found.rows, axis=1), expected, atol=1e-12
    )


def test_nearest_where_all_rows_of_a_tile_are_excluded(monkeypatch):
    monkeypatch.setattr(search, "_ROWS_PER_TILE", (4, 4))
    matrix = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    found = nearest(matrix, matrix[:1], 3, np.array([[0, 1, 2, 3, 8]]))
    assert found.rows[0].tolist() == nearest_loop(matrix, matrix[0], 3, {0, 1, 2, 3, 8})


def test_nearest_zero_vectors_have_similarity_zero():
    matrix = np.float32([[0, 0], [1, 0], [-1, 0], [0, 0]])
    found = nearest(matrix, matrix[:2], 4, np.empty((2, 0), np.int64))
    assert found.similarities.tolist() == [[0, 0, 0, 0], [1, 0, 0, -1]]
    assert found.rows.tolist() == [[0, 1, 2, 3], [1, 0, 3, 2]]
    assert cosine(matrix[0], matrix[1]) == 0.0


@pytest.mark.parametrize(("rows", "asked"), [(0, 0), (0, 2), (1, 1), (3, 0)])
def test_nearest_without_rows_or_queries_is_empty(rows, asked):
    matrix = np.ones((rows, 2), np.float32)
    found = nearest(matrix, np.ones((asked, 2)), 5, np.zeros((asked, 1), np.int64))
    assert found.rows.shape == found.similarities.shape == (asked, max(0, rows - 1))


@pytest.mark.parametrize("queries", [1, 2])
def test_nearest_while_another_thread_is_in_blas_same_answer(queries):
    matrix = np.random.default_rng(0).standard_normal((500, 20)).astype(np.float32)
    arguments = (
        matrix,
        row_norms(matrix),
        normalize(matrix[:queries]),
        5,
        np.zeros((queries, 0), int),
    )
    alone = search.nearest(*arguments)
    with search._blas:
        beside = search.nearest(*arguments)
    assert beside.rows.tolist() == alone.rows.tolist()
    assert beside.similarities.tolist() == alone.similarities.tolist()


def test_nearest_from_many_threads_same_answer():
    matrix = np.random.default_rng(1).standard_normal((2_000, 20)).astype(np.float32)
    norms = row_norms(matrix)

    def answers(row):
        sizes = (1, 3)[row % 2]  # few queries, and those that wait for their turn
        found = search.nearest(
            matrix, norms, normalize(matrix[row : row + sizes]), 3, np.zeros((sizes, 0), int)
        )
        return found.rows.tolist(), found.similarities.tolist()

    expected = list(map(answers, range(40)))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answers, range(40))) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nearest_to_rows_that_are_not_finite_error(bad):
    matrix = np.ones((20, 3), np.float32)
    matrix[7, 1] = bad
    with pytest.raises(FileFormatError, match="row 7"):
        search.nearest(
            matrix, np.ones(20, np.float32), np.ones((1, 3)), 2, np.empty((1, 0), np.int64)
        )
