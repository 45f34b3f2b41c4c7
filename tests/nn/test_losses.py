"""Losses against NumPy, scikit-learn's log_loss and loops, and shapes that must not broadcast."""

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
from textdl.nn.layers.dense import DenseParams
from textdl.nn.losses import half_squared_error
from textdl.nn.regularizers import Regularizer


def huber_by_hand(p, t, delta=1.0):
    e = abs(p - t)
    return e**2 / 2 if e <= delta else delta * (e - delta / 2)


BY_HAND = {
    "squared_error": lambda p, t: (p - t) ** 2,
    "absolute_error": lambda p, t: abs(p - t),
    "huber": huber_by_hand,
}


@pytest.mark.parametrize("name", BY_HAND)
@settings(max_examples=10, deadline=None)
@given(p=arrays(2, 3), t=arrays(2, 3, offset=1 / 64))
def test_values(name, p, t):
    by_hand = [[BY_HAND[name](p[i, j], t[i, j]) for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(jax.jit(getattr(nn, name))(p, t), by_hand, rtol=1e-5)


@pytest.mark.parametrize("name", BY_HAND)
@settings(max_examples=2, deadline=None)
@given(p=arrays_bk())
def test_gradients(name, p):
    t = np.linspace(-2, 2, p.size).reshape(p.shape) + 1 / 64
    check = nn.check_gradients(getattr(nn, name), p, t)
    assert check.error < 1e-8, check


@pytest.mark.parametrize("name", BY_HAND)
def test_perfect_predictions_have_zero_loss_and_gradient(name):
    p = jnp.array([0.0, 1e4, -3e38])
    assert getattr(nn, name)(p, p).tolist() == [0, 0, 0]
    slope = jax.grad(lambda p: getattr(nn, name)(p, jax.lax.stop_gradient(p)).sum())(p)
    # |e| has no slope at 0; any number from -1 to 1 will do.
    assert np.abs(slope).max() <= (name == "absolute_error")


@pytest.mark.parametrize("delta", [0.1, 1.0, 7.0])
def test_huber_meets_itself_at_delta(delta):
    e = jnp.array([delta * (1 - 1e-6), delta, delta * (1 + 1e-6), 100 * delta])
    by_hand = [huber_by_hand(x, 0.0, delta) for x in e.tolist()]
    np.testing.assert_allclose(nn.huber(e, jnp.zeros(4), delta), by_hand, rtol=1e-5)
    slope = jax.grad(lambda e: nn.huber(e, jnp.zeros(4), delta).sum())(e)
    np.testing.assert_allclose(slope, np.minimum(e, delta), rtol=1e-5)


@pytest.mark.parametrize("name", [*BY_HAND, "binary_cross_entropy"])
@pytest.mark.parametrize(
    ("left", "right"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), ()), ((2, 3), (3,)), ((1,), (3,))]
)
def test_losses_refuse_to_broadcast(name, left, right):
    with pytest.raises(DataError) as caught:
        jax.jit(getattr(nn, name))(jnp.full(left, 0.5), jnp.full(right, 0.5))
    message = str(caught.value)
    assert str(left) in message
    assert str(right) in message
    assert "reshape" in message
    assert "\n" not in message


def test_whole_numbers_become_floats():
    assert nn.squared_error([3], [1]).dtype == jnp.float32
    assert nn.squared_error(jnp.array([1], jnp.uint8), jnp.array([3], jnp.uint8)).tolist() == [4.0]
    assert nn.absolute_error([True], [False]).tolist() == [1.0]


WEIGHTS = st.just(0.0) | st.floats(1e-6, 10)  # XLA takes what float32 only has denormalized for 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), WEIGHTS), min_size=4, max_size=4))
def test_weighted_mean(pairs):
    losses, weights = np.array(pairs, np.float32).T
    total = weights.astype(float).sum()
    expected = (losses.astype(float) * weights).sum() / total if total else 0.0
    got = jax.jit(nn.weighted_mean)(losses, weights)
    assert float(got) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_weighted_mean_without_weights_and_without_weight():
    losses = jnp.array([1.0, 2.0, 6.0])
    assert float(nn.weighted_mean(losses)) == 3.0
    assert float(nn.weighted_mean(losses, jnp.zeros(3))) == 0.0
    assert not np.isnan(jax.grad(nn.weighted_mean)(losses, jnp.zeros(3))).any()
    with pytest.raises(DataError, match=r"\(3,\) do not fit targets of shape \(2,\)"):
        nn.weighted_mean(losses, [1.0, 2.0])


