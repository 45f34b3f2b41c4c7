"""Input errors of estimators: one line each, which names the value and the remedy."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from tests.nn.estimators.conftest import assert_says
from textdl import MLPClassifier, MLPRegressor
from textdl.errors import DataError, DivergenceError, ParameterError

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2
LETTERS = np.array(["a", "b", "c"])[np.arange(12) % 3]
NAN, INFINITE = X.copy(), X.copy()
NAN[3, 1], INFINITE[3, 1] = np.nan, -np.inf
QUICK = {"hidden_layer_sizes": (2,), "max_iter": 1}


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    ("x", "y", "weights", "says"),
    [
        (NAN, Y, None, "Input X contains NaN; fill in or drop such entries"),
        (INFINITE, Y, None, "infinity"),
        (csr_array(NAN), Y, None, "Input X contains NaN"),
        (csr_array(INFINITE), Y, None, "infinity"),
        (X[:0], Y[:0], None, "0 sample(s)"),
        (X[:, :0], Y, None, "0 feature(s)"),
        (csr_array((0, 3)), Y[:0], None, "0 sample(s)"),
        (X, Y[:5], None, "[12, 5]"),
        (csr_array(X), Y[:5], None, "[12, 5]"),
        (X[0], Y, None, "Expected 2D array"),
        ([["a", "b"]] * 12, Y, None, "could not convert string"),
        (X, Y, [1.0], "sample_weight.shape == (1,), expected (12,)"),
        (X, Y, -np.ones(12), "Negative values"),
        (X, Y, np.full(12, np.nan), "sample_weight contains NaN; fill in"),
        (X, Y, np.zeros(12), "eight"),  # says scikit-learn, in newer versions
        (X, np.where(Y, np.nan, 1), None, "NaN; fill in or drop"),
        (X, np.where(Y, np.inf, 1), None, "infinity"),
        (X, None, None, "requires y to be passed"),
    ],
)
def test_fit_data_errors(kind, x, y, weights, says):
    model = kind(**QUICK)
    with pytest.raises(DataError) as caught:
        model.fit(x, y, weights)
    assert_says(caught, says)
    assert not hasattr(model, "params_")


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_predict_data_errors(kind):
    model = kind(**QUICK)
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(NotFittedError):
        model.summary()
    model.fit(X, Y)
    for x, says in [
        (X[:, :2], "X has 2 features, but " + kind.__name__ + " is expecting 3 features"),
        (csr_array(X[:, :2]), "X has 2 features"),
        (NAN, "Input X contains NaN; fill in"),
        (csr_array(INFINITE), "infinity"),
        (X[:0], "0 sample(s)"),
    ]:
        with pytest.raises(DataError) as caught:
            model.predict(x)
        assert_says(caught, says)
    with pytest.raises(DataError, match="X has 2 features"):
        model.partial_fit(X[:, :2], Y)


def test_features_too_large_for_the_dtype():
    for x in (X * 1e39, csr_array(X * 1e39)):
        with pytest.raises(DataError, match=r"too large for float32; scale .* dtype='float64'"):
            MLPRegressor(**QUICK, dtype="float32").fit(x, Y)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"batch_size": 0}, "batch_size=0; expected a whole number from 1 up, or auto"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes=(3, 0) is out of range"),
        ({"hidden_layer_sizes": -1}, "hidden_layer_sizes=-1 is out of range; expected whole"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes=2.5"),
        ({"hidden_layer_sizes": "big"}, "hidden_layer_sizes='big'"),
        ({"activation": "swoosh"}, "activation='swoosh'; expected one of linear, "),
        ({"optimizer": "adamm"}, "optimizer 'adamm' is unknown; expected one of sgd, momentum"),
        ({"learning_rate": "fast"}, "learning_rate='fast'; expected one of constant, "),
        ({"learning_rate_init": 0.0}, "learning_rate_init=0.0; expected a number above 0"),
        ({"alpha": -1.0}, "alpha=-1.0; expected a number from 0 up"),
        ({"alpha": float("nan")}, "alpha=nan"),
        ({"max_iter": 0}, "max_iter=0; expected a whole number from 1 up"),
        ({"n_iter_no_change": 0}, "n_iter_no_change=0; expected a number from 1 up"),
        ({"dropout": 1.0}, "dropout=1.0; expected a number from 0 to below 1"),
        ({"clip_norm": -1.0}, "clip_norm=-1.0; expected a number above 0, or None"),
        ({"initializer": "ones"}, "initializer='ones'; expected one of auto, zeros, normal"),
        (
            {"dtype": "float16"},
            "dtype='float16'; expected one of auto, float32, float64",
        ),
        ({"sparse_update": True}, "needs sparse features"),
        ({"early_stopping": True, "validation_fraction": 1.0}, "validation_fraction=1.0 is out of"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "validation_fraction=0.0"),
    ],
)
def test_parameter_range_errors(kind, parameters, says):
    with pytest.raises(ParameterError) as caught:
        kind(**QUICK | parameters).fit(X, Y)
    assert_says(caught, says)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_batch_size_over_the_examples_is_clipped_with_a_warning(early_stopping):
    model = MLPRegressor(**QUICK, batch_size=13, early_stopping=early_stopping)
    with pytest.warns(UserWarning, match=f"clipped: 13 to {10 if early_stopping else 12}"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        (
            {"solver": "sgd", "optimizer": "adam"},
            "solver='sgd' and optimizer='adam' contradict each other; give one of them",
        ),
        (
            {"optimizer": "sgd", "momentum": 0.5},
            "momentum=0.5 does not go with optimizer='sgd', which has its own settings",
        ),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout=0.5 does not go with solver='lbfgs'"),
        ({"solver": "newton"}, "solver='newton'; expected one of adam, sgd, lbfgs"),
        ({"verbose": -1}, "verbose=-1; expected True, False, or a whole number from 0 up"),
    ],
)
def test_contradictions_are_refused(parameters, says):
    with pytest.raises(ParameterError) as caught:
        MLPRegressor(**QUICK | parameters).fit(X, Y)
    assert_says(caught, says)


def test_negative_counts_are_refused():
    with pytest.raises(DataError, match="y has the negative value -1; expected counts"):
        MLPRegressor(**QUICK, loss="poisson").fit(X, Y - 1)


@pytest.mark.parametrize(
    "parameters",
    [
        {"batch_size": "big"},
        {"batch_size": 2.5},
        {"learning_rate_init": "fast"},
        {"alpha": "strong"},
        {"max_iter": 2.5},
        {"dropout": "some"},
        {"random_state": "x"},
        {"random_state": 2**64},
    ],
    ids=str,
)
def test_parameter_type_errors(parameters):
    with pytest.raises(ParameterError):
        MLPRegressor(**QUICK | parameters).fit(X, Y)


def test_warm_start_with_other_layers_is_refused():
    model = MLPRegressor(**QUICK, warm_start=True).fit(X, Y)
    with pytest.raises(ParameterError) as caught:
        model.set_params(hidden_layer_sizes=(3,)).fit(X, Y)
    assert_says(
        caught, "hidden_layer_sizes=(3,) does not fit the fitted layers (2,); set warm_start=False"
    )


@pytest.mark.parametrize("changes", [{"learning_rate": "cosine"}, {"optimizer": "momentum"}])
def test_partial_fit_with_another_optimizer_resets_its_state(changes):
    model = MLPRegressor(**QUICK).fit(X, Y)
    try:
        model.set_params(**changes).partial_fit(X, Y)
    except ParameterError:
        return
    assert model.n_iter_ == 2


def test_divergence_keeps_the_last_good_weights():
    model = MLPRegressor(
        (), optimizer="sgd", learning_rate_init=3e4, batch_size=12, dtype="float32"
    )
    with pytest.raises(DivergenceError) as caught:
        model.fit(X, X @ [1.0, 2.0, 3.0])
    assert_says(caught, "learning rate 30000; try 3000, or set clip_norm")
    assert model.n_iter_ == len(model.loss_curve_) > 0
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()
