"""Folds, and the temperature of scores."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax

from textdl.classify.linear.calibration import (
    LARGEST_TEMPERATURE,
    LEAST_TEMPERATURE,
    assign_folds,
    fit_temperature,
)


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_assign_folds_spreads_every_class(folds):
    classes = np.repeat(["a", "b", "c"], [50, 7, 1])
    fold = assign_folds(classes, folds, seed=3)
    for name, size in (("a", 50), ("b", 7), ("c", 1)):
        sizes = np.bincount(fold[classes == name], minlength=folds)
        assert sizes.sum() == size
        assert sizes.max() - sizes.min() <= 1
    assert np.ptp(np.bincount(fold)) <= 1


def test_assign_folds_depends_on_the_seed_alone():
    classes = np.arange(100) % 2
    np.testing.assert_array_equal(assign_folds(classes, 5, 1), assign_folds(classes, 5, 1))
    assert (assign_folds(classes, 5, 1) != assign_folds(classes, 5, 2)).any()
    several = np.stack([classes, 1 - classes], axis=1)  # rows are classes of several labels
    assert np.ptp(np.bincount(assign_folds(several, 5, 1))) == 0


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
def test_fit_temperature_finds_that_of_which_labels_were_drawn(temperature):
    draw = np.random.default_rng(0)
    z = draw.normal(size=(20_000, 4))
    labels = np.array([draw.choice(4, p=p) for p in softmax(z / temperature, axis=1)])
    found = fit_temperature(z, labels, np.ones(len(z)))
    assert found == pytest.approx(temperature, rel=0.06)
    one = z[:, :1]
    told = (draw.random(one.shape) < expit(one / temperature)).astype(int)
    assert fit_temperature(one, told, np.ones(len(z))) == pytest.approx(temperature, rel=0.12)


def test_fit_temperature_minimizes_the_weighted_log_loss():
    draw = np.random.default_rng(1)
    z = draw.normal(size=(3_000, 1)) * 2
    labels = (draw.random(z.shape) < expit(z / 2)).astype(int)
    weights = draw.random(len(z))

    def loss(t):
        p = expit(np.where(labels, 1, -1) * z / t)[:, 0]
        return -(weights * np.log(p)).sum()

    best = minimize_scalar(loss, bounds=(0.1, 8), method="bounded").x
    assert fit_temperature(z, labels, weights) == pytest.approx(best, rel=0.02)


def test_fit_temperature_of_scores_that_say_nothing_or_all_is_bounded():
    told = np.array([[0], [1]] * 50)
    wrong = np.where(told, -1.0, 1.0)
    assert fit_temperature(wrong, told, np.ones(100)) == pytest.approx(
        LARGEST_TEMPERATURE, rel=0.01
    )
    perfect = fit_temperature(-wrong, told, np.ones(100))
    assert LEAST_TEMPERATURE < perfect < 1
    assert expit(1 / perfect) == pytest.approx(101 / 102, rel=0.001)  # Platt's target
