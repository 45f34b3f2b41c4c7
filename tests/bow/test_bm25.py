"""BM25, against the sum of the textbook."""

import math

import numpy as np
import pytest
from scipy import sparse

from textdl import BM25Transformer, BM25Vectorizer, CountVectorizer
from textdl.bow.loading import load
from textdl.bow.search import Index, top_by_inner_product
from textdl.errors import ParameterError

TEXTS = ["the cat sat on the mat", "the dog sat", "", "a dog and a cat and a dog", "apple grape"]


def bm25_by_hand(query, texts, k1=1.2, b=0.75):
    """The textbook's sum, term by term; words of one character are none."""
    bags = [[word for word in text.split() if len(word) > 1] for text in texts]
    mean = sum(map(len, bags)) / len(bags)
    scores = []
    for bag in bags:
        score = 0.0
        for word in filter(bag.__contains__, query.split()):
            holding = sum(word in other for other in bags)
            idf = math.log(1 + (len(bags) - holding + 0.5) / (holding + 0.5))
            tf = bag.count(word)
            score += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(bag) / mean))
        scores.append(score)
    return scores


def index_of(vectorizer, texts=TEXTS):
    return Index(vectorizer, sparse.csr_array(vectorizer.fit_transform(texts)))


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.0, 0.0), (2.5, 1.0)])
def test_search_scores_are_sums_by_hand(k1, b):
    index = index_of(BM25Vectorizer(k1=k1, b=b))
    expected = bm25_by_hand("dog cat dog zebra", TEXTS, k1, b)
    (found,) = index.search(["dog cat dog zebra"])
    assert [match.document for match in found] == [
        row for row in np.argsort(-np.array(expected), kind="stable") if expected[row] > 0
    ]
    for match in found:
        assert match.score == pytest.approx(expected[match.document])


@pytest.mark.parametrize(
    "options", [{}, {"binary": True}, {"min_df": 2, "norm": "l2"}, {"dtype": np.float32}], ids=str
)
def test_vectorizer_same_as_transformer_after_counting(options):
    counting = {k: v for k, v in options.items() if k in ("binary", "min_df")}
    counts = CountVectorizer(**counting).fit_transform(TEXTS)
    expected = BM25Transformer(norm=options.get("norm")).fit_transform(counts)
    vectorizer = BM25Vectorizer(**options)
    got = vectorizer.fit_transform(TEXTS)
    assert got.dtype == options.get("dtype", np.float64)
    np.testing.assert_allclose(got.toarray(), expected.toarray(), rtol=1e-6)
    np.testing.assert_array_equal(vectorizer.transform(TEXTS).toarray(), got.toarray())


def test_vectorizer_learned_in_parts_same_file(tmp_path):
    whole = BM25Vectorizer(k1=2.0).fit(TEXTS)
    parts = [BM25Vectorizer(k1=2.0).partial_fit(TEXTS[i::2]) for i in (1, 0)]
    merged = parts[0].merge(parts[1])
    assert merged.mean_length_ == whole.mean_length_
    np.testing.assert_array_equal(merged.idf_, whole.idf_)
    merged.save(tmp_path / "a")
    whole.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = load(tmp_path / "a").vectorizer
    assert type(again) is BM25Vectorizer
    assert (again.transform(TEXTS) != whole.transform(TEXTS)).nnz == 0


def test_transformer_against_double_loop():
    texts = ["a cat sat on a mat", "the dog", "cat cat cat dog", ""]
    vectorizer = CountVectorizer(token_pattern=r"\w+")
    counts = vectorizer.fit_transform(texts)
    ours = BM25Transformer(k1=1.5, b=0.6).fit_transform(counts).toarray()
    dense = counts.toarray()
    mean = dense.sum() / len(texts)
    for d, row in enumerate(dense):
        for t, tf in enumerate(row):
            df = (dense[:, t] > 0).sum()
            idf = np.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
            expected = idf * tf * 2.5 / (tf + 1.5 * (0.4 + 0.6 * row.sum() / mean))
            assert ours[d, t] == pytest.approx(expected, abs=1e-12)
    query = vectorizer.transform(["cat dog"])
    assert top_by_inner_product(query, ours, topn=1).rows.tolist() == [[2]]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k1": -1}, "k1=-1; expected a number from 0 up"),
        ({"k1": math.nan}, "k1=nan; expected a number from 0 up"),
        ({"b": 2}, "b=2; expected a number from 0 to 1"),
        ({"b": "0.5"}, "b='0.5'; expected a number from 0 to 1"),
        ({"norm": "l3"}, "norm='l3'; expected one of l1, l2, or None"),
    ],
)
def test_fit_parameter_out_of_range_is_refused(options, says):
    with pytest.raises(ParameterError, match=says):
        BM25Vectorizer(**options).fit(TEXTS)
    with pytest.raises(ParameterError, match=says):
        BM25Transformer(**options).fit(np.eye(2))


def test_transform_learned_from_no_document_is_refused():
    with pytest.raises(ValueError, match="learned from no document"):
        BM25Vectorizer(vocabulary=["cat"]).transform(TEXTS)


def test_fit_integer_dtype_warns():
    with pytest.warns(UserWarning, match="Only float64 and float32 'dtype' should be used"):
        weights = BM25Vectorizer(dtype=np.int32).fit_transform(TEXTS)
    assert weights.dtype == np.float64