def test_class_weights_and_their_mean():
    labels, losses = np.array([0, 2, 1, 2]), np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    weights = nn.sample_weights(labels, [1.0, 0.0, 0.5])
    assert weights.tolist() == [1.0, 0.5, 0.0, 0.5]
    assert float(nn.weighted_mean(jnp.asarray(losses), weights)) == (1 + 1 + 2) / 2


def test_losses_of_the_flight_delay_example():
    """Four predictions, their squared and absolute errors and cross-entropies, worked by hand."""
    p, t = [0.05, 0.02, 0.96, 0.35], [1.0, 0.0, 1.0, 1.0]
    assert float(nn.squared_error(p, t).mean()) == pytest.approx(0.33175, abs=1e-6)
    assert float(nn.absolute_error(p, t).mean()) == pytest.approx(0.415, abs=1e-6)
    assert float(nn.binary_cross_entropy(p, t).mean()) == pytest.approx(1.0266, abs=1e-4)


def test_flat_targets_against_one_column_name_the_reshape():
    with pytest.raises(
        DataError, match=r"reshape the targets to \(3, 1\), such as by targets\[:, N"
    ):
        nn.squared_error(jnp.ones((3, 1)), jnp.ones(3))


def test_half_squared_error_is_the_mean_over_outputs():
    p = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(half_squared_error(p, np.ones((2, 3))), ((p - 1) ** 2).mean(1) / 2)


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


def test_two_class_softmax_equals_one_logit():
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


def test_integer_predictions_do_not_round_targets():
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
def test_cross_entropy_gradients(from_logits, z):
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
def test_cross_entropy_gradient_is_softmax_minus_targets(z, labels):
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
def test_categorical_cross_entropy_target_errors(targets):
    with pytest.raises(DataError, match=r"do not fit predictions of shape \(5, 3\); expected"):
        jax.jit(nn.categorical_cross_entropy)(LOGITS, targets)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_label_smoothing_out_of_range(smoothing):
    with pytest.raises(ParameterError, match="label_smoothing="):
        nn.binary_cross_entropy([0.5], [1], label_smoothing=smoothing)
    with pytest.raises(ParameterError, match="label_smoothing="):
        nn.categorical_cross_entropy([[0.5, 0.5]], [1], label_smoothing=smoothing)


KEY = jax.random.key(0)


def test_regularizer_covers_weights_not_biases():
    params = (
        DenseParams(jnp.array([[1.0, -2.0]]), jnp.array([7.0, 7.0])),
        DenseParams(jnp.array([[3.0], [-0.5]]), jnp.array([9.0])),
    )
    weights = np.array([1, -2, 3, -0.5])
    expected = 0.3 * np.abs(weights).sum() + 0.8 / 2 * (weights**2).sum()
    regularizer = nn.Regularizer(l1=0.3, l2=0.8)
    assert float(jax.jit(regularizer)(params)) == pytest.approx(expected)
    slope = jax.grad(regularizer)(params)
    np.testing.assert_allclose(slope[0].weights, [[0.3 + 0.8, -0.3 - 1.6]], rtol=1e-6)
    assert slope[0].bias.tolist() == [0, 0]
    for l1, l2 in ((0.3, 0.8), (0.0, 0.7)):
        regularizer = nn.Regularizer(l1, l2)
        traced, closed = jax.grad(regularizer)(params), regularizer.gradient(params)
        jax.tree.map(np.testing.assert_array_equal, traced, closed)
    assert float(nn.Regularizer()(params)) == 0
    assert nn.Regularizer(l2=0.5) == Regularizer(0.0, 0.5)


def test_regularizer_gradients():
    params = nn.mlp((3, 4, 2)).init(KEY)
    assert nn.check_gradients(nn.Regularizer(l1=0.3, l2=0.8), params).error < 1e-8
