"""The embedding bag: a step against a loop over texts and terms, in float64."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from textdl.classify.embedding_bag import model as bag
from textdl.classify.embedding_bag.batches import BagBatches, PackedBatches, make_segments
from textdl.embed.update import jit_steps, run_steps
from textdl.embed.update import step as eager_step
from textdl.nn.losses import logistic_accuracy, logistic_loss, softmax_accuracy, softmax_loss

TERMS, SIZE, OUTPUTS, BATCH = 7, 4, 3, 5
RATE = 0.05
SOFTMAX = bag.BagLoss(softmax_loss, softmax_accuracy, SIZE, RATE)
LOGISTIC = bag.BagLoss(logistic_loss, logistic_accuracy, SIZE, RATE)
step = jax.jit(eager_step, static_argnums=3)


def random_tables(seed, outputs=OUTPUTS, terms=TERMS):
    """Tables in the middle of training; the sums of squares are not negative."""
    draw = np.random.default_rng(seed)
    shapes = {"embeddings": (terms, SIZE + 1), "output": (outputs, SIZE + 1), "bias": (outputs, 2)}
    tables = {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for table in tables.values():
        table[:, -1] = table[:, -1] ** 2 / bag.UNIT
    return jax.tree.map(jnp.asarray, tables)


def ones(tables):
    """Weights of rows that nothing is damped by."""
    return {name: jnp.ones(len(table)) for name, table in tables.items()}


def random_texts(seed, rows=BATCH):
    """L1-normalized counts, one text empty, a term in every other text."""
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 3, (rows, TERMS)).astype(np.float32)
    x[:, 2] = 1
    x[1] = 0
    return x / np.maximum(x.sum(1, keepdims=True), 1)


def chunk_of(x, targets, weights=None, order=None):
    """All texts in one batch, or in those of `order` `(S, B)`, with the rate falling from RATE."""
    order = np.arange(x.shape[0])[None] if order is None else order
    segments = make_segments(sparse.csr_array(x), np.arange(x.shape[1], dtype=np.int32))
    weights = np.ones(x.shape[0]) if weights is None else weights
    packed = PackedBatches(order[None].astype(np.int32), 2 * order.shape[1])
    batches = BagBatches(segments, targets, weights, packed=packed, learning_rate=RATE, workers=1)
    return jax.tree.map(lambda *parts: np.concatenate(parts), *next(batches.epochs()))


def batch_of(x, targets, weights=None):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), chunk_of(x, targets, weights))


def slow_step(tables, x, gradient_of, weights, rate):
    """One term of one text after the other; `gradient_of(z, i)` is dloss/dz of text i."""
    tables = {name: np.array(table, np.float64) for name, table in tables.items()}
    vectors, w, b = (tables[name][:, :-1] for name in ("embeddings", "output", "bias"))
    moves = {name: np.zeros_like(table[:, :-1]) for name, table in tables.items()}
    squares = {name: np.zeros(len(table)) for name, table in tables.items()}
    for i, text in enumerate(x):
        hidden = sum((value * vectors[v] for v, value in enumerate(text)), np.zeros(SIZE))
        dz = weights[i] * gradient_of(w @ hidden + b[:, 0], i)
        moves["output"] += np.outer(dz, hidden)
        moves["bias"] += dz[:, None]
        for v, value in enumerate(text):
            gradient = value * (dz @ w)
            moves["embeddings"][v] += gradient
            squares["embeddings"][v] += sum(g * g for g in gradient) / SIZE
    squares["output"] = (moves["output"] ** 2).mean(1)
    squares["bias"] = moves["bias"][:, 0] ** 2
    for name, table in tables.items():
        total = table[:, -1] * bag.UNIT + squares[name]
        table[:, :-1] -= rate * moves[name] / np.sqrt(total + bag.EPSILON)[:, None]
        table[:, -1] += rate / RATE * squares[name] / bag.UNIT
    return tables


def assert_same_tables(ours, theirs):
    units = np.append(np.ones(SIZE), bag.UNIT)
    for name, table in theirs.items():
        unit = units[-table.shape[1] :]
        np.testing.assert_allclose(ours[name] * unit, table * unit, rtol=1e-5, atol=1e-6)


def softmax_gradient(classes):
    def gradient_of(z, i):
        p = np.exp(z - z.max())
        return p / p.sum() - np.eye(OUTPUTS)[classes[i]]

    return gradient_of


@pytest.mark.parametrize("seed", range(3))
def test_step_softmax_loss_matches_loop(seed):
    x, classes = random_texts(seed), np.array([0, 2, 1, 2, 2])
    weights = np.array([1, 1, 0.5, 2, 0], np.float32)
    tables = random_tables(seed)
    after, metrics = step(tables, batch_of(x, classes, weights), ones(tables), SOFTMAX)
    assert_same_tables(after, slow_step(tables, x, softmax_gradient(classes), weights, RATE))
    z = x @ tables["embeddings"][:, :-1] @ tables["output"][:, :-1].T
    z = np.asarray(z + tables["bias"][:, 0], float)
    losses = np.log(np.exp(z).sum(1)) - z[np.arange(BATCH), classes]
    assert metrics.predictions == weights.sum()
    assert metrics.loss == pytest.approx(weights @ losses, rel=1e-5)
    assert metrics.others["accuracy"] == pytest.approx(weights @ (z.argmax(1) == classes))


def test_step_logistic_loss_matches_loop():
    x = random_texts(0)
    labels = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1]], np.float32)
    tables = random_tables(0)
    after, _ = step(tables, batch_of(x, labels), ones(tables), LOGISTIC)
    slow = slow_step(tables, x, lambda z, i: 1 / (1 + np.exp(-z)) - labels[i], np.ones(BATCH), RATE)
    assert_same_tables(after, slow)


def test_step_duplicate_column_gives_the_loss_of_the_sum():
    """Of the vector, that is; its squares are summed occurrence by occurrence."""
    tables = random_tables(1)
    losses = []
    for values, columns in ([1.0], [3]), ([0.5, 0.5], [3, 3]):
        entries = np.array(values, np.float32), columns, [0, len(values)]
        x = sparse.csr_array(entries, shape=(1, TERMS))
        losses.append(SOFTMAX(tables, batch_of(x, np.array([0]))).loss)
    np.testing.assert_allclose(*losses, rtol=1e-6)


def test_run_steps_short_last_batch_matches_its_steps():
    x, classes = random_texts(4, rows=7), np.array([0, 1, 2, 0, 1, 2, 0])
    order = np.array([[5, 0, 3], [1, 6, 2], [4, 7, 7]])
    chunks = chunk_of(x, classes, order=order)
    tables = random_tables(4)
    slow, losses = tables, []
    for rows, rate in zip(order, RATE * np.array([1, 2 / 3, 1 / 3]), strict=True):
        rows = rows[rows < 7]
        truth = classes[rows]
        vectors, w, b = (np.asarray(slow[name]) for name in ("embeddings", "output", "bias"))
        z = x[rows] @ vectors[:, :-1] @ w[:, :-1].T + b[:, 0]
        losses.append((np.log(np.exp(z).sum(1)) - z[np.arange(len(rows)), truth]).sum())
        slow = slow_step(slow, x[rows], softmax_gradient(truth), np.ones(len(rows)), rate)
    after, metrics = run_steps(tables, chunks, ones(tables), SOFTMAX)
    assert_same_tables(after, slow)
    np.testing.assert_allclose(metrics.loss[:3], losses, rtol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3, SIZE + 2])
def test_init_coordinates_train_as_all_dimensions_do(outputs):
    """What starts in the span of W never leaves it, so its coordinates are enough."""
    x = random_texts(2, rows=20)
    labels = np.random.default_rng(0).integers(0, 2, (20, outputs)).astype(np.float32)
    chunks = chunk_of(x, labels, order=np.random.default_rng(1).integers(0, 20, (30, 6)))
    tables, basis = bag.init(TERMS, SIZE, outputs, seed=3)
    width = min(SIZE, outputs)
    assert {name: table.shape for name, table in tables.items()} == {
        "embeddings": (TERMS, width + 1), "output": (outputs, width + 1), "bias": (outputs, 2)
    }  # fmt: skip
    whole = tables | {
        "embeddings": jnp.zeros((TERMS, SIZE + 1)),
        "output": jnp.pad(tables["output"][:, :-1] @ basis.T, ((0, 0), (0, 1))),
    }
    whole = jax.tree.map(jnp.copy, whole)
    found, of_found = run_steps(tables, chunks, ones(tables), LOGISTIC)
    expected, of_expected = run_steps(whole, chunks, ones(whole), LOGISTIC)
    np.testing.assert_allclose(of_found.loss, of_expected.loss, rtol=1e-4)
    for name in ("embeddings", "output"):
        rows = found[name][:, :-1] @ basis.T
        np.testing.assert_allclose(rows, expected[name][:, :-1], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found[name][:, -1], expected[name][:, -1], rtol=1e-3)
    assert np.abs(expected["embeddings"]).max() > 0.1


def test_step_rows_of_absent_terms_keep_their_bits():
    x = np.zeros((2, TERMS), np.float32)
    x[:, 1] = 1
    tables = random_tables(3)
    after, _ = step(tables, batch_of(x, np.array([0, 1])), ones(tables), SOFTMAX)
    others = np.arange(TERMS) != 1
    np.testing.assert_array_equal(after["embeddings"][others], tables["embeddings"][others])
    assert (np.asarray(after["embeddings"][1]) != tables["embeddings"][1]).all()


def test_step_zero_weight_batch_is_noop():
    tables = random_tables(2)
    batch = batch_of(random_texts(2), np.zeros(BATCH, int), np.zeros(BATCH, np.float32))
    after, _ = step(tables, batch, ones(tables), SOFTMAX)
    jax.tree.map(np.testing.assert_array_equal, after, tables)


def test_run_steps_memory_does_not_grow_with_the_terms():
    """Memory beside arguments and results does not grow with the number of terms."""
    chunks = chunk_of(np.eye(8, 50, dtype=np.float32), np.arange(8) % 3)

    def extra(terms):
        tables = jax.eval_shape(lambda: bag.init(terms, 100, OUTPUTS, 1)[0])
        weights = {name: np.ones(len(table), np.float32) for name, table in tables.items()}
        memory = jit_steps(SOFTMAX).lower(tables, chunks, weights).compile().memory_analysis()
        assert memory.alias_size_in_bytes >= terms * 4 * 4
        return memory.temp_size_in_bytes

    assert extra(50_000) == extra(5_000)


def test_step_above_65536_rows_and_terms_matches_closed_form():
    """Sums over many rows are where releases of jaxlib have been wrong."""
    rows = 70_000
    x = sparse.eye_array(rows, dtype=np.float32, format="csr")
    classes = np.arange(rows) % 2
    table = np.random.default_rng(0).uniform(-1, 1, (rows, 3)).astype(np.float32)
    table[:, -1] = 0
    tables = {
        "embeddings": jnp.asarray(table),
        "output": jnp.zeros((2, 3)),
        "bias": jnp.zeros((2, 2)),
    }
    loss = bag.BagLoss(softmax_loss, softmax_accuracy, 2, RATE)
    after, metrics = step(tables, batch_of(x, classes), ones(tables), loss)
    assert metrics.loss / metrics.predictions == pytest.approx(math.log(2), rel=1e-5)
    half = (0.5 - np.eye(2)[classes]).astype(np.float64)
    gradient = half.T @ table[:, :2]  # (O, D)
    move = RATE * gradient / np.sqrt((gradient**2).mean(1, keepdims=True))
    np.testing.assert_allclose(after["output"][:, :2], -move, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(after["embeddings"], table)  # W was 0
