"""The two estimators: scikit-learn's names and meanings, and what they promise beyond."""

import numpy as np
import pytest
from scipy import special
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.nn.conftest import assert_close_layers
from tests.nn.estimators.conftest import (
    MANY,
    NUMBERS,
    QUICK,
    THREE,
    TWO,
    X,
    by_hand,
    classifier,
    regressor,
    same,
)
from textdl import MLPClassifier, MLPRegressor, nn
from textdl.parameters import parameters_of


def test_fitted_attributes_match_scikit_learn():
    model = classifier().fit(X, THREE)
    assert (model.n_layers_, model.n_outputs_, model.n_iter_) == (3, 3, 3)
    assert (model.out_activation_, model.n_features_in_) == ("softmax", 4)
    assert [w.shape for w in model.coefs_] == [(4, 5), (5, 3)]
    assert [b.shape for b in model.intercepts_] == [(5,), (3,)]
    assert len(model.loss_curve_) == 3
    lines = model.summary().splitlines()
    assert lines[-1].split() == ["total", "43"]
    assert [line.split()[-2] for line in lines[1:-1]] == ["relu", "softmax"]
    assert classifier().fit(X, TWO).out_activation_ == "logistic"
    assert regressor().fit(X, NUMBERS).out_activation_ == "identity"


STILL = {"batch_size": 30, "alpha": 0.5, "learning_rate_init": 1e-30}  # stays at its start


@pytest.mark.parametrize("y", [THREE, MANY, NUMBERS], ids=["three", "many", "numbers"])
def test_loss_curve_is_the_loss_without_the_l2_term(y):
    """Measured on the way: with one batch an epoch the first is that of the start."""
    model = (regressor if y is NUMBERS else classifier)(**STILL).fit(X, y)
    z = by_hand(model, X)
    if y is THREE:
        expected = log_loss(y, special.softmax(z, axis=1))
    elif y is MANY:  # one against all: a label's costs are added to the others'
        expected = sum(log_loss(y[:, k], special.expit(z[:, k])) for k in range(3))
    else:
        expected = ((z[:, 0] - y) ** 2).mean() / 2
    assert model.loss_curve_[0] == pytest.approx(expected, rel=1e-5)


def test_every_epoch_has_its_own_draws_also_by_partial_fit():
    """With dropout on weights that stand still, the loss differs by the draw alone."""
    model = regressor(**STILL, dropout=0.5)
    for _ in range(3):
        model.partial_fit(X, NUMBERS)
    assert len(set(model.loss_curve_)) == 3


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(TWO, id="two", marks=pytest.mark.full),
        pytest.param(THREE, id="three"),
        pytest.param(MANY, id="many", marks=pytest.mark.full),
        pytest.param(NUMBERS, id="numbers", marks=pytest.mark.full),
    ],
)
def test_sparse_and_dense_input_give_equal_networks(y):
    """The same up to rounding, also in other formats, and with entries out of order."""
    model = regressor() if y is NUMBERS else classifier()
    dense = clone(model).fit(X, y)
    matrix = csr_array(X)
    for x in (matrix, matrix.tocsc()):
        fitted = clone(model).fit(x, y)
        assert_close_layers(
            zip(fitted.coefs_, fitted.intercepts_, strict=True),
            zip(dense.coefs_, dense.intercepts_, strict=True),
        )
        outputs = (model.predict_proba if hasattr(model, "predict_proba") else model.predict
                   for model in (fitted, dense))  # fmt: skip
        np.testing.assert_allclose(next(outputs)(x), next(outputs)(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sparse", [False, pytest.param(True, marks=pytest.mark.full)])
def test_equal_seeds_give_equal_bits(sparse):
    x = csr_array(X) if sparse else X
    options = {"dropout": 0.3, "early_stopping": True}
    first, again, other = (
        classifier(**options, random_state=seed).fit(x, THREE) for seed in (1, 1, 2)
    )
    assert same(first, again)
    assert first.history_ == again.history_
    assert not same(first, other)
    states = [classifier(random_state=np.random.RandomState(5)).fit(x, THREE) for _ in range(2)]
    assert same(*states)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.full)])
