"""EmbeddingBagClassifier: equations, bits, files, and use as an estimator of scikit-learn."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from tests.classify.conftest import LABELS, TEXTS
from textdl import CountVectorizer, EmbeddingBagClassifier, MLPClassifier
from textdl.errors import DataError, DivergenceError, FileFormatError, ParameterError

X = CountVectorizer(dtype=np.float32).fit_transform(TEXTS)
SMALL = {"vector_size": 8, "epochs": 30, "learning_rate": 0.2}


@pytest.fixture(scope="module")
def fitted():
    return EmbeddingBagClassifier(**SMALL).fit(X, LABELS)


def test_fit_learns_the_training_examples(fitted):
    assert fitted.predict(X).tolist() == LABELS
    assert fitted.classes_.tolist() == ["hockey", "space", "été"]
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0]
    np.testing.assert_allclose(fitted.predict_proba(X).sum(1), 1)


def test_predict_proba_matches_the_equations(fitted):
    """Texts are means of vectors, whatever the lengths of their counts."""
    means = X.toarray() / X.toarray().sum(1, keepdims=True) @ fitted.embeddings_
    z = means @ fitted.coefs_[1] + fitted.intercepts_[1]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(X), p, rtol=1e-5)
    np.testing.assert_array_equal(fitted.predict_proba(4 * X), fitted.predict_proba(X))


def test_predict_proba_empty_row_is_softmax_of_the_bias(fitted):
    z = fitted.intercepts_[1].astype(float)
    empty = sparse.csr_array((1, X.shape[1]), dtype=np.float32)
    np.testing.assert_allclose(
        fitted.predict_proba(empty)[0], np.exp(z) / np.exp(z).sum(), rtol=1e-6
    )


def test_fit_dense_sparse_and_any_dtype_give_the_same_bits(fitted):
    for other in (X.toarray(), X.astype(np.float64), X.astype(np.int64), sparse.csc_array(X)):
        again = EmbeddingBagClassifier(**SMALL).fit(other, LABELS)
        np.testing.assert_array_equal(again.embeddings_, fitted.embeddings_)
        np.testing.assert_array_equal(again.predict_proba(other), fitted.predict_proba(X))


@pytest.mark.full
def test_fit_two_classes_and_several_labels():
    two = EmbeddingBagClassifier(**SMALL).fit(X, np.arange(8) < 3)
    assert two.predict(X).tolist() == (np.arange(8) < 3).tolist()
    assert two.n_outputs_ == 1
    many = np.array([[label == c for c in ("space", "été")] for label in LABELS]).astype(int)
    several = EmbeddingBagClassifier(**SMALL).fit(X, many)
    np.testing.assert_array_equal(several.predict(X), many)  # the hockey texts have no label


def test_fit_examples_of_weight_0_are_ignored():
    doubled = EmbeddingBagClassifier(8, epochs=2, batch_size=16)
    rows = [*range(8), *range(8)]
    doubled.fit(X[rows], [LABELS[i] for i in rows], [1.0] * 8 + [0.0] * 8)
    labels = [LABELS[i] for i in range(8)] + ["space"] * 8  # those of weight 0 may say anything
    again = clone(doubled).fit(X[rows], labels, [1.0] * 8 + [0.0] * 8)
    np.testing.assert_array_equal(doubled.embeddings_, again.embeddings_)


def test_fit_same_seed_gives_the_same_bits(fitted):
    again = EmbeddingBagClassifier(**SMALL).fit(X, LABELS)
    np.testing.assert_array_equal(again.embeddings_, fitted.embeddings_)
    assert again.history_ == fitted.history_
    other = EmbeddingBagClassifier(**SMALL, seed=2).fit(X, LABELS)
    assert (other.embeddings_ != fitted.embeddings_).any()


@pytest.mark.parametrize("workers", [1, 3])
def test_fit_any_number_of_workers_learns_and_gives_bits_of_its_own(fitted, workers):
    """More workers than batches, too: those without texts change nothing."""
    model = EmbeddingBagClassifier(**SMALL, workers=workers).fit(X, LABELS)
    assert model.predict(X).tolist() == LABELS
    np.testing.assert_allclose(model.history_["loss"][0], np.log(3), rtol=1e-5)
    small = {**SMALL, "batch_size": 2}
    several = [EmbeddingBagClassifier(**small, workers=w).fit(X, LABELS) for w in (workers, 2, 2)]
    assert (several[0].embeddings_ != several[1].embeddings_).any()
    np.testing.assert_array_equal(several[1].embeddings_, several[2].embeddings_)


SAME_BITS = """
import hashlib
import numpy as np
from scipy import sparse
from textdl import EmbeddingBagClassifier
draw = np.random.default_rng(0)
x = sparse.csr_array(draw.poisson(0.1, (400, 900)).astype(np.float32))
model = EmbeddingBagClassifier(32, epochs=2).fit(x, np.arange(400) % 3)
arrays = [*model.coefs_, *model.intercepts_]
print(hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest())
"""


@pytest.mark.full
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no choice of cores")
def test_fit_on_one_core_gives_the_bits_of_many():
    cores = sorted(os.sched_getaffinity(0))
    prints = {
        subprocess.run(
            [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {some}); {SAME_BITS}"],
            capture_output=True, check=True, text=True,
        ).stdout
        for some in ({cores[0]}, set(cores))
    }  # fmt: skip
    assert len(prints) == 1


def test_round_trip(fitted, tmp_path):
    fitted.save(tmp_path / "a")
    again = EmbeddingBagClassifier.load(tmp_path / "a")
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params() == fitted.get_params()
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(FileFormatError, match="is a file of EmbeddingBagClassifier, expected"):
        MLPClassifier.load(tmp_path / "a")


@pytest.mark.full
def test_estimator_works_in_pipeline_and_grid_search():
    model = make_pipeline(CountVectorizer(), EmbeddingBagClassifier(**SMALL))
    search = GridSearchCV(model, {"embeddingbagclassifier__learning_rate": [0.0, 0.2]}, cv=2)
    search.fit(TEXTS * 3, LABELS * 3)
    assert search.best_params_ == {"embeddingbagclassifier__learning_rate": 0.2}
    assert search.best_score_ == 1


def with_entry(value):
    changed = X.toarray()
    changed[0, 0] = value
    return changed


@pytest.mark.parametrize(
    ("options", "x", "y", "error", "says"),
    [
        (
            {"vector_size": 0},
            X,
            LABELS,
            ParameterError,
            "vector_size=0; expected a whole number from 1 up",
        ),
        ({"epochs": 1.5}, X, LABELS, ParameterError, "epochs=1.5; expected a whole number"),
        ({"batch_size": 0}, X, LABELS, ParameterError, "batch_size=0"),
        ({"workers": 0}, X, LABELS, ParameterError, "workers=0"),
        ({"learning_rate": -1.0}, X, LABELS, ParameterError, "learning_rate=-1.0"),
        ({"learning_rate": 1e38}, X, LABELS, DivergenceError, "learning_rate=1e+38; lower it"),
        ({}, X, LABELS[:-1], DataError, "inconsistent numbers of samples"),
        ({}, X, ["a"] * 8, DataError, "one class only"),
        ({}, with_entry(np.nan), LABELS, DataError, "NaN"),
        ({}, with_entry(np.inf), LABELS, DataError, "infinity"),
    ],
)
def test_fit_invalid_parameters_or_data_are_refused(options, x, y, error, says):
    with pytest.raises(error) as caught:
        EmbeddingBagClassifier(**SMALL | options).fit(x, y)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_predict_other_number_of_columns_is_refused(fitted):
    with pytest.raises(DataError, match="features"):
        fitted.predict(X[:, :-1])
