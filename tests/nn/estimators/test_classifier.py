"""MLPClassifier: probabilities, labels of every kind, class weights, and what is refused."""

import numpy as np
import pytest
from scipy import special
from scipy.sparse import csr_array

from tests.io.safetensors_files import (
    change_header,
)
from tests.nn.estimators.conftest import (
    FAST,
    MANY,
    QUICK,
    THREE,
    TWO,
    X,
    assert_says,
    by_hand,
    classifier,
    same,
)
from textdl import MLPClassifier
from textdl.errors import DataError, FileFormatError, ParameterError

ALTERNATING = np.arange(12) % 2
LETTERS = np.array(["a", "b", "c"])[np.arange(12) % 3]


def test_labels_ending_in_nul_are_refused():
    labels = ["ham", "ham\0"] * 10
    for targets in (labels, np.array(labels, object)):
        with pytest.raises(DataError, match="ends in a NUL character"):
            MLPClassifier(**QUICK).fit(X[:20], targets)
    with pytest.raises(DataError, match="ends in a NUL character"):
        MLPClassifier(**QUICK).partial_fit(X[:20], ["ham", "spam"] * 10, classes=["ham", "spam\0"])


def test_too_long_class_names_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("textdl.nn.estimators.classifier.MOST_CHARACTERS", 100)
    model = MLPClassifier(**QUICK).fit(X[:20], ["a", "b" * 51] * 10)
    with pytest.raises(ParameterError, match="too long to save"):
        model.save(tmp_path / "m")


def test_file_of_one_class_is_refused(tmp_path):
    path = tmp_path / "m"
    MLPClassifier(**QUICK).fit(X[:20], TWO[:20]).save(path)
    change_header(path, lambda header: header["state"]["targets"].update(classes=[1]))
    with pytest.raises(FileFormatError, match="one class only"):
        MLPClassifier.load(path)


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (np.zeros(12, int), "y has one class only, [0]; expected two classes or more"),
        (np.full(12, "x"), "y has one class only, ['x']"),
        (X[:12][:, 0], "Unknown label type: continuous"),
        (
            np.arange(24).reshape(12, 2),
            "y has the shape (12, 2); expected labels, or a matrix of 0 and 1",
        ),
    ],
)
def test_label_errors(y, says):
    with pytest.raises(DataError) as caught:
        MLPClassifier(**QUICK).fit(X[:12], y)
    assert_says(caught, says)


@pytest.mark.parametrize("again", ["warm", "partial"])
@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (
            ALTERNATING,
            ALTERNATING + 1,
            "label 2 is not among the classes [0, 1]; call fit again, or give all classes to the",
        ),
        (LETTERS, np.full(12, "ä"), "label 'ä' is not among the classes ['a', 'b', 'c']"),
        (np.arange(12) % 3, np.eye(3, dtype=int)[np.arange(12) % 3], "y has the shape (12, 3)"),
    ],
)
def test_unseen_label_errors(again, first, then, says):
    if again == "warm" and then.ndim == 1:
        says = "warm_start can only be used where `y` has the same classes as in the previous call"
    model = MLPClassifier(**QUICK, warm_start=True).fit(X[:12], first)
    with pytest.raises(DataError) as caught:
        (model.fit if again == "warm" else model.partial_fit)(X[:12], then)
    assert_says(caught, says)


def test_partial_fit_classes_errors():
    with pytest.raises(DataError, match=r"label 1 is not among the classes \[0, 5\]"):
        MLPClassifier(**QUICK).partial_fit(X[:12], ALTERNATING, classes=[0, 5])


def test_class_weight_errors():
    for weights in ("unbalanced", {0: 1.0, 7: 1.0}):
        with pytest.raises(DataError) as caught:
            MLPClassifier(**QUICK, class_weight=weights).fit(X[:12], ALTERNATING)
        assert_says(caught, "class")
    with pytest.raises(ParameterError, match="class_weight='balanced' needs all labels at once"):
        MLPClassifier(**QUICK, class_weight="balanced").partial_fit(X[:12], ALTERNATING)


def test_validation_split_of_a_singleton_class_is_an_error():
    y = np.array([1] + [0] * 11)
    with pytest.raises(DataError) as caught:
        MLPClassifier(**QUICK, early_stopping=True).fit(X[:12], y)
    assert_says(caught, "least populated class")


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_predict_proba_matches_softmax_by_hand(y, sparse):
    model = classifier().fit(X, y)
    x = csr_array(X) if sparse else X
    z = by_hand(model, X)
    expected = special.softmax(z if z.shape[1] > 1 else np.hstack([z * 0, z]), axis=1)
    p = model.predict_proba(x)
    np.testing.assert_allclose(p, expected, rtol=1e-5)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(x)), p)
    assert model.classes_.tolist() == sorted(set(y.tolist()))
    assert model.predict(x).tolist() == model.classes_[p.argmax(1)].tolist()
    assert model.score(x, y) == np.mean(model.predict(x) == y)


def test_predict_log_proba_is_finite_for_certain_predictions():
    model = classifier(learning_rate_init=0.1, alpha=0).fit(X, THREE)
    assert np.isfinite(model.predict_log_proba(X * 1e4)).all()


def test_multilabel_fit_and_predict():
    model = MLPClassifier(**FAST).fit(X, MANY)
    assert model.multilabel_
    assert model.out_activation_ == "logistic"
    z = by_hand(model, X)
    np.testing.assert_allclose(model.predict_proba(X), special.expit(z), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), (z > 0).astype(int))
    assert model.predict(X).shape == MANY.shape
    assert model.score(X, MANY) > 0.8


@pytest.mark.parametrize(
    "y", [pytest.param(TWO, id="two", marks=pytest.mark.full), pytest.param(THREE, id="three")]
)
def test_class_weight_is_sample_weight_by_class(y):
    classes, counts = np.unique(y, return_counts=True)
    by_class = dict(zip(classes.tolist(), [0.5, 2.0, 1.5], strict=False))
    weighted = classifier(class_weight=by_class).fit(X, y)
    assert same(weighted, classifier().fit(X, y, [by_class[label] for label in y.tolist()]))
    balanced = dict(zip(classes, 30 / (len(classes) * counts), strict=True))
    weighted = classifier(class_weight="balanced").fit(X, y, np.arange(30.0))
    product = np.arange(30.0) * [balanced[label] for label in y]
    assert same(weighted, classifier().fit(X, y, product))