def test_predictions_are_independent_of_the_batch(sparse, dtype):
    rows = np.random.default_rng(1).normal(size=(600, 4)).astype(dtype)
    rows[rows > 0.8] = 0
    x = csr_array(rows) if sparse else rows
    model = classifier().fit(X.astype(dtype), THREE)
    whole = model.predict_proba(x)
    for start, stop in [(0, 1), (255, 257), (599, 600), (3, 300), (100, 600)]:
        np.testing.assert_array_equal(model.predict_proba(x[start:stop]), whole[start:stop])


def test_partial_fit_trains_one_epoch():
    model = classifier()
    for epoch in range(1, 4):
        assert model.partial_fit(X[:20], TWO[:20], classes=[0, 1, 7]) is model
        assert model.n_iter_ == epoch
    assert model.classes_.tolist() == [0, 1, 7]
    assert model.predict_proba(X).shape == (30, 3)
    before = model.coefs_[0].copy()
    model.partial_fit(X[20:], TWO[20:])
    assert not np.array_equal(before, model.coefs_[0])
    assert len(model.loss_curve_) == 4
    learner = MLPRegressor((5,), learning_rate_init=0.03, batch_size=10)
    for _ in range(60):
        learner.partial_fit(X, NUMBERS)
    assert learner.score(X, NUMBERS) > 0.9


def test_partial_fit_keeps_the_optimizer_state():
    """Three epochs in the given order, one by one, are the three epochs of fit."""
    whole = regressor(shuffle=False).fit(X, NUMBERS)
    parts = regressor(shuffle=False)
    for _ in range(3):
        parts.partial_fit(X, NUMBERS)
    assert_close_layers([parts.coefs_], [whole.coefs_], 1e-7)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-6)


def test_warm_start_continues_and_cold_start_reinitializes():
    cold, warm = regressor(), regressor(warm_start=True)
    assert same(cold.fit(X, NUMBERS), warm.fit(X, NUMBERS))
    once = warm.coefs_[0].copy()
    losses = warm.loss_curve_
    warm.fit(X, NUMBERS)
    assert not np.array_equal(once, warm.coefs_[0])
    assert warm.loss_curve_[0] < losses[0]
    assert warm.n_iter_ == 3
    cold.fit(X, NUMBERS)
    np.testing.assert_array_equal(once, cold.coefs_[0])


def test_zero_weight_examples_are_ignored():
    weights = (np.arange(30) % 3 > 0).astype(float)
    other = np.where(weights > 0, THREE, "rojo")
    options = {"alpha": 0.1, "learning_rate_init": 0.05}
    assert same(
        classifier(**options).fit(X, THREE, weights), classifier(**options).fit(X, other, weights)
    )


def test_zero_weight_batches_do_not_diverge():
    weights = np.zeros(30)
    weights[:3] = 1
    model = regressor(batch_size=3, optimizer="sgd", alpha=0.1).fit(X, NUMBERS, weights)
    assert np.abs(model.coefs_[0]).max() < 3


def test_early_stopping_monitors_held_out_data():
    options = {"max_iter": 40, "n_iter_no_change": 3, "learning_rate_init": 0.05}
    model = classifier(early_stopping=True, validation_fraction=0.3, **options).fit(X, THREE)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ <= 40
    assert {round(score * 9, 4) % 1 for score in scores} == {0}, "9 of 30 examples are set aside"
    best = int(np.argmax(scores))
    # The weights are those of the best epoch: a training of just so many ends in them.
    short = clone(model).set_params(max_iter=best + 1).fit(X, THREE)
    assert same(model, short)
    assert regressor(early_stopping=True).fit(X, NUMBERS).history_.keys() == {"loss", "val_loss"}


def test_training_stops_when_the_loss_does_not_fall():
    stopped = regressor(max_iter=500, tol=1e9, n_iter_no_change=4).fit(X, NUMBERS)
    assert stopped.n_iter_ == 6  # the first, and more than four without improvement
    assert regressor(max_iter=20, tol=0.0, n_iter_no_change=20).fit(X, NUMBERS).n_iter_ == 20


