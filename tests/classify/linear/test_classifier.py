"""LinearClassifier against scikit-learn's solver, its probabilities, and what it refuses."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from tests.io.safetensors_files import change_header
from textdl.classify.linear.classifier import LinearClassifier
from textdl.errors import DataError, FileFormatError, ParameterError


def rows(examples=300, features=400, classes=2, seed=0):
    """Sparse rows of length 1 whose class a plane tells, but for noise."""
    draw = np.random.default_rng(seed)
    x = sparse.random_array((examples, features), density=0.05, rng=draw, format="csr")
    z = x @ draw.normal(size=(features, classes)) + draw.normal(size=(examples, classes)) * 0.3
    return normalize(x).astype(np.float32), np.array(["a", "b", "c", "d"])[z.argmax(1)]


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("dense", [False, True])
def test_fit_agrees_with_linear_svc(classes, dense):
    x, y = rows(classes=classes)
    x = x.toarray() if dense else x
    model = LinearClassifier(C=2.0).fit(x, y)
    theirs = LinearSVC(C=2.0, tol=1e-6, max_iter=100_000).fit(x, y)
    z = model._outputs(x) * model.temperature_
    np.testing.assert_allclose(
        z.reshape(300, -1), theirs.decision_function(x).reshape(300, -1), atol=0.05
    )
    assert (model.predict(x) == theirs.predict(x)).mean() > 0.98


def test_predict_proba_is_calibrated_on_other_examples():
    x, y = rows(6_000)
    model = LinearClassifier().fit(x[:3_000], y[:3_000])
    p = model.predict_proba(x[3_000:])
    np.testing.assert_allclose(p.sum(1), 1)
    sure = p.max(axis=1)
    right = model.classes_[p.argmax(axis=1)] == y[3_000:]
    for low in (0.5, 0.7, 0.9):
        part = (sure >= low) & (sure < low + 0.2)
        assert abs(sure[part].mean() - right[part].mean()) < 0.05
    assert model.held_out_accuracy_ == pytest.approx(right.mean(), abs=0.03)
    raw = LinearClassifier(calibration_folds=0).fit(x[:3_000], y[:3_000])
    assert raw.temperature_ == 1
    assert np.isnan(raw.held_out_accuracy_)
    np.testing.assert_array_equal(raw.predict(x), model.predict(x))


def test_fit_many_examples_leaves_one_part_out():
    x, y = rows(6_000, 100)
    model = LinearClassifier().fit(x, y)
    assert 0.5 < model.held_out_accuracy_ < 1


def test_fit_twice_gives_the_same_bytes(tmp_path):
    x, y = rows(classes=4)
    for name in ("a", "b"):
        clone(LinearClassifier(seed=3)).fit(x, y).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = LinearClassifier.load(tmp_path / "a")
    np.testing.assert_array_equal(
        again.predict_proba(x), LinearClassifier(seed=3).fit(x, y).predict_proba(x)
    )
    again.save(tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()


@pytest.mark.full
def test_fit_gives_the_same_bytes_with_any_number_of_threads(tmp_path):
    program = (
        "import sys; from tests.classify.linear.test_classifier import *; "
        "x, y = rows(20_000, 50, 4); LinearClassifier().fit(x.toarray(), y).save(sys.argv[1])"
    )
    for threads in ("1", "2"):
        settings = {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PATH": ""}
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / threads], check=True, env=settings
        )
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_predict_of_a_row_is_independent_of_the_others():
    x, y = rows(classes=4)
    model = LinearClassifier().fit(x, y)
    for features in (x, x.toarray()):
        alone = np.vstack([model.predict_proba(features[i : i + 1]) for i in range(20)])
        np.testing.assert_array_equal(model.predict_proba(features)[:20], alone)


def test_class_weight_moves_the_plane():
    x, y = rows()
    few = np.flatnonzero(y == "a")[20:]
    x, y = sparse.csr_array(np.delete(x.toarray(), few, axis=0)), np.delete(y, few)
    found = [LinearClassifier(class_weight=w).fit(x, y).predict_proba(x)[:, 0].mean()
             for w in (None, "balanced", {"a": 50.0})]  # fmt: skip
    assert found[0] < found[1] < found[2]
    weights = np.where(y == "a", 3.0, 1.0)
    one = LinearClassifier(class_weight={"a": 3.0}).fit(x, y)
    np.testing.assert_array_equal(
        one.predict_proba(x), LinearClassifier().fit(x, y, weights).predict_proba(x)
    )


def test_sample_weight_of_zero_leaves_an_example_out():
    x, y = rows(classes=3)
    counts = (y != "c").astype(float)
    model = LinearClassifier(calibration_folds=0).fit(x, y, counts)
    part = LinearClassifier(calibration_folds=0).fit(x[counts > 0], y[counts > 0])
    assert set(model.predict(x)) <= {"a", "b"}
    assert (model.predict(x[counts > 0]) == part.predict(x[counts > 0])).all()


def test_fit_several_labels_and_constant_ones():
    x, y = rows(classes=4)
    told = np.stack([(y == "a"), (y != "b"), np.ones(300), np.zeros(300)], axis=1).astype(int)
    model = LinearClassifier().fit(x, told)
    assert model.multilabel_
    found = model.predict(x)
    assert found[:, 2].all()
    assert not found[:, 3].any()
    assert (found == told).mean() > 0.9


def test_fit_tiny_and_imbalanced():
    x = sparse.eye_array(3, format="csr", dtype=np.float32)
    model = LinearClassifier().fit(x, [1, 2, 2])
    assert model.predict(x).tolist() == [1, 2, 2]
    assert np.isfinite(model.predict_proba(x)).all()


def test_estimator_works_in_grid_search():
    x, y = rows()
    search = GridSearchCV(LinearClassifier(), {"C": [1e-9, 1.0]}, cv=2).fit(x, y)
    assert search.best_params_ == {"C": 1.0}


@pytest.mark.parametrize(
    ("parameters", "x", "y", "error", "says"),
    [
        ({"C": 0}, [[1.0], [2.0]], [0, 1], ParameterError, "C=0; expected a number above 0"),
        ({"C": "x"}, [[1.0], [2.0]], [0, 1], ParameterError, "C='x'"),
        ({}, [[1.0], [np.nan]], [0, 1], DataError, "NaN"),
        ({}, [[1.0], [2.0]], [1, 1], DataError, "one class only"),
        ({}, [[1.0], [2.0]], [1], DataError, "inconsistent"),
        (
            {"class_weight": {7: 1.0}},
            [[1.0], [2.0]],
            [0, 1],
            DataError,
            "class_weight has 7, which",
        ),
    ],
)
def test_fit_invalid_input_is_refused(parameters, x, y, error, says):
    with pytest.raises(error) as caught:
        LinearClassifier(**parameters).fit(np.array(x), y)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(kind="MLPClassifier"),
        lambda told: told["parameters"].update(C=0),
        lambda told: told["state"].update(temperature="x"),
        lambda told: told["state"].pop("passes"),
        lambda told: told["state"]["targets"].update(classes=["a", "b", "c", "d", "e"]),
    ],
)
def test_load_inconsistent_file_is_refused(tmp_path, change):
    path = tmp_path / "model"
    LinearClassifier().fit(*rows(classes=4)).save(path)
    change_header(path, change)
    with pytest.raises((FileFormatError, ParameterError)):
        LinearClassifier.load(path)
