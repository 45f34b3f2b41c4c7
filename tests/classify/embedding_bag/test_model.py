"""The embedding bag against a loop over texts and terms, in float64."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from textdl.classify.embedding_bag import model as bag
from textdl.nn.data.dataset import epoch_batches, make_dataset
from textdl.nn.layers.dense import DenseParams
from textdl.nn.losses import logistic_accuracy, logistic_loss, softmax_accuracy, softmax_loss

TERMS, SIZE, OUTPUTS, BATCH = 7, 4, 3, 5
SOFTMAX = {"loss": softmax_loss, "metric": softmax_accuracy}
LOGISTIC = {"loss": logistic_loss, "metric": logistic_accuracy}

step = jax.jit(bag.step, static_argnums=(3, 4))


def random_state(seed, outputs=OUTPUTS):
    """A state in the middle of training."""
    draw = np.random.default_rng(seed)

    def floats(*shape):
        return jnp.asarray(draw.normal(size=shape), jnp.float32)

    return bag.BagState(
        floats(TERMS, SIZE),
        DenseParams(floats(SIZE, outputs), floats(outputs)),
        floats(TERMS) ** 2,
        DenseParams(floats(outputs) ** 2, floats(outputs) ** 2),
    )


def random_texts(seed, rows=BATCH):
    """L1-normalised counts, one text empty, a term in every other text."""
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 3, (rows, TERMS)).astype(np.float32)
    x[:, 2] = 1
    x[1] = 0
    return x / np.maximum(x.sum(1, keepdims=True), 1)


def batch_of(x, targets, weights=None):
    data = make_dataset(sparse.csr_array(x), targets, weights)
    return data.take(jnp.arange(len(x)), 64)


def slow_step(state, x, slope, weights, rate):
    """One term of one text after the other; `slope(z, i)` is dloss/dz of text i."""
    table, (w, b), rows, (w2, b2) = jax.tree.map(lambda a: np.array(a, np.float64), state)
    new, squares = table.copy(), rows.copy()
    of_w, of_b, moves = np.zeros_like(w), np.zeros_like(b), []
    for i, text in enumerate(x):
        hidden = sum((value * table[v] for v, value in enumerate(text)), np.zeros(SIZE))
        dz = weights[i] * slope(hidden @ w + b, i)
        of_w += np.outer(hidden, dz)
        of_b += dz
        for v, value in enumerate(text):
            if value:
                gradient = value * (w @ dz)
                squares[v] += sum(g * g for g in gradient) / SIZE
                moves.append((v, gradient))
    for v, gradient in moves:
        new[v] -= rate * gradient / math.sqrt(squares[v] + bag.EPSILON)
    w2, b2 = w2 + (of_w**2).mean(0), b2 + of_b**2
    w = w - rate * of_w / np.sqrt(w2 + bag.EPSILON)
    b = b - rate * of_b / np.sqrt(b2 + bag.EPSILON)
    return bag.BagState(new, DenseParams(w, b), squares, DenseParams(w2, b2))


def assert_same_state(ours, theirs):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6), ours, theirs)


def softmax_slope(classes):
    def slope(z, i):
        p = np.exp(z - z.max())
        return p / p.sum() - np.eye(OUTPUTS)[classes[i]]

    return slope


@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_the_softmax(seed):
    x, classes = random_texts(seed), np.array([0, 2, 1, 2, 2])
    weights = np.array([1, 1, 0.5, 2, 0], np.float32)
    batch = batch_of(x, classes, weights)
    after, measures = step(random_state(seed), batch, 0.3, *SOFTMAX.values())
    slope = softmax_slope(classes)
    assert_same_state(after, slow_step(random_state(seed), x, slope, weights, 0.3))
    z = x @ random_state(seed).embeddings @ random_state(seed).output.weights
    z = (z + random_state(seed).output.bias).astype(float)
    losses = np.log(np.exp(z).sum(1)) - z[np.arange(BATCH), classes]
    assert measures["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-5)
    right = z.argmax(1) == classes
    assert measures["accuracy"] == pytest.approx(np.average(right, weights=weights))


def test_a_step_of_one_against_all():
    x = random_texts(0)
    labels = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1]], np.float32)
    after, _ = step(random_state(0), batch_of(x, labels), 0.3, *LOGISTIC.values())
    slow = slow_step(
        random_state(0), x, lambda z, i: 1 / (1 + np.exp(-z)) - labels[i], np.ones(BATCH), 0.3
    )
    assert_same_state(after, slow)


def test_a_term_that_is_given_twice_is_one_with_the_sum():
    """Of the vector, that is; its squares are summed occurrence by occurrence."""
    once, twice = (
        sparse.csr_array((values, columns, [0, len(values)]), shape=(1, TERMS))
        for values, columns in (
            (np.array([1.0], np.float32), [3]), (np.array([0.5, 0.5], np.float32), [3, 3]))
    )  # fmt: skip
    state = random_state(1)
    hidden = []
    for matrix in (once, twice):
        data = make_dataset(matrix, [0])
        hidden.append(data.take(jnp.array([0]), 4).features @ state.embeddings)
    np.testing.assert_allclose(*hidden, rtol=1e-6)


def test_an_epoch_is_its_steps_and_the_last_batch_may_be_short():
    x, classes = random_texts(4, rows=7), np.array([0, 1, 2, 0, 1, 2, 0])
    data = make_dataset(sparse.csr_array(x), classes)
    order, rates = epoch_batches(7, 3, jax.random.key(5)), np.array([0.3, 0.2, 0.1], np.float32)
    capacity = data.features.capacity(order)
    after, measures = bag.run_epoch(
        random_state(4), data, order, rates, **SOFTMAX, capacity=capacity
    )
    slow, losses = random_state(4), []
    for rows, rate in zip(order, rates, strict=True):
        rows = rows[rows < 7]
        z = x[rows] @ slow.embeddings @ slow.output.weights + slow.output.bias
        truth = classes[rows]
        losses += list(np.log(np.exp(z).sum(1)) - z[np.arange(len(rows)), truth])
        slow = slow_step(slow, x[rows], softmax_slope(truth), np.ones(len(rows)), rate)
    assert_same_state(after, slow)
    assert measures["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_rows_without_a_term_in_the_batch_stay_bit_for_bit():
    x = np.zeros((2, TERMS), np.float32)
    x[:, 1] = 1
    state = random_state(3)
    after, _ = step(state, batch_of(x, np.array([0, 1])), 0.5, *SOFTMAX.values())
    others = np.arange(TERMS) != 1
    np.testing.assert_array_equal(after.embeddings[others], state.embeddings[others])
    np.testing.assert_array_equal(after.row_squares[others], state.row_squares[others])
    assert (np.asarray(after.embeddings[1]) != state.embeddings[1]).all()


def test_nothing_to_learn_moves_nothing():
    state = random_state(2)
    batch = batch_of(random_texts(2), np.zeros(BATCH, int), np.zeros(BATCH, np.float32))
    after, _ = step(state, batch, 0.5, *SOFTMAX.values())
    jax.tree.map(np.testing.assert_array_equal, after, state)


def test_the_table_is_changed_in_place():
    """Memory beside arguments and results does not grow with the number of terms."""

    def extra(terms):
        state = jax.eval_shape(lambda: bag.init(1, terms, 16, 2))
        data = make_dataset(sparse.csr_array(np.eye(8, 50, dtype=np.float32)), np.arange(8) % 2)
        order, rates = epoch_batches(8, 4), np.ones(2, np.float32)
        lowered = bag.run_epoch.lower(
            state, data, order, rates, loss=softmax_loss, metric=softmax_accuracy, capacity=8
        )
        memory = lowered.compile().memory_analysis()
        assert memory.alias_size_in_bytes >= terms * 16 * 4
        return memory.temp_size_in_bytes

    assert extra(50_000) == extra(5_000)


def test_above_65536_rows_and_terms():
    """Sums over many rows are where releases of jaxlib have been wrong."""
    rows = 70_000
    x = sparse.eye_array(rows, dtype=np.float32, format="csr")
    data = make_dataset(x, np.arange(rows) % 2)
    state = bag.init(1, rows, 2, 2)
    table = np.random.default_rng(0).uniform(-1, 1, (rows, 2)).astype(np.float32)
    state = state._replace(
        embeddings=jnp.asarray(table), output=DenseParams(jnp.zeros((2, 2)), jnp.zeros(2))
    )
    order = epoch_batches(rows, rows)
    capacity = data.features.capacity(order)
    rates = np.full(1, 0.1, np.float32)
    after, measures = bag.run_epoch(state, data, order, rates, **SOFTMAX, capacity=capacity)
    assert measures["loss"] == pytest.approx(math.log(2), rel=1e-5)
    half = (0.5 - np.eye(2)[np.arange(rows) % 2]).astype(np.float64)
    gradient = table.T @ half  # (D, O)
    move = 0.1 * gradient / np.sqrt((gradient**2).mean(0))
    np.testing.assert_allclose(after.output.weights, -move, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(after.embeddings, table)  # W was 0
