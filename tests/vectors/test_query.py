import difflib
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textdl.errors import FileFormatError, ParameterError
from textdl.string_array import StringArray
from textdl.vectors import query
from textdl.vectors.query import normalize, row_norms

LETTERS = st.text("abcdXY", min_size=1, max_size=7)


def cosine_loop(a, b):
    """The definition, one number at a time, in Python's doubles."""
    dot = math.fsum(float(x) * float(y) for x, y in zip(a, b, strict=True))
    lengths = [math.sqrt(math.fsum(float(x) ** 2 for x in v)) for v in (a, b)]
    return dot / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def nearest_loop(matrix, one, topn, excluded):
    scored = [(-cosine_loop(v, one), row) for row, v in enumerate(matrix) if row not in excluded]
    return [row for _, row in sorted(scored)][:topn]


def nearest(matrix, queries, topn, excluded):
    return query.nearest(matrix, query.row_norms(matrix), query.normalize(queries), topn, excluded)


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
    monkeypatch.setattr(query, "_ROWS_PER_BLOCK", 13)
    monkeypatch.setattr(query, "_SCORES_PER_BLOCK", 100)
    monkeypatch.setattr(query, "_WIDE_ROWS_PER_BLOCK", 5)
    parts = nearest(matrix, matrix[asked], 10, asked[:, None])
    assert np.array_equal(whole.rows, parts.rows)
    assert np.array_equal(whole.similarities, parts.similarities)


def test_nearest_many_rows_same_as_full_sort():
    rng = np.random.default_rng(7)
    matrix = rng.standard_normal((150_000, 8)).astype(np.float32)
    matrix[140_000:140_020] = 2 * matrix[3]
    asked = np.array([3, 65_535, 65_536, 149_999])
    found = nearest(matrix, matrix[asked], 25, asked[:, None])
    directions = query.normalize(matrix)
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


def test_nearest_zero_vectors_have_similarity_zero():
    matrix = np.float32([[0, 0], [1, 0], [-1, 0], [0, 0]])
    found = nearest(matrix, matrix[:2], 4, np.empty((2, 0), np.int64))
    assert found.similarities.tolist() == [[0, 0, 0, 0], [1, 0, 0, -1]]
    assert found.rows.tolist() == [[0, 1, 2, 3], [1, 0, 3, 2]]
    assert query.cosine(matrix[0], matrix[1]) == 0.0


@pytest.mark.parametrize(("rows", "asked"), [(0, 0), (0, 2), (1, 1), (3, 0)])
def test_nearest_without_rows_or_queries_is_empty(rows, asked):
    matrix = np.ones((rows, 2), np.float32)
    found = nearest(matrix, np.ones((asked, 2)), 5, np.zeros((asked, 1), np.int64))
    assert found.rows.shape == found.similarities.shape == (asked, max(0, rows - 1))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_error(bad):
    matrix = np.ones((20, 3), np.float32)
    matrix[7, 1] = bad
    with pytest.raises(ParameterError, match="row 7 holds"):
        query.row_norms(matrix)
    if not bad < 0:
        with pytest.raises(FileFormatError, match="row 7"):
            query.nearest(
                matrix, np.ones(20, np.float32), np.ones((1, 3)), 2, np.empty((1, 0), np.int64)
            )


def test_row_norms_extreme_rows_do_not_overflow():
    matrix = np.float32([[3e37, 4e37], [3e-30, 4e-30], [0, 0]])
    np.testing.assert_allclose(query.row_norms(matrix), [5e37, 5e-30, 0], rtol=1e-6)


def test_odd_one_out_is_least_central():
    assert query.odd_one_out(np.float32([[1, 0.1], [1, -0.1], [0, 9], [1, 0]])) == 2


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
    alone = query.nearest(*arguments)
    with query._blas:
        beside = query.nearest(*arguments)
    assert beside.rows.tolist() == alone.rows.tolist()
    assert beside.similarities.tolist() == alone.similarities.tolist()


def test_nearest_from_many_threads_same_answer():
    matrix = np.random.default_rng(1).standard_normal((2_000, 20)).astype(np.float32)
    norms = row_norms(matrix)

    def search(row):
        sizes = (1, 3)[row % 2]  # few queries, and those that wait for their turn
        found = query.nearest(
            matrix, norms, normalize(matrix[row : row + sizes]), 3, np.zeros((sizes, 0), int)
        )
        return found.rows.tolist(), found.similarities.tolist()

    expected = list(map(search, range(40)))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(search, range(40))) == expected


# Spellings


@given(LETTERS, st.lists(LETTERS, unique=True, max_size=20))
def test_close_spellings_same_as_difflib_over_all_words(word, words):
    close = query.close_spellings(word, StringArray.from_strings(words), count=100)
    matcher = difflib.SequenceMatcher(b=word, autojunk=False)
    expected = set()
    for candidate in words:
        matcher.set_seq1(candidate)
        if matcher.ratio() >= 0.7:
            expected.add(candidate)
    cased = {word.lower(), word.capitalize(), word.upper()} - {word}
    assert set(close) == expected | (cased & set(words))


@pytest.mark.parametrize(
    ("word", "close"),
    [
        ("quen", ["queen", "quern"]),
        ("NATO", ["nato"]),
        ("paris", ["Paris"]),
        ("thier", ["their", "the"]),
        ("zzzzz", []),
        ("", []),
        ("x" * 5000, []),
        ("naive", ["naïve"]),
        ("\udcffqueen", ["queen", "quern"]),
    ],
)
def test_close_spellings_most_similar_first(word, close):
    words = ["the", "their", "queen", "quern", "nato", "Paris", "naïve", ""]
    assert query.close_spellings(word, StringArray.from_strings(words)) == close


def test_unknown_word_message_is_one_printable_line_with_remedy():
    labels = StringArray.from_strings(["king", "queen", "quern"])
    assert query.unknown_word_message("quen", labels) == (
        '"quen" is not in the vocabulary of 3 words; close spellings: queen, quern'
    )
    for word in ("zz", "a\nb", "\udcff", "", "x" * 5000):
        message = query.unknown_word_message(word, labels)
        assert "lower min_count" in message
        assert message.isprintable()
        assert len(message) < 250
    assert "of 0 words" in query.unknown_word_message("a", StringArray.from_strings([]))
