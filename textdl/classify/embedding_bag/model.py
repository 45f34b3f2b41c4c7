"""The embedding bag: a text is the mean of the vectors of its terms, and a softmax reads it.

For a batch of B texts with L1-normalized counts x `(B, V)`:

    h = x E          (B, D)   the mean vector of each text
    z = h W + b      (B, O)   what the loss takes

E `(V, D)`, W `(D, O)` and b `(O,)` are learned. The gradient with respect to E is never made dense:
that of the row of term v in text i is x_iv g_i with g = dL/dh `(B, D)`, and it goes to its row at
once. Time and memory of a step do not depend on V.

XLA compiles for fixed shapes, so every batch has room for what the largest needs. Texts differ in
length by orders of magnitude: of batches of so many texts the largest has twice the mean, and half
of the work would be on padding. Batches are therefore packed to about the same number of non-zeros.

Reference:
    Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification" (fastText), which has
    stochastic gradient descent in place of the row-wise Adagrad here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from textdl.errors import DivergenceError
from textdl.jax_settings import fixed_settings
from textdl.keyed_random import BLOCK_ORDER, INITIAL_VALUES, random_bits, uniform
from textdl.nn.data.dataset import Batch, Dataset, make_dataset
from textdl.nn.data.sparse import SparseBatch, SparseRows
from textdl.nn.layers.dense import DenseParams, affine
from textdl.nn.losses import weighted_mean
from textdl.nn.training.fit import EpochLog
from textdl.nn.training.step import Metric, means_of

# Keeps the step of a row finite whose gradient is 0. Gradients are divided by the length of a text
# before they are squared, so it is far below the 1e-8 that word vectors have.
EPSILON = 1e-12
MAX_BATCH_FACTOR = 2  # a batch of short texts has at most this many times the mean number of texts


class BagState(NamedTuple):
    """Everything that training changes."""

    embeddings: Array  # (V, D) float32, E
    output: DenseParams  # W (D, O), b (O,) float32
    row_squares: Array  # (V,) float32, summed squares of the gradients of each row of E
    unit_squares: DenseParams  # (O,), (O,) float32, those of the gradients of each output unit


class PackedBatches(NamedTuple):
    """The batches of all epochs."""

    order: NDArray[np.int32]  # (E, S, B) row numbers; N where a batch is padded
    capacity: int  # the most non-zeros that a batch has


class BagConfig(NamedTuple):
    """How to train."""

    vector_size: int  # D
    outputs: int  # O
    epochs: int  # E
    learning_rate: float
    batch_size: int  # on average
    seed: int
    loss: Metric
    accuracy: Metric


class BagFitResult(NamedTuple):
    """What was learned."""

    embeddings: NDArray[np.float32]  # (V, D)
    output: DenseParams  # W (D, O), b (O,)
    history: dict[str, list[float]]  # loss and accuracy of every epoch, while it ran


def init(seed: int, terms: int, size: int, outputs: int) -> BagState:
    """W ~ U(-1, 1); E, b and the sums of squares start at 0.

    fastText has it the other way round. Either breaks the symmetry; this way a term contributes
    nothing but what was learned of it, and no large table of random numbers is drawn.

    Args:
        seed: of the draw, on the host: it takes no compilation.
        terms: V.
        size: D.
        outputs: O.

    Returns:
        The state before the first step.

    Example:
        >>> state = init(1, 5, 4, 2)
        >>> state.embeddings.shape, state.output.weights.shape
        ((5, 4), (4, 2))
    """
    drawn = uniform(size * outputs, seed, INITIAL_VALUES)
    weights = (drawn * np.float32(2) - np.float32(1)).reshape(size, outputs)
    output = DenseParams(jnp.asarray(weights), jnp.zeros(outputs))
    squares = DenseParams(jnp.zeros(outputs), jnp.zeros(outputs))
    return BagState(jnp.zeros((terms, size)), output, jnp.zeros(terms), squares)


def step(
    state: BagState, batch: Batch, rate: Array | float, loss: Metric, metric: Metric
) -> tuple[BagState, dict[str, Array]]:
    """One step of row-wise Adagrad on the sum of the losses, and the metrics before it.

    Args:
        state: before the step.
        batch: B texts, L1-normalized counts, with targets and weights.
        rate: learning rate.
        loss: of outputs and targets, `(B,)`.
        metric: likewise, but not trained on.

    Returns:
        The state after the step, and the weighted means of ``loss`` and ``accuracy``.
    """
    features = batch.features
    assert isinstance(features, SparseBatch), "made so by EmbeddingBagClassifier"

    def total(hidden: Array, output: DenseParams) -> tuple[Array, Array]:
        z = affine(output, hidden)  # (B, O)
        return (batch.weights * loss(z, batch.targets)).sum(), z

    hidden = features @ state.embeddings  # (B, D)
    gradients = jax.grad(total, argnums=(0, 1), has_aux=True)
    (hidden_gradient, output_gradient), z = gradients(hidden, state.output)
    embeddings, row_squares = _update_rows(state, features, hidden_gradient, rate)
    unit_squares = jax.tree.map(_add_squares, state.unit_squares, output_gradient)
    output = jax.tree.map(partial(_updated, rate=rate), state.output, output_gradient, unit_squares)
    metrics = {"loss": loss, "accuracy": metric}
    means = {
        name: weighted_mean(compute(z, batch.targets), batch.weights)
        for name, compute in metrics.items()
    }
    return BagState(embeddings, output, row_squares, unit_squares), means


def _update_rows(
    state: BagState, features: SparseBatch, hidden_gradient: Array, rate: Array | float
) -> tuple[Array, Array]:
    """a_v += Σ mean_d(g_v²), then E_v -= rate Σ g_v / sqrt(a_v); g_v = x_iv g_i where v occurs.

    Every occurrence of a term in the batch is counted before any of them updates its row.
    """
    # Of each non-zero; the padding, where x is 0, has no text.
    text = partial(jnp.take, indices=features.rows, axis=0, mode="clip")
    squares = features.values**2 * text(jnp.mean(hidden_gradient**2, axis=1))  # (P,)
    row_squares = state.row_squares.at[features.columns].add(squares, mode="drop")
    scale = features.values / jnp.sqrt(row_squares.at[features.columns].get(mode="clip") + EPSILON)
    updates = -rate * scale[:, None] * text(hidden_gradient)  # (P, D)
    return state.embeddings.at[features.columns].add(updates, mode="drop"), row_squares


def _add_squares(squares: Array, gradient: Array) -> Array:
    """One sum per output unit: the weights `(D, O)` add the mean over D."""
    return squares + (jnp.mean(gradient**2, axis=0) if gradient.ndim == 2 else gradient**2)


def _updated(parameter: Array, gradient: Array, squares: Array, rate: Array | float) -> Array:
    return parameter - rate * gradient / jnp.sqrt(squares + EPSILON)


@partial(jax.jit, static_argnames=("loss", "metric", "capacity"), donate_argnums=0)
def run_epoch(
    state: BagState,
    data: Dataset,
    order: Array,
    rates: Array,
    *,
    loss: Metric,
    metric: Metric,
    capacity: int,
) -> tuple[BagState, dict[str, Array]]:
    """A step for every batch of an epoch, in one call.

    Args:
        state: donated, so that its tables are updated in place.
        data: N texts.
        order: `(S, B)` int32, the rows of each batch; N where one is padded.
        rates: `(S,)` float32, the learning rate of each step.
        loss: of each text, `(B,)`.
        metric: to be reported beside it, `(B,)`.
        capacity: non-zeros that a batch has room for.

    Returns:
        The state, and the means of the metrics over the examples of the epoch, each taken when its
        batch was trained on.
    """

    def body(
        state: BagState, batch_and_rate: tuple[Array, Array]
    ) -> tuple[BagState, tuple[dict[str, Array], Array]]:
        rows, rate = batch_and_rate
        batch = data.take(rows, capacity)
        state, means = step(state, batch, rate, loss, metric)
        return state, (means, batch.weights.sum())

    state, (means, weights) = lax.scan(body, state, (order, rates))
    return state, means_of(means, weights)


def pack_batches(
    sizes: NDArray[np.int32], batch_size: int, epochs: int, seed: int
) -> PackedBatches:
    """Shuffle the texts, and cut them into batches of about the same number of non-zeros.

    Args:
        sizes: `(N,)` non-zeros of every text.
        batch_size: texts per batch, on average; B is at most `MAX_BATCH_FACTOR` times that.
        epochs: E; each is shuffled anew.
        seed: of the shuffling.

    Returns:
        The row numbers of every batch, and the most non-zeros that one has.

    Example:
        >>> sizes = np.array([1, 9, 1, 8, 1, 1], np.int32)
        >>> order, capacity = pack_batches(sizes, 3, 1, seed=1)
        >>> np.append(sizes, 0)[order].sum(2).tolist(), capacity
        ([[10, 2, 9]], 10)
    """
    capacity = max(round(sizes.mean() * batch_size), int(sizes.max()), 1)
    largest = MAX_BATCH_FACTOR * batch_size
    cut = [
        _cut(sizes, random_bits(len(sizes), seed, BLOCK_ORDER, epoch), capacity, largest)
        for epoch in range(epochs)
    ]
    steps = max(map(len, cut))
    width = max(len(batch) for batches in cut for batch in batches)
    order = np.full((epochs, steps, width), len(sizes), np.int32)
    for epoch, batches in enumerate(cut):
        for number, batch in enumerate(batches):
            order[epoch, number, : len(batch)] = batch
    return PackedBatches(order, capacity)


def _cut(
    sizes: NDArray[np.int32], bits: NDArray[np.uint32], capacity: int, largest: int
) -> list[NDArray[np.int64]]:
    """The row numbers of every batch: as many texts as have at most `capacity` non-zeros."""
    rows = bits.argsort(kind="stable")
    ends = sizes[rows].cumsum(dtype=np.int64)
    batches = []
    start = 0
    before = 0
    while start < len(rows):
        stop = min(int(ends.searchsorted(before + capacity, side="right")), start + largest)
        batches.append(rows[start:stop])
        start = stop
        before = int(ends[stop - 1])
    return batches


def train(
    counts: Any,
    targets: NDArray[Any],
    weights: NDArray[Any],
    config: BagConfig,
    callback: Callable[[EpochLog], None],
) -> BagFitResult:
    """Train with a learning rate that falls linearly to 0, step by step.

    Args:
        counts: `(N, V)` SciPy CSR matrix.
        targets: `(N,)` classes, or `(N, O)` labels.
        weights: `(N,)` of the texts.
        config: how to train.
        callback: called after each epoch.

    Returns:
        The vectors, the output layer, and the metrics of every epoch.

    Raises:
        DivergenceError: the loss or a vector is not finite.
    """
    packed = pack_batches(np.diff(counts.indptr), config.batch_size, config.epochs, config.seed)
    with ThreadPoolExecutor(1) as executor:
        compiling = executor.submit(_compile, counts, targets, config, packed)
        rank = _rank_by_frequency(counts)
        features = l1_normalize(counts)
        features.indices = rank.take(features.indices)
        data = make_dataset(features, targets, weights)
        state = init(config.seed, counts.shape[1], config.vector_size, config.outputs)
        compiled_epoch = compiling.result()
    history: dict[str, list[float]] = {"loss": [], "accuracy": []}
    for epoch, rates in enumerate(_learning_rates(config, packed)):
        order = jnp.asarray(packed.order[epoch])
        state, means = compiled_epoch(state, data, order, jnp.asarray(rates))
        for name, mean in means.items():
            history[name].append(float(mean))
        _check_finite(history, state, config)
        metrics = {name: values[-1] for name, values in history.items()}
        callback(EpochLog(epoch + 1, config.epochs, metrics, ()))
    table = np.asarray(state.embeddings).take(rank, axis=0)
    return BagFitResult(table, DenseParams(*map(np.asarray, state.output)), history)  # type: ignore[arg-type]


def l1_normalize(counts: Any) -> Any:
    """What share of its text each term is: rows of `(N, V)`, dense or not, scaled to sum to 1."""
    return normalize(csr_array(counts), norm="l1")


@fixed_settings()  # those of the thread
def _compile(counts: Any, targets: NDArray[Any], config: BagConfig, packed: PackedBatches) -> Any:
    """Compile an epoch from the shapes alone, while the features are prepared."""
    size = counts.shape[0]
    order = packed.order
    entries = max(counts.nnz, 1)
    features = SparseRows(_shape(size + 1, int), _shape(entries, int), _shape(entries))
    kind = int if targets.dtype.kind in "iu" else float
    data = Dataset(features, _shape(targets.shape, kind), _shape(size))
    with jax.enable_x64(False):  # a setting of the thread
        state = jax.eval_shape(
            lambda: init(config.seed, counts.shape[1], config.vector_size, config.outputs)
        )
        return run_epoch.lower(
            state,
            data,
            _shape(order.shape[1:], int),
            _shape(order.shape[1]),
            loss=config.loss,
            metric=config.accuracy,
            capacity=packed.capacity,
        ).compile()


def _shape(shape: int | tuple[int, ...], kind: type = float) -> Any:
    sizes = shape if isinstance(shape, tuple) else (shape,)
    return jax.ShapeDtypeStruct(sizes, {int: np.int32, float: np.float32}[kind])  # type: ignore[no-untyped-call]


def _learning_rates(config: BagConfig, packed: PackedBatches) -> NDArray[np.float32]:
    """`(E, S)` the learning rate of every step."""
    epochs, steps, _ = packed.order.shape
    left = 1 - np.arange(steps * epochs).reshape(epochs, steps) / (steps * epochs)
    rates: NDArray[np.float32] = np.float32(config.learning_rate) * left.astype(np.float32)
    return rates


def _check_finite(history: dict[str, list[float]], state: BagState, config: BagConfig) -> None:
    # A row of the table that is not finite has made its sum of squares so.
    if not np.isfinite(history["loss"][-1]) or not np.isfinite(state.row_squares).all():
        raise DivergenceError(
            f"training diverged in epoch {len(history['loss'])} (the loss or a vector is not "
            f"finite) with learning_rate={config.learning_rate}; lower it"
        )


def _rank_by_frequency(counts: Any) -> NDArray[np.int32]:
    """`(V,)` the rank of every column, the most used first.

    Rows of a large table that are used together then share pages of memory: a fifth of the time.
    """
    order = np.argsort(-np.bincount(counts.indices, minlength=counts.shape[1]), kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank
