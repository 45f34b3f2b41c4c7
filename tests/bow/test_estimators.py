"""The company scikit-learn's estimators keep."""

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import text as sklearn_text
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from tests.bow.conftest import assert_same_matrix
from textdl.bow.bm25 import BM25Transformer
from textdl.bow.count import CountVectorizer
from textdl.bow.hashing import HashingVectorizer
from textdl.bow.tfidf import TfidfTransformer, TfidfVectorizer

ALL = [CountVectorizer, TfidfVectorizer, HashingVectorizer, TfidfTransformer, BM25Transformer]
TEXTS = ["a good film", "a bad film", "good good fun", "bad and boring", "fun film", "boring"] * 4
LABELS = np.array([1, 0, 1, 0, 1, 0] * 4)


@pytest.mark.parametrize("make", ALL)
def test_clone_copies_parameters_only(make):
    estimator = make(norm="l1") if "norm" in make().get_params() else make(min_df=2)
    data = np.eye(3) if "Transformer" in make.__name__ else TEXTS
    copy = clone(estimator.fit(data))
    assert copy.get_params() == estimator.get_params()
    if make is not HashingVectorizer:
        with pytest.raises(ValueError, match=r"fitted|learned"):
            check_is_fitted(copy) or copy.transform(data)
    check_is_fitted(estimator)


def test_pipeline_grid_search_finds_the_labels():
    pipeline = Pipeline(
        [
            ("counts", CountVectorizer()),
            ("weights", TfidfTransformer()),
            ("model", LogisticRegression()),
        ]
    )
    grid = {"counts__ngram_range": [(1, 1), (1, 2)], "weights__use_idf": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(TEXTS, LABELS)
    assert search.best_score_ == 1
    assert search.predict(["good fun", "bad"]).tolist() == [1, 0]


def test_grid_search_in_processes_finds_the_labels():
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    search = GridSearchCV(pipeline, {"tfidfvectorizer__min_df": [1, 2]}, cv=2, n_jobs=2)
    assert search.fit(TEXTS, LABELS).best_score_ == 1
    get_reusable_executor().shutdown()  # other tests count the processes that are left


def test_column_transformer_and_union_same_as_sklearn():
    table = np.array([[text, text[::-1]] for text in TEXTS], dtype=object)
    columns = [("front", CountVectorizer(), 0), ("back", HashingVectorizer(n_features=8), 1)]
    theirs = [
        ("front", sklearn_text.CountVectorizer(), 0),
        ("back", sklearn_text.HashingVectorizer(n_features=8), 1),
    ]
    ours = ColumnTransformer(columns, sparse_threshold=0).fit_transform(table)
    expected = ColumnTransformer(theirs, sparse_threshold=0).fit_transform(table)
    np.testing.assert_allclose(ours, expected)
    union = FeatureUnion([("a", CountVectorizer()), ("b", CountVectorizer(analyzer="char"))])
    assert union.fit_transform(TEXTS).shape[0] == len(TEXTS)
    assert union.get_feature_names_out()[0] == "a__and"


@pytest.mark.parametrize("make", ALL[:4])
def test_set_output_is_absent_as_in_scikit_learn(make):
    """A frame of a sparse matrix would be dense, so there is nothing to set."""
    theirs = getattr(sklearn_text, make.__name__)()
    assert not hasattr(theirs, "set_output")
    assert not hasattr(make(), "set_output")


def test_pipeline_feature_names_pass_through():
    pipeline = make_pipeline(CountVectorizer(), TfidfTransformer(), BM25Transformer()).fit(TEXTS)
    names = ["and", "bad", "boring", "film", "fun", "good"]
    assert pipeline.get_feature_names_out().tolist() == names


def test_transformers_copy_unless_told_otherwise():
    counts = CountVectorizer(dtype=np.float64).fit_transform(TEXTS)
    before = counts.copy()
    TfidfTransformer().fit(counts).transform(counts)
    BM25Transformer().fit(counts).transform(counts)
    assert (counts != before).nnz == 0
    TfidfTransformer().fit(counts).transform(counts, copy=False)
    assert (counts != before).nnz > 0


def test_count_vectorizer_tokens_as_documents_same_as_sklearn():
    documents = [["the", "cat"], ["a", "dog"], ("the",)]
    ours = CountVectorizer(analyzer=list)
    theirs = sklearn_text.CountVectorizer(analyzer=list)
    assert_same_matrix(ours.fit_transform(documents), theirs.fit_transform(documents))
