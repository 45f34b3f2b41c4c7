"""Training an embedding bag: from a matrix of counts to vectors."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from textdl.classify.embedding_bag import model as bag
from textdl.classify.embedding_bag.packing import PackedBatches, pack_batches
from textdl.errors import DivergenceError
from textdl.jax_settings import fixed_settings
from textdl.nn.data.dataset import Dataset, make_dataset
from textdl.nn.data.sparse import SparseRows
from textdl.nn.layers.dense import DenseParams
from textdl.nn.training.fit import EpochLog
from textdl.nn.training.step import Metric


class BagConfig(NamedTuple):
    """How to train."""

    vector_size: int  # D
    outputs: int  # O
    epochs: int
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


def train(
    counts: Any,
    targets: NDArray[Any],
    weights: NDArray[Any],
    config: BagConfig,
    show: Callable[[EpochLog], None],
) -> BagFitResult:
    """Train with a rate that falls to 0 step by step.

    Args:
        counts: `(N, V)` SciPy CSR matrix.
        targets: `(N,)` classes, or `(N, O)` labels.
        weights: `(N,)` of the texts.
        config: how to train.
        show: called after each epoch.

    Raises:
        DivergenceError: the loss or a vector is not finite.
    """
    packed = pack_batches(np.diff(counts.indptr), config.batch_size, config.epochs, config.seed)
    with ThreadPoolExecutor(1) as aside:
        compiling = aside.submit(_compile, counts, targets, config, packed)
        place = _by_frequency(counts)
        features = l1_normalize(counts)
        features.indices = place.take(features.indices)
        data = make_dataset(features, targets, weights)
        state = bag.init(config.seed, counts.shape[1], config.vector_size, config.outputs)
        run_epoch = compiling.result()
    history: dict[str, list[float]] = {"loss": [], "accuracy": []}
    for epoch, rates in enumerate(_rates(config, packed)):
        state, means = run_epoch(state, data, jnp.asarray(packed.order[epoch]), jnp.asarray(rates))
        for name, mean in means.items():
            history[name].append(float(mean))
        _check_finite(history, state, config)
        measures = {name: values[-1] for name, values in history.items()}
        show(EpochLog(epoch + 1, config.epochs, measures, ()))
    table = np.asarray(state.embeddings).take(place, axis=0)
    return BagFitResult(table, DenseParams(*map(np.asarray, state.output)), history)  # type: ignore[arg-type]


def l1_normalize(counts: Any) -> Any:
    """What part of its text each term is: rows of `(N, V)`, dense or not, scaled to sum to 1."""
    return normalize(csr_array(counts), norm="l1")


@fixed_settings()  # those of the thread
def _compile(counts: Any, targets: NDArray[Any], config: BagConfig, packed: PackedBatches) -> Any:
    """Compile an epoch from the shapes alone, so that it takes no time of the preparations."""
    size, order = counts.shape[0], packed.order
    places = max(counts.nnz, 1)
    features = SparseRows(_shape(size + 1, int), _shape(places, int), _shape(places))
    kind = int if targets.dtype.kind in "iu" else float
    data = Dataset(features, _shape(targets.shape, kind), _shape(size))
    with jax.enable_x64(False):  # a setting of the thread
        state = jax.eval_shape(
            lambda: bag.init(config.seed, counts.shape[1], config.vector_size, config.outputs)
        )
        return bag.run_epoch.lower(
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


def _rates(config: BagConfig, packed: PackedBatches) -> NDArray[np.float32]:
    """`(E, S)` the rate of every step."""
    epochs, steps, _ = packed.order.shape
    left = 1 - np.arange(steps * epochs).reshape(epochs, steps) / (steps * epochs)
    rates: NDArray[np.float32] = np.float32(config.learning_rate) * left.astype(np.float32)
    return rates


def _check_finite(history: dict[str, list[float]], state: bag.BagState, config: BagConfig) -> None:
    # What is not finite in a row of the table has been so in its sum of squares.
    if not np.isfinite(history["loss"][-1]) or not np.isfinite(state.row_squares).all():
        raise DivergenceError(
            f"training diverged in epoch {len(history['loss'])} (the loss or a vector is not "
            f"finite) with learning_rate={config.learning_rate}; lower it"
        )


def _by_frequency(counts: Any) -> NDArray[np.int32]:
    """`(V,)` the place of every column among all, the most used first.

    Rows of a large table that are used together then share pages of memory: a fifth of the time.
    """
    order = np.argsort(-np.bincount(counts.indices, minlength=counts.shape[1]), kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place
