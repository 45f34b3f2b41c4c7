"""How good and how frugal the estimators are: known data, and input too wide to be made dense."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from textdl import MLPClassifier, MLPRegressor


def test_digits():
    pixels, labels = load_digits(return_X_y=True)
    parts = train_test_split(pixels / 16, labels, random_state=0, stratify=labels)
    x, x_test, y, y_test = parts
    model = MLPClassifier((64,), learning_rate_init=0.005, max_iter=60, dtype="float32").fit(x, y)
    assert model.score(x_test, y_test) >= 0.97


# The number of epochs is part of the case, whether converged or not.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_diabetes_against_scikit_learn():
    features, target = (scale(a) for a in load_diabetes(return_X_y=True))
    x, x_test, y, y_test = train_test_split(features, target, random_state=0)
    options = {"learning_rate_init": 0.01, "alpha": 10.0, "max_iter": 60}
    ours, theirs = (
        np.mean([
            kind(hidden_layer_sizes=(20,), **options, random_state=seed)
            .fit(x, y).score(x_test, y_test) for seed in range(4)
        ])
        for kind in (MLPRegressor, neural_network.MLPRegressor)
    )  # fmt: skip
    assert theirs > 0.35, "a weak opponent"
    assert ours >= theirs - 0.01


@pytest.mark.full
def test_two_spirals_need_hidden_units():
    t = np.linspace(0.5, 2.5, 120) * np.pi
    arm = np.stack([t * np.cos(t), t * np.sin(t)], 1) / 5
    x, y = np.vstack([arm, -arm]), np.repeat([0, 1], 120)
    options = {"learning_rate_init": 0.02, "max_iter": 600, "n_iter_no_change": 600}
    assert MLPClassifier((), **options).fit(x, y).score(x, y) < 0.7
    assert MLPClassifier((32, 32), "tanh", **options).fit(x, y).score(x, y) > 0.98


WIDE = """
import resource
import numpy as np
from scipy.sparse import csr_array, random_array
from textdl import MLPClassifier

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MB

draw = np.random.default_rng(0)
rows, columns = np.repeat(np.arange(2000), 20), draw.integers(0, 100_000, 40_000)
x = csr_array((np.ones(40_000), (rows, columns)), shape=(2000, 100_000))
y = np.arange(2000) % 3
MLPClassifier((8,), max_iter=1, batch_size=10).fit(x[:30, :50], y[:30]).predict(x[:30, :50])
before = peak()
model = MLPClassifier((8,), max_iter=2, {options}).fit(x, y)
model.predict_proba(x)
model.partial_fit(x, y)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no module named resource")
@pytest.mark.parametrize(
    "options", ["", pytest.param("sparse_update=True", marks=pytest.mark.full)]
)
def test_wide_sparse_input_is_never_made_dense(options):
    """2,000 x 100,000 dense float32 would be 800 MB; the weights and Adam's averages are 10."""
    run = subprocess.run(
        [sys.executable, "-c", WIDE.format(options=options)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert float(run.stdout) < 250
