"""Initializers by their statistics: the moments that the papers ask for, and their keys."""

import jax
import numpy as np
import pytest
from scipy import stats

from textdl import nn
from textdl.errors import ParameterError
from textdl.nn import initializers

INPUTS, OUTPUTS = 300, 200
VARIANCES = {
    "zeros": 0.0,
    "normal": 0.05**2,
    "uniform": 0.05**2 / 3,
    "glorot_uniform": 2 / (INPUTS + OUTPUTS),
    "glorot_normal": 2 / (INPUTS + OUTPUTS),
    "he_uniform": 2 / INPUTS,
    "he_normal": 2 / INPUTS,
    "orthogonal": 1 / INPUTS,
}


def draw(name, shape=(INPUTS, OUTPUTS), seed=0):
    return np.asarray(nn.INITIALIZERS[name](jax.random.key(seed), shape))


def test_initializers_registry_is_complete():
    assert set(nn.INITIALIZERS) == set(VARIANCES)


@pytest.mark.parametrize("name", VARIANCES)
def test_moments(name):
    w = draw(name)
    assert w.shape == (INPUTS, OUTPUTS)
    assert w.dtype == np.float32
    assert w.var() == pytest.approx(VARIANCES[name], rel=0.03)
    assert abs(w.mean()) <= 4 * np.sqrt(VARIANCES[name] / w.size)


@pytest.mark.parametrize("name", [name for name in VARIANCES if name != "zeros"])
def test_distributions(name):
    w = draw(name).ravel()[:5000] / np.sqrt(VARIANCES[name])
    uniform = stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))
    family = uniform if "uniform" in name else stats.norm
    assert stats.kstest(w, family.cdf).pvalue > 1e-3
    if "uniform" in name:
        assert np.abs(w).max() <= np.sqrt(3) * 1.0001


@pytest.mark.parametrize("name", [name for name in VARIANCES if name != "zeros"])
def test_initializers_equal_keys_give_equal_draws(name):
    np.testing.assert_array_equal(draw(name, (4, 3)), draw(name, (4, 3)))
    assert (draw(name, (4, 3)) != draw(name, (4, 3), seed=1)).all()


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (1, 1)])
def test_orthogonal(shape):
    w = draw("orthogonal", shape).astype(float)
    small = w @ w.T if shape[0] < shape[1] else w.T @ w
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-6)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    """Without the signs of R, QR gives a first entry of one sign only."""
    first = [draw("orthogonal", (2, 2), seed)[0, 0] for seed in range(60)]
    assert 15 < sum(x > 0 for x in first) < 45


def test_scales():
    key = jax.random.key(0)
    w = initializers.uniform(key, (1000,), scale=2.0)
    assert 1.9 < np.abs(w).max() <= 2
    assert np.std(initializers.normal(key, (1000,), scale=3.0)) == pytest.approx(3, rel=0.1)


def test_initializers_preserve_variance_through_ten_layers():
    """What Glorot and He promise: neither vanishes nor explodes."""
    x = np.random.default_rng(0).normal(size=(50, 200))
    for name, g in [("he_normal", lambda z: np.maximum(z, 0)), ("glorot_uniform", lambda z: z)]:
        a = x
        for layer in range(10):
            a = g(a @ draw(name, (200, 200), seed=layer))
        assert 0.3 < np.sqrt((a**2).mean() / (x**2).mean()) < 3


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "orthogonal"])
@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), ()])
def test_shapes_without_inputs_and_outputs(name, shape):
    with pytest.raises(ParameterError, match=r"axes; expected \(inputs, outputs\)"):
        draw(name, shape)
