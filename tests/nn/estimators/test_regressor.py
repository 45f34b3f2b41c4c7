"""MLPRegressor: its loss by hand, and several outputs."""

import numpy as np

from tests.nn.conftest import AdamByHand, assert_close_layers, gradient_by_hand
from tests.nn.estimators.conftest import FAST, NUMBERS, X, regressor
from textdl import MLPRegressor


def test_regressor_fit_is_adam_on_half_squared_error_with_l2_by_hand():
    """What scikit-learn minimizes: Σ (p - t)² / 2B + alpha/2B Σ w²."""
    y = np.stack([NUMBERS, X[:, 3]], 1)
    weights = np.random.default_rng(1).uniform(0.5, 2, 30)
    options = {"activation": "tanh", "alpha": 0.1, "shuffle": False, "batch_size": 8, "max_iter": 4}
    zero = regressor(**options, learning_rate_init=1e-30).fit(X, y)  # what training starts from
    model = regressor(**options, learning_rate_init=0.01).fit(X, y, weights)
    layers = [[w.astype(float), b.astype(float)]
              for w, b in zip(zero.coefs_, zero.intercepts_, strict=True)]  # fmt: skip
    adam = AdamByHand(layers, 0.01)
    for _ in range(4):
        for rows in (slice(0, 8), slice(8, 16), slice(16, 24), slice(24, 30)):
            # Half the error is the error of half the weight, against twice the L2 term.
            _, gradient = gradient_by_hand(layers, X[rows], y[rows], weights[rows], l2=0.2)
            adam.update(layers, [[w / 2, b / 2] for w, b in gradient])
    assert_close_layers(zip(model.coefs_, model.intercepts_, strict=True), layers)


def test_regressor_with_several_outputs():
    y = np.stack([NUMBERS, -NUMBERS, X[:, 3]], 1)
    model = MLPRegressor(**FAST | {"max_iter": 150}).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) > 0.9
    assert regressor().fit(X, NUMBERS).predict(X).shape == (30,)
