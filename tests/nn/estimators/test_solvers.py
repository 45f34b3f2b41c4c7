"""The solvers against scikit-learn's: the same start, no shuffling, and the same weights after."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

from tests.nn.estimators.conftest import MANY, NUMBERS, THREE, TWO, X
from textdl import MLPClassifier, MLPRegressor, nn
from textdl.nn import losses
from textdl.nn.estimators.mlp import validation_split
from textdl.nn.training import lbfgs
from textdl.nn.training.config import FitProgress

SAME = {
    "hidden_layer_sizes": (5,),
    "batch_size": 10,
    "max_iter": 30,
    "shuffle": False,
    "random_state": 3,
    "alpha": 0.1,
}


def fitted_pair(kind, y, **parameters):
    """Our estimator and scikit-learn's, fitted alike."""
    pair = []
    for make in (kind, getattr(neural_network, kind.__name__)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            pair.append(make(**SAME | parameters).fit(X, y))
    return pair


def assert_same_weights(ours, theirs, tolerance=1e-6):
    for a, b in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "parameters",
    [
        {"momentum": 0.9},
        {"momentum": 0.5, "nesterovs_momentum": False, "learning_rate": "invscaling"},
        {"learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 60},
    ],
    ids=["nesterov", "invscaling", "adaptive"],
)
def test_sgd_same_weights_as_scikit_learn(parameters):
    options = {"solver": "sgd", "learning_rate_init": 0.05, "power_t": 0.3, "alpha": 0.0}
    ours, theirs = fitted_pair(MLPClassifier, THREE, **options | parameters)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    assert (ours.loss_, ours.best_loss_) == pytest.approx((theirs.loss_, theirs.best_loss_))
    assert_same_weights(ours, theirs)


def test_adam_same_weights_as_scikit_learn():
    options = {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-9, "activation": "logistic"}
    assert_same_weights(*fitted_pair(MLPClassifier, TWO, **options), tolerance=1e-5)


@pytest.mark.parametrize(
    ("kind", "y", "parameters"),
    [
        (MLPClassifier, THREE, {}),
        (MLPClassifier, MANY, {"activation": "tanh"}),
        (MLPRegressor, NUMBERS, {"activation": "logistic"}),
        (MLPRegressor, TWO, {"loss": "poisson"}),
    ],
    ids=["three", "many", "numbers", "counts"],
)
def test_lbfgs_same_weights_as_scikit_learn(kind, y, parameters):
    """A few iterations: rounding grows with every step of the search."""
    ours, theirs = fitted_pair(kind, y, solver="lbfgs", **parameters | {"max_iter": 8})
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-5)
    assert_same_weights(ours, theirs, tolerance=1e-3)
    np.testing.assert_allclose(ours.predict_proba(X) if kind is MLPClassifier else ours.predict(X),
                               theirs.predict_proba(X) if kind is MLPClassifier
                               else theirs.predict(X), atol=1e-3)  # fmt: skip


def test_lbfgs_examples_in_blocks_give_the_same_sums(monkeypatch):
    data = nn.make_dataset(X.astype(np.float32), NUMBERS[:, None].astype(np.float32))
    objective = nn.Objective(
        nn.Dense(4, 1), losses.half_squared_error, regularizer=nn.Regularizer(l2=1)
    )
    start = nn.DenseParams(np.ones((4, 1), np.float32), np.ones(1, np.float32))
    whole = nn.minimize_lbfgs(start, data, objective, max_iterations=3)
    monkeypatch.setattr(lbfgs, "EXAMPLES_PER_BLOCK", 7)
    blocks = nn.minimize_lbfgs(start, data, objective, max_iterations=3)
    np.testing.assert_allclose(blocks.losses, whole.losses, rtol=1e-5)


def test_validation_scores_of_a_regressor_are_r2():
    ours = MLPRegressor(**SAME | {"early_stopping": True, "max_iter": 3}).fit(X, NUMBERS)
    _, held_out = validation_split(0.1, 3, NUMBERS, stratify=False)
    best = ours.score(X[held_out], NUMBERS[held_out])  # of the weights that were restored
    assert ours.best_validation_score_ == pytest.approx(best, rel=1e-6)
    assert len(ours.validation_scores_) == 3
    assert ours.best_loss_ is None


def test_adaptive_rate_falls_until_it_is_too_small():
    config = nn.TrainingConfig(epochs=99, schedule="adaptive", learning_rate=1e-5, patience=1)
    progress = FitProgress().after_epoch({"loss": 1.0}, (), config)
    rates = []
    while not progress.is_over(config):
        rates.append(config.rate_in(progress.epoch, progress.rate_factor))
        progress = progress.after_epoch({"loss": 1.0}, (), config)
    np.testing.assert_allclose(rates, [1e-5, 2e-6, 4e-7])


def test_solver_state_survives_a_file(tmp_path):
    model = MLPRegressor(**SAME | {"solver": "sgd", "early_stopping": True, "max_iter": 2})
    model.fit(X, NUMBERS).save(tmp_path / "model.safetensors")
    again = MLPRegressor.load(tmp_path / "model.safetensors")
    assert again.get_params() == model.get_params()
    assert (again.t_, again.validation_scores_) == (model.t_, model.validation_scores_)