def test_sparse_update_keeps_weights_of_absent_features():
    x = X.copy()
    x[:, 2] = 0
    for lazy in (False, True):
        model = regressor(sparse_update=lazy, alpha=0.5)
        first, third = (
            model.set_params(max_iter=epochs).fit(csr_array(x), NUMBERS).coefs_[0]
            for epochs in (1, 3)
        )
        assert (first != third).all(1).tolist() == [True, True, not lazy, True]


def test_dtype_of_weights_and_outputs():
    """float64 where it was given and costs nothing."""
    small, wide = X.astype(np.float32), csr_array((30, 4000))
    for model, x, dtype in [
        (classifier(), X, np.float64),
        (classifier(), small, np.float32),
        (classifier(), wide, np.float32),
        (classifier(dtype="float32"), X, np.float32),
        (classifier(dtype="float64"), small, np.float64),
    ]:
        assert model._choose_dtype(x) == dtype
    assert classifier().fit(X, TWO).coefs_[0].dtype == np.float64
    model = classifier(dtype="float32").fit(X, TWO)
    assert {a.dtype for a in model.coefs_ + model.intercepts_} == {np.dtype(np.float32)}


def test_pipeline_and_grid_search():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(**QUICK)),
        {"mlpclassifier__random_state": [1, 2]}, cv=2,
    )  # fmt: skip
    search.fit(X, TWO)
    assert search.best_params_["mlpclassifier__random_state"] in (1, 2)
    assert search.predict(X).shape == (30,)


def test_clone_and_representation():
    model = classifier(alpha=0.5, class_weight={0: 1.0})
    assert clone(model).get_params() == model.get_params()
    assert repr(MLPRegressor(alpha=0.5)) == "MLPRegressor(alpha=0.5)"
    assert not [name for name in vars(model) if name.endswith("_")]
    model.fit(X, TWO)
    assert not hasattr(clone(model), "params_")


@pytest.mark.parametrize("kind", [list, pytest.param(csr_array, marks=pytest.mark.full)])
def test_fit_takes_lists_frames_and_matrices(kind):
    x = X.tolist() if kind is list else csr_array(X.astype(np.float32))
    assert classifier().fit(x, list(THREE)).predict(x).dtype.kind == "U"
    assert classifier().fit(x, THREE.astype(object)).classes_.dtype == object
    assert classifier().fit(x, TWO.astype(bool)).predict(x).dtype == bool


@pytest.mark.parametrize(
    "activation",
    ["identity", "logistic"]
    + [pytest.param(name, marks=pytest.mark.full) for name in ("tanh", "elu", "gelu", "softplus")],
)
def test_hidden_activations(activation):
    model = regressor(activation=activation, hidden_layer_sizes=4).fit(X, NUMBERS)
    g = {
        "identity": lambda z: z,
        "logistic": special.expit,
        "tanh": np.tanh,
        "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
        "gelu": lambda z: z * special.ndtr(z),
        "softplus": lambda z: np.logaddexp(0, z),
    }[activation]
    hidden = g(X @ model.coefs_[0] + model.intercepts_[0])
    expected = (hidden @ model.coefs_[1] + model.intercepts_[1])[:, 0]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5)


def test_progress_bar_is_drawn_on_request_only(capsys, monkeypatch):
    classifier().fit(X, TWO)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    classifier(verbose=True).fit(X, TWO)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "loss=" in err


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_help_explains_every_parameter(kind):
    lines = [line.strip() for line in kind.__doc__.splitlines()]
    for name in kind().get_params():
        assert any(line.startswith(f"{name}: ") for line in lines), name
    for registry in (nn.ACTIVATIONS, nn.OPTIMIZERS, nn.SCHEDULES, nn.INITIALIZERS):
        assert ", ".join(registry) in " ".join(lines)


def test_parameters_are_declared_once_with_the_defaults_of_the_constructor():
    for kind in (MLPClassifier, MLPRegressor):
        declared = {name: known.default for name, known in parameters_of(kind).items()}
        assert declared == kind().get_params()
