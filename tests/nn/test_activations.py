"""Activations against SciPy in float64, over all of float32, and against the textbook's slopes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from tests.nn.conftest import arrays_bk
from textdl import nn

BIG = 3e38
TINY = 2e-37  # where a factor is below 1e-38, it may be flushed to 0
RANGE = np.unique(
    np.concatenate(
        [
            np.linspace(-100, 100, 801),
            [sign * 10.0**power for sign in (-1, 1) for power in range(-37, 39)],
            [-BIG, -1e4, -0.0, 0.0, 1e4, BIG],
        ]
    ).astype(np.float32)
).astype(np.float64)

expit, ndtr = special.expit, special.ndtr


def density(z):
    return np.exp(-(np.minimum(np.abs(z), 1e3) ** 2) / 2) / np.sqrt(2 * np.pi)


# Every activation of one number: its value and its slope.
BY_HAND = {
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
    "sigmoid": (expit, lambda z: expit(z) * (1 - expit(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))),
    ),
    "gelu": (lambda z: z * ndtr(z), lambda z: ndtr(z) + z * density(z)),
    "softplus": (lambda z: np.logaddexp(0, z), expit),
}
ALIASES = {"identity": "linear", "logistic": "sigmoid"}
OVER_AXIS = {"softmax": special.softmax, "log_softmax": special.log_softmax}


def value_and_slope(g):
    """g(z) and dg/dz, entry by entry, compiled."""

    def both(z):
        value, back = jax.vjp(g, z)
        return value, back(jnp.ones_like(value))[0]

    return jax.jit(both)


def test_activations_registry_is_complete():
    assert set(nn.ACTIVATIONS) == {*BY_HAND, *ALIASES, *OVER_AXIS}
    for alias, name in ALIASES.items():
        assert nn.ACTIVATIONS[alias] is nn.ACTIVATIONS[name]


@pytest.mark.parametrize("name", BY_HAND)
def test_values_and_slopes_over_all_of_float32(name):
    value, slope = value_and_slope(nn.ACTIVATIONS[name])(jnp.asarray(RANGE, jnp.float32))
    by_hand, slope_by_hand = (g(RANGE) for g in BY_HAND[name])
    np.testing.assert_allclose(value, by_hand, rtol=3e-5, atol=TINY)
    np.testing.assert_allclose(slope, slope_by_hand, rtol=3e-5, atol=1e-6)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", BY_HAND)
def test_eager_and_float64_agree_with_the_formula(name):
    z = np.array([-30.0, -1.0, -1e-3, 0.0, 1e-3, 1.0, 30.0])
    with jax.enable_x64(True):
        value = nn.ACTIVATIONS[name](jnp.asarray(z))
        assert value.dtype == jnp.float64
    np.testing.assert_allclose(value, BY_HAND[name][0](z), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", OVER_AXIS)
def test_softmax_is_over_the_last_axis(name):
    draw = np.random.default_rng(0)
    z = np.concatenate(
        [
            draw.normal(size=(5, 4)) * 10,
            [[1e4, -1e4, 0, 1], [-1e4] * 4, [BIG / 2, -BIG / 2, 0, 0], [BIG] * 4, [0] * 4],
        ]
    ).astype(np.float32)
    value, slope = value_and_slope(nn.ACTIVATIONS[name])(z)
    np.testing.assert_allclose(
        value, OVER_AXIS[name](z.astype(float), axis=-1), rtol=1e-5, atol=1e-6
    )
    # Σ_k softmax_k is 1 whatever z is; Σ_k log softmax_k has the slope 1 - K softmax.
    p = special.softmax(z.astype(float), axis=-1)
    expected = np.zeros_like(p) if name == "softmax" else 1 - 4 * p
    np.testing.assert_allclose(slope, expected, atol=1e-6)


@pytest.mark.parametrize("name", OVER_AXIS)
def test_logits_further_apart_than_float32_reaches_give_no_nan(name):
    value, slope = value_and_slope(nn.ACTIVATIONS[name])(jnp.array([BIG, -BIG]))
    assert not np.isnan(value).any()
    assert np.isfinite(slope).all()


def test_softmax_jacobian_matches_formula():
    z = jnp.array([0.3, -1.0, 2.0])
    p = np.asarray(nn.softmax(z))
    np.testing.assert_allclose(jax.jacobian(nn.softmax)(z), np.diag(p) - np.outer(p, p), atol=1e-6)
    shifted = nn.softmax(z + 100)
    np.testing.assert_allclose(shifted, p, rtol=1e-5)
    assert float(shifted.sum()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("name", "size"), [("leaky_relu", 0.3), ("elu", 2.0)])
def test_leaky_relu_and_elu_take_a_scale(name, size):
    z = np.array([-2.0, -0.5, 3.0])
    left = {"leaky_relu": size * z, "elu": size * np.expm1(z)}[name]
    got = getattr(nn, name)(jnp.asarray(z), size)
    np.testing.assert_allclose(got, np.where(z > 0, z, left), rtol=1e-6)


@pytest.mark.parametrize("name", [*BY_HAND, *OVER_AXIS])
@settings(max_examples=2, deadline=None)
@given(z=arrays_bk())
def test_gradients(name, z):
    # Unequal factors: the plain sum over a softmax has no slope at all.
    factors = np.arange(1.0, z.size + 1).reshape(z.shape)
    check = nn.check_gradients(lambda z: factors * nn.ACTIVATIONS[name](z), z)
    assert check.error < 1e-8, check


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "gelu", "softmax"])
def test_second_derivatives(name):
    """Those with a slope of their own can be differentiated again."""

    def slope(z):
        return jax.grad(lambda z: (z * 0 + nn.ACTIVATIONS[name](z))[..., 0].sum())(z)

    assert nn.check_gradients(slope, np.array([[0.3, -1.2, 2.0]])).error < 1e-7


@settings(max_examples=20, deadline=None)
@given(st.floats(-1e4, 1e4, width=32, allow_subnormal=False))
def test_identities(z):
    z = jnp.float32(z)
    assert float(nn.sigmoid(z) + nn.sigmoid(-z)) == pytest.approx(1, abs=1e-6)
    assert float(nn.softplus(z) - nn.softplus(-z)) == pytest.approx(float(z), rel=1e-5, abs=1e-6)
    assert float(nn.tanh(z)) == pytest.approx(2 * float(nn.sigmoid(2 * z)) - 1, abs=1e-6)
    assert float(nn.relu(z) - nn.relu(-z)) == float(z)
