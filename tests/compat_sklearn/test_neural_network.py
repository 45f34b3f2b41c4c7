"""scikit-learn's `test_mlp.py` on our estimators; most of it runs with the long tests."""

import pytest

from tests.compat_sklearn.swapping import swapped_tests
from textdl import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("default")  # theirs are not errors

KNOWN_FAILURES = {
    "test_fit": "sets learned attributes by hand, private ones among them",
    "test_gradient": "calls the private _loss_grad_lbfgs; our gradients are checked by nn",
    "test_early_stopping_stratified": (
        "wants 'True' as the name of a class, an artifact of binarized labels; we say the label"
    ),
}
QUICK = {
    "test_early_stopping",
    "test_early_stopping_stratified",
    "test_fit",
    "test_gradient",
    "test_learning_rate_warmstart",
    "test_minimum_input_sample_size",
    "test_mlp_diverging_loss",
    "test_mlp_partial_fit_after_fit",
    "test_partial_fit_classes_error",
    "test_partial_fit_errors",
    "test_verbose_sgd",
}

tests = swapped_tests(
    "neural_network/tests/test_mlp.py",
    "sklearn.neural_network",
    {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor},
    KNOWN_FAILURES,
)
for name in tests.keys() - QUICK:
    pytest.mark.full(tests[name])
globals().update(tests)
del name
