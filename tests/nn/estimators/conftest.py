"""Features, targets and models that the tests of several estimators share."""

import numpy as np

from textdl import MLPClassifier, MLPRegressor
from textdl.errors import TextdlError

draw = np.random.default_rng(0)
X = draw.normal(size=(30, 4))
X[np.abs(X) < 0.4] = 0
TWO = (X[:, 0] > X[:, 1]).astype(int)
THREE = np.array(["añil", "rojo", "verde"])[X[:, :3].argmax(1)]
MANY = (X[:, :3] > 0.1).astype(int)
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 0.3
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 3, "batch_size": 10}
FAST = {"hidden_layer_sizes": (5,), "max_iter": 60, "batch_size": 10, "learning_rate_init": 0.03}


def classifier(**changes):
    return MLPClassifier(**QUICK | changes)


def regressor(**changes):
    return MLPRegressor(**QUICK | changes)


def by_hand(model, x):
    """The last layer's z of a ReLU network, in float64."""
    for weights, bias in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        x = np.maximum(x @ weights + bias, 0)
    return x @ model.coefs_[-1] + model.intercepts_[-1]


def same(first, second):
    return all(
        np.array_equal(a, b)
        for a, b in zip(
            first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True
        )
    )


def assert_says(caught, says):
    """An error of the one family, on one line, says what is expected."""
    message = str(caught.value)
    assert isinstance(caught.value, TextdlError)
    assert says in message
    assert "\n" not in message
