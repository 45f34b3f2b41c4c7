"""Resampled figures against closed forms, and rows against SciPy."""

import numpy as np
import pytest
from scipy import stats

from textdl.vectors import bootstrap
from textdl.vectors.bootstrap import (
    mean_of_rows,
    p_value,
    pearson_of_rows,
    percentile_interval,
    resampled,
    spearman_of_rows,
)


def test_resampled_means_spread_as_the_standard_error():
    values = np.random.default_rng(0).normal(size=400)
    figures = resampled(mean_of_rows, (values,), resamples=4_000)
    assert figures.mean() == pytest.approx(values.mean(), abs=0.005)
    assert figures.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_resampled_draws_columns_together():
    column = np.arange(50.0)
    differences = resampled(lambda a, b: (a - b).max(axis=1), (column, column + 1))
    assert (differences == -1).all()


def test_resampled_in_any_blocks_has_as_many_figures(monkeypatch):
    monkeypatch.setattr(bootstrap, "_NUMBERS_PER_BLOCK", 70)
    assert resampled(mean_of_rows, (np.arange(10.0),), resamples=23).shape == (23,)


@pytest.mark.parametrize(
    ("ours", "scipys"), [(pearson_of_rows, stats.pearsonr), (spearman_of_rows, stats.spearmanr)]
)
def test_correlation_of_rows_same_as_scipy(ours, scipys):
    draw = np.random.default_rng(1)
    x, y = draw.integers(6, size=(2, 5, 30))  # with ties
    expected = [scipys(a, b).statistic for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(ours(x, y), expected, atol=1e-12)


def test_correlation_with_what_does_not_vary_is_nan():
    assert np.isnan(spearman_of_rows(np.ones((1, 4)), np.arange(4.0)[None])).all()


def test_interval_leaves_out_what_is_not_defined():
    assert percentile_interval(np.array([np.nan, 2.0, 2.0])) == (2, 2)
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()


def test_p_value_of_noise_is_uniform():
    """Under the null hypothesis a share p of all tests has a p-value below p."""
    draw = np.random.default_rng(2)
    values = [
        p_value(resampled(mean_of_rows, (draw.normal(size=60),), resamples=200)) for _ in range(300)
    ]
    assert np.mean(np.array(values) < 0.2) == pytest.approx(0.2, abs=0.08)
