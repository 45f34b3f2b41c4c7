"""Cross-entropies against scikit-learn's log_loss and a loop, from logits of any size."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import log_loss

from tests.nn.conftest import arrays, arrays_bk
from textdl import nn
from textdl.errors import DataError, ParameterError

LABELS = np.array([0, 2, 1, 2, 0])
LOGITS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32) * 2
BINARY = np.array([0.0, 1.0, 1.0, 0.0, 1.0])


def cross_entropy_by_hand(p, t, smoothing=0.0):
    losses = np.zeros(len(p))
    for i in range(len(p)):
        for k in range(p.shape[1]):
            target = (1 - smoothing) * t[i, k] + smoothing / p.shape[1]
            losses[i] -= target * np.log(p[i, k])
    return losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("from_logits", [True, False])
def test_categorical_against_a_loop_for_every_kind_of_target(smoothing, from_logits):
    p = special.softmax(LOGITS.astype(float), axis=1)
    one_hot = np.eye(3)[LABELS]
    soft = special.softmax(LOGITS[::-1].astype(float), axis=1)
    given_p = LOGITS if from_logits else p.astype(np.float32)
    for targets, by_hand in [
        (LABELS, one_hot),
        (LABELS.astype(np.uint8), one_hot),
        (one_hot.astype(int), one_hot),
        (one_hot, one_hot),
        (soft, soft),
    ]:
        loss = nn.categorical_cross_entropy(
            given_p, targets, from_logits=from_logits, label_smoothing=smoothing
        )
        np.testing.assert_allclose(loss, cross_entropy_by_hand(p, by_hand, smoothing), rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("from_logits", [True, False])
def test_binary_against_a_loop(smoothing, from_logits):
    z = LOGITS[:, 0]
    p = special.expit(z.astype(float))
    pairs = np.stack([1 - p, p], 1)
    by_hand = cross_entropy_by_hand(pairs, np.stack([1 - BINARY, BINARY], 1), smoothing)
    loss = nn.binary_cross_entropy(
        z if from_logits else p, BINARY, from_logits=from_logits, label_smoothing=smoothing
    )
    np.testing.assert_allclose(loss, by_hand, rtol=1e-5)


def test_weighted_means_are_log_loss_of_scikit_learn():
    weights = np.array([1.0, 0.5, 2.0, 0.0, 3.0])
    p = special.softmax(LOGITS.astype(float), axis=1)
    losses = nn.categorical_cross_entropy(LOGITS, LABELS, from_logits=True)
    for w in (None, weights):
        expected = log_loss(LABELS, p, sample_weight=w)
        assert float(nn.weighted_mean(losses, w)) == pytest.approx(expected, rel=1e-5)
    by_class = nn.sample_weights(LABELS, [1.0, 2.0, 0.5])
    expected = log_loss(LABELS, p, sample_weight=np.array([1.0, 2.0, 0.5])[LABELS])
    assert float(nn.weighted_mean(losses, by_class)) == pytest.approx(expected, rel=1e-5)
    q = special.expit(LOGITS[:, 0].astype(float))
    losses = nn.binary_cross_entropy(LOGITS[:, 0], BINARY, from_logits=True)
    expected = log_loss(BINARY, q, sample_weight=weights)
    assert float(nn.weighted_mean(losses, weights)) == pytest.approx(expected, rel=1e-5)


def test_two_classes_are_one_logit():
    z = LOGITS[:, 0]
    pair = np.stack([np.zeros(5, np.float32), z], 1)
    np.testing.assert_allclose(
        nn.categorical_cross_entropy(pair, BINARY.astype(int), from_logits=True),
        nn.binary_cross_entropy(z, BINARY, from_logits=True),
        rtol=1e-5,
    )


@pytest.mark.parametrize("size", [1e4, 3e38])
def test_from_logits_of_any_size(size):
    z = jnp.array([size, -size, 0.0, size, -size])
    t = jnp.array([1.0, 0.0, 1.0, 0.0, 1.0])

    def binary(z):
        return nn.binary_cross_entropy(z, t, from_logits=True)

    expected = np.array([0, 0, np.log(2), size, size])
    np.testing.assert_allclose(jax.jit(binary)(z), expected, rtol=1e-6)
    slope = jax.jit(jax.grad(lambda z: binary(z).sum()))(z)
    np.testing.assert_allclose(slope, [0, 0, -0.5, 1, -1], atol=1e-6)

    rows = jnp.array([[size, -size], [0.0, -size], [0.0, size], [0.0, 0.0]])

    def categorical(z):
        return nn.categorical_cross_entropy(z, jnp.zeros(4, int), from_logits=True)

    np.testing.assert_allclose(jax.jit(categorical)(rows), [0, 0, size, np.log(2)], rtol=1e-6)
    slopes = jax.jit(jax.grad(lambda z: categorical(z).sum()))(rows)
    np.testing.assert_allclose(slopes, [[0, 0], [0, 0], [-1, 1], [-0.5, 0.5]], atol=1e-6)


def test_from_probabilities_0_and_1():
    p, t = jnp.array([0.0, 1.0, 0.0, 1.0]), jnp.array([0.0, 1.0, 1.0, 0.0])
    assert nn.binary_cross_entropy(p, t).tolist() == [0, 0, np.inf, np.inf]
    slope = jax.grad(lambda p: nn.binary_cross_entropy(p, t[:2]).sum())(p[:2])
    assert slope.tolist() == [1, -1]
    rows = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    assert nn.categorical_cross_entropy(rows, jnp.array([0, 0])).tolist() == [0, np.inf]
    slope = jax.grad(lambda p: nn.categorical_cross_entropy(p, jnp.array([0, 1])).sum())(rows)
    assert slope.tolist() == [[-1, 0], [0, -1]]


def test_whole_numbers_as_predictions_do_not_round_the_targets():
    loss = nn.categorical_cross_entropy([[0, 1]], [[0.5, 0.5]], from_logits=True)
    assert float(loss[0]) == pytest.approx(np.log(1 + np.e) - 0.5, rel=1e-6)


def test_leading_axes():
    z = np.random.default_rng(1).normal(size=(2, 4, 3)).astype(np.float32)
    t = np.random.default_rng(2).integers(0, 3, (2, 4))
    loss = jax.jit(partial(nn.categorical_cross_entropy, from_logits=True))
    by_hand = -np.take_along_axis(special.log_softmax(z, axis=-1), t[..., None], -1)[..., 0]
    np.testing.assert_allclose(loss(z, t), by_hand, rtol=1e-5)
    assert float(loss(z[0, 0], t[0, 0])) == pytest.approx(by_hand[0, 0], rel=1e-5)


@pytest.mark.parametrize("from_logits", [True, False])
@settings(max_examples=2, deadline=None)
@given(z=arrays_bk(size=2))
def test_gradients(from_logits, z):
    p = z if from_logits else special.expit(z)
    t = np.linspace(0, 1, z.size).reshape(z.shape)
    rows = p if from_logits else special.softmax(z, axis=1)
    options = {"from_logits": from_logits, "label_smoothing": 0.1}
    for check in (
        nn.check_gradients(lambda p: nn.binary_cross_entropy(p, t, **options), p),
        nn.check_gradients(lambda p: nn.categorical_cross_entropy(p, t, **options), rows),
    ):
        assert check.error < 1e-7, check


@settings(max_examples=10, deadline=None)
@given(z=arrays(3, 4), labels=st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_the_slope_is_softmax_minus_truth(z, labels):
    def loss(z):
        return nn.categorical_cross_entropy(z, jnp.array(labels), from_logits=True).sum()

    expected = special.softmax(z, axis=1) - np.eye(4)[labels]
    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(z)), expected, atol=1e-6)


@pytest.mark.parametrize(
    "targets",
    [
        np.zeros(4, int),  # one too few
        np.zeros((5, 1), int),  # a column
        np.zeros((5, 2)),  # too few classes
        np.zeros(5),  # classes that are no integers
        np.zeros(5, bool),
        0,
    ],
)
def test_targets_that_do_not_fit(targets):
    with pytest.raises(DataError, match=r"do not fit predictions of shape \(5, 3\); expected"):
        jax.jit(nn.categorical_cross_entropy)(LOGITS, targets)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_label_smoothing_out_of_range(smoothing):
    with pytest.raises(ParameterError, match="label_smoothing="):
        nn.binary_cross_entropy([0.5], [1], label_smoothing=smoothing)
    with pytest.raises(ParameterError, match="label_smoothing="):
        nn.categorical_cross_entropy([[0.5, 0.5]], [1], label_smoothing=smoothing)
