"""The embedding bag: a step against a loop over texts and terms, in float64; packed batches."""

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
    """L1-normalized counts, one text empty, a term in every other text."""
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 3, (rows, TERMS)).astype(np.float32)
    x[:, 2] = 1
    x[1] = 0
    return x / np.maximum(x.sum(1, keepdims=True), 1)


def batch_of(x, targets, weights=None):
    data = make_dataset(sparse.csr_array(x), targets, weights)
    return data.take(jnp.arange(len(x)), 64)


def slow_step(state, x, gradient_of, weights, rate):
    """One term of one text after the other; `gradient_of(z, i)` is dloss/dz of text i."""
    table, (w, b), rows, (w2, b2) = jax.tree.map(lambda a: np.array(a, np.float64), state)
    new, squares = table.copy(), rows.copy()
    of_w, of_b, moves = np.zeros_like(w), np.zeros_like(b), []
    for i, text in enumerate(x):
        hidden = sum((value * table[v] for v, value in enumerate(text)), np.zeros(SIZE))
        dz = weights[i] * gradient_of(hidden @ w + b, i)
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


def softmax_gradient(classes):
    def gradient_of(z, i):
        p = np.exp(z - z.max())
        return p / p.sum() - np.eye(OUTPUTS)[classes[i]]

    return gradient_of


@pytest.mark.parametrize("seed", range(3))
def test_step_softmax_loss_matches_loop(seed):
    x, classes = random_texts(seed), np.array([0, 2, 1, 2, 2])
    weights = np.array([1, 1, 0.5, 2, 0], np.float32)
    batch = batch_of(x, classes, weights)
    after, measures = step(random_state(seed), batch, 0.3, *SOFTMAX.values())
    gradient_of = softmax_gradient(classes)
    assert_same_state(after, slow_step(random_state(seed), x, gradient_of, weights, 0.3))
    z = x @ random_state(seed).embeddings @ random_state(seed).output.weights
    z = (z + random_state(seed).output.bias).astype(float)
    losses = np.log(np.exp(z).sum(1)) - z[np.arange(BATCH), classes]
    assert measures["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-5)
    right = z.argmax(1) == classes
    assert measures["accuracy"] == pytest.approx(np.average(right, weights=weights))


def test_step_logistic_loss_matches_loop():
    x = random_texts(0)
    labels = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1]], np.float32)
    after, _ = step(random_state(0), batch_of(x, labels), 0.3, *LOGISTIC.values())
    slow = slow_step(
        random_state(0), x, lambda z, i: 1 / (1 + np.exp(-z)) - labels[i], np.ones(BATCH), 0.3
    )
    assert_same_state(after, slow)


def test_sparse_batch_duplicate_column_equals_the_sum():
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


def test_run_epoch_short_last_batch_matches_its_steps():
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
        slow = slow_step(slow, x[rows], softmax_gradient(truth), np.ones(len(rows)), rate)
    assert_same_state(after, slow)
    assert measures["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_step_rows_of_absent_terms_keep_their_bits():
    x = np.zeros((2, TERMS), np.float32)
    x[:, 1] = 1
    state = random_state(3)
    after, _ = step(state, batch_of(x, np.array([0, 1])), 0.5, *SOFTMAX.values())
    others = np.arange(TERMS) != 1
    np.testing.assert_array_equal(after.embeddings[others], state.embeddings[others])
    np.testing.assert_array_equal(after.row_squares[others], state.row_squares[others])
    assert (np.asarray(after.embeddings[1]) != state.embeddings[1]).all()


def test_step_zero_weight_batch_is_noop():
    state = random_state(2)
    batch = batch_of(random_texts(2), np.zeros(BATCH, int), np.zeros(BATCH, np.float32))
    after, _ = step(state, batch, 0.5, *SOFTMAX.values())
    jax.tree.map(np.testing.assert_array_equal, after, state)


def test_run_epoch_memory_does_not_grow_with_the_terms():
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


def test_run_epoch_above_65536_rows_and_terms_matches_closed_form():
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


# Batches of about the same number of non-zeros: every text once per epoch, no two epochs alike.


@pytest.mark.parametrize(("texts", "batch"), [(1, 1), (1, 4), (7, 3), (100, 32), (1000, 32)])
def test_pack_batches_holds_every_text_once_per_epoch(texts, batch):
    sizes = np.random.default_rng(0).integers(0, 50, texts).astype(np.int32)
    order, capacity = bag.pack_batches(sizes, batch, 2, seed=3)
    assert order.shape[0] == 2
    assert order.shape[2] <= bag.MAX_BATCH_FACTOR * batch
    for epoch in order:
        assert sorted(epoch[epoch < texts].tolist()) == list(range(texts))
        assert (epoch == texts).sum() == epoch.size - texts
        assert np.append(sizes, 0)[epoch].sum(1).max() <= capacity


def test_pack_batches_fills_batches_and_draws_a_new_order_per_epoch():
    sizes = np.random.default_rng(0).lognormal(5, 1, 5000).astype(np.int32)
    order, capacity = bag.pack_batches(sizes, 32, 2, seed=3)
    assert order.shape[1] * capacity < 1.1 * sizes.sum()
    np.testing.assert_array_equal(order, bag.pack_batches(sizes, 32, 2, seed=3).order)
    assert not np.array_equal(
        order[0, :9, :9], bag.pack_batches(sizes, 32, 2, seed=4).order[0, :9, :9]
    )
    first, second = ([set(row) for row in epoch[:40].tolist()] for epoch in order)
    assert max(len(a & b - {5000}) for a in first for b in second) < 12


def test_pack_batches_text_longer_than_a_batch_stands_alone():
    sizes = np.array([1, 2, 100, 1, 2], np.int32)
    order, capacity = bag.pack_batches(sizes, 2, 1, seed=1)
    assert capacity == 100
    assert sum(2 in batch for batch in order[0].tolist()) == 1
    assert [2] in [[row for row in batch if row < 5] for batch in order[0].tolist()]


def test_pack_batches_texts_without_terms_have_room_for_one():
    order, capacity = bag.pack_batches(np.zeros(5, np.int32), 2, 1, seed=3)
    assert (order.shape, capacity) == ((1, 2, 4), 1)  # nothing can be gathered from no room
