"""Matching texts, against all pairs of a dense matrix."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import normalize

from textdl import TfidfVectorizer, group_duplicates, match_texts
from textdl.bow import similar_pairs
from textdl.bow.matching import match_rows
from textdl.errors import ParameterError


@pytest.fixture(scope="module")
def rows():
    """Rows with frequent and rare terms, equal rows, and rows without a term."""
    draw = np.random.default_rng(0)
    dense = draw.poisson(np.geomspace(1.5, 0.01, 40), (90, 40)).astype(float)
    dense[50] = dense[3]
    dense[51] = 2 * dense[3]
    dense[7] = 0
    noise = draw.poisson(0.02, (90, 40))
    return np.concatenate([dense, dense + noise])


def expected_pairs(first, second, topn, min_similarity, *, is_within=False):
    """Of every pair, by a double loop over the sorted cosines."""
    cosines = normalize(first) @ normalize(second).T
    pairs = []
    for row, of_row in enumerate(cosines):
        best = [
            column
            for column in np.argsort(-of_row.round(12), kind="stable")
            if of_row[column] > 1e-12
            and of_row[column] >= min_similarity - 1e-9
            and not (is_within and row == column)
        ]
        pairs += [(row, int(column)) for column in best[:topn]]
    return pairs, cosines


@pytest.mark.parametrize("products", [1, 1 << 21])
@pytest.mark.parametrize("min_similarity", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("topn", [1, 3, 500])
def test_match_rows_is_best_of_all_pairs(monkeypatch, rows, topn, min_similarity, products):
    for name in ("_PRODUCTS_PER_BLOCK", "_PRODUCTS_PER_CALL", "_PAIRS_PER_CALL"):
        monkeypatch.setattr(similar_pairs, name, products)
    expected, cosines = expected_pairs(rows[:90], rows[90:], topn, min_similarity)
    found = match_rows(
        sparse.csr_array(rows[:90]), sparse.csr_array(rows[90:]), topn, min_similarity
    )
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    # Cosines that tie but for rounding may come in either order.
    assert sorted(pairs) == sorted(expected) or np.allclose(
        [cosines[pair] for pair in pairs], [cosines[pair] for pair in expected], atol=1e-12
    )
    np.testing.assert_allclose(found.similarity, [cosines[pair] for pair in pairs], atol=1e-12)


def test_match_rows_without_second_leaves_out_the_row_itself(rows):
    expected, cosines = expected_pairs(rows, rows, 2, 0.0, is_within=True)
    found = match_rows(sparse.csr_array(rows), topn=2)
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert (found.first != found.second).all()
    np.testing.assert_allclose(
        [cosines[pair] for pair in pairs], [cosines[pair] for pair in expected], atol=1e-12
    )


def test_match_rows_equal_rows_come_in_order(rows):
    found = match_rows(sparse.csr_array(rows[[3]]), sparse.csr_array(rows[[51, 3, 50]]), topn=3)
    assert found.second.tolist() == [0, 1, 2]


def test_match_rows_without_sparse_dot_topn_is_the_same(monkeypatch, rows):
    given = sparse.csr_array(rows)
    expected = match_rows(given, topn=3)
    monkeypatch.setattr(similar_pairs, "sp_matmul_topn", None)
    found = match_rows(given, topn=3)
    np.testing.assert_array_equal(found.first, expected.first)
    np.testing.assert_array_equal(found.second, expected.second)
    np.testing.assert_allclose(found.similarity, expected.similarity, atol=1e-12)


@pytest.mark.parametrize("is_within", [False, True])
@pytest.mark.parametrize("topn", [1, 4, 299, 400])
def test_match_rows_of_many_ties_come_in_order(is_within, topn):
    """Of 300 rows of three kinds, those of the same kind are equal."""
    kinds = np.random.default_rng(2).integers(3, size=300)
    given = sparse.csr_array(np.array([[3.0, 1, 0], [1, 3, 0], [0, 1, 1]])[kinds])
    found = match_rows(given, None if is_within else given, topn)
    expected, _ = expected_pairs(given.toarray(), given.toarray(), topn, 0.0, is_within=is_within)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected


@pytest.mark.parametrize("min_similarity", [0.0, 0.2])
def test_match_rows_negative_and_zero_products_are_no_pairs(min_similarity):
    first = sparse.csr_array([[1.0, -1, 0], [0, 0, 2], [0, 0, 0]])
    second = sparse.csr_array([[1.0, 1, 0], [-1, 2, 0], [1, -2, 0], [0, 0, 0]])
    found = match_rows(first, second, 3, min_similarity)
    assert (found.first.tolist(), found.second.tolist()) == ([0], [2])
    empty = match_rows(first[:0], second, 3, min_similarity)
    assert [len(column) for column in empty] == [0, 0, 0]


def test_match_texts_finds_other_spellings():
    names = ["Acme Corporation", "Globex Inc.", "Initech", ""]
    others = ["initech llc", "globex incorporated", "ACME corp", "umbrella", "  "]
    found = match_texts(names, others)
    assert found.first.tolist() == [0, 1, 2]
    assert found.second.tolist() == [2, 1, 0]
    none = match_texts(names, others, min_similarity=0.99)
    assert [len(column) for column in none] == [0, 0, 0]


def test_match_texts_of_words_uses_vectorizer():
    found = match_texts(["a red car"], ["cars", "the car"], vectorizer=TfidfVectorizer())
    assert found.second.tolist() == [1]


def test_group_duplicates_are_components_of_similar_pairs():
    draw = np.random.default_rng(1)
    words = ["red", "green", "blue", "cat", "dog", "car", "sea", "sun"]
    texts = [" ".join(draw.choice(words, 5)) for _ in range(150)]
    texts += texts[:10]
    vectorizer = TfidfVectorizer()
    unit = vectorizer.fit_transform(list(dict.fromkeys(texts))).toarray()
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    limit = 0.9
    expected = list(range(len(unit)))
    for _ in unit:  # until nothing changes
        expected = [min(expected[b] for b in np.flatnonzero(unit[a] @ unit.T >= limit - 1e-9))
                    for a in range(len(unit))]  # fmt: skip
    firsts = [texts.index(list(place)[expected[place[text]]]) for text in texts]
    found = group_duplicates(texts, limit, vectorizer=TfidfVectorizer())
    assert found.tolist() == firsts
    assert len(set(firsts)) < len(place)


def test_group_duplicates_equal_texts_without_terms_are_one_group():
    assert group_duplicates(["", "x cat", "", "another"]).tolist() == [0, 1, 0, 3]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: match_texts([], ["a"]), "is empty"),
        (lambda: match_texts(["a"], []), "is empty"),
        (lambda: match_texts("abc", ["a"]), "pass a list of texts"),
        (lambda: match_texts(["a", 1], ["a"]), "item 1 is a int"),
        (lambda: match_texts(["abc"], ["abc"], 0), "topn is 0"),
        (lambda: match_texts(["abc"], ["abc"], 1, 1.5), "min_similarity is 1.5"),
        (lambda: match_texts(["abc"], ["abc"], 1, float("nan")), "min_similarity is nan"),
        (lambda: group_duplicates(["abc"], 0.0), "expected above 0"),
        (lambda: group_duplicates([]), "is empty"),
        (lambda: match_rows(sparse.eye_array(2), sparse.eye_array(3)), "2 and 3 columns"),
    ],
)
def test_matching_bad_input_errors(ask, says):
    with pytest.raises(ParameterError) as error:
        ask()
    assert says in str(error.value)
