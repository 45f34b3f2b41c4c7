"""Lazy steps, which update only the rows of a batch: what changes, and where both steps agree."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.sparse import csr_array

from tests.nn.conftest import (
    AdamByHand,
    as_numpy,
    assert_close_layers,
    gradient_by_hand,
    mean_squared,
    network,
)
from textdl import nn
from textdl.nn.data.sparse import NO_COLUMN, SparseBatch
from textdl.nn.estimators.mlp import first_weights
from textdl.nn.training import step
from textdl.nn.training.step import initial_state, run_epoch, unique_columns

KEY = jax.random.key(0)
ROWS = nn.Objective(network(), mean_squared, lazy_rows=first_weights)
PLAIN = nn.Objective(network(), mean_squared)
SHRUNK = nn.Objective(
    network(), mean_squared, regularizer=nn.Regularizer(l2=0.5), lazy_rows=first_weights
)


@pytest.fixture(scope="module")
def narrow(case):
    """The examples, with features 2 and 5 (the last) in none of them."""
    x = case.x.copy()
    x[:, [2, 5]] = 0
    return x, nn.make_dataset(csr_array(x), case.y)


@pytest.mark.parametrize(
    "optimizer",
    ["adam"]
    + [
        pytest.param(name, marks=pytest.mark.full) for name in nn.OPTIMIZERS if name not in ("adam")
    ],
)
def test_lazy_step_keeps_rows_of_absent_features(narrow, start, optimizer):
    training = nn.TrainingConfig(epochs=2, batch_size=4, optimizer=optimizer, learning_rate=0.02)
    trained = nn.fit(start, narrow[1], SHRUNK, training, key=KEY)
    moved = np.asarray(trained.params[0].weights != start[0].weights).any(1)
    assert moved.tolist() == [True, True, False, True, True, False]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(trained.params))


def test_lazy_sgd_without_regularizer_equals_dense_step(case, start):
    training = nn.TrainingConfig(epochs=4, batch_size=4, optimizer="sgd", learning_rate=0.05)
    ends = [
        nn.fit(start, case.data(sparse=True, weights=case.weights), objective, training, key=KEY)
        for objective in (ROWS, PLAIN)
    ]
    assert_close_layers(ends[0].params, ends[1].params, 1e-6)
    np.testing.assert_allclose(ends[0].history["loss"], ends[1].history["loss"], rtol=1e-5)


def test_lazy_adam_matches_numpy(case, start):
    """Averages and weights of a row stand still while no example of the batch has its feature."""
    training = nn.TrainingConfig(epochs=3, batch_size=4, learning_rate=0.02, shuffle=False)
    trained = nn.fit(start, case.data(sparse=True), SHRUNK, training, key=KEY)
    layers = as_numpy(start)
    adam = AdamByHand(layers, 0.02)
    skipped = 0
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            x, y = case.x[rows], case.y[rows]
            absent = ~(x != 0).any(0)
            skipped += absent.sum()
            tables = (layers[0], adam.first[0], adam.second[0])
            before = [table[0][absent].copy() for table in tables]
            _, gradient = gradient_by_hand(layers, x, y, np.ones(len(x)), l2=0.5)
            adam.update(layers, gradient)
            for table, kept in zip((layers[0], adam.first[0], adam.second[0]), before, strict=True):
                table[0][absent] = kept
    assert skipped > 0
    assert_close_layers(trained.params, layers)


def test_dense_step_moves_rows_of_absent_features(narrow, start):
    """The two are different algorithms: a regularizer shrinks every row of the dense one."""
    objective = nn.Objective(network(), mean_squared, regularizer=nn.Regularizer(l2=0.5))
    training = nn.TrainingConfig(epochs=1, batch_size=4)
    trained = nn.fit(start, narrow[1], objective, training, key=KEY)
    assert (trained.params[0].weights != start[0].weights).all()


def test_lazy_step_on_an_empty_matrix_trains_the_biases(case, start):
    data = nn.make_dataset(csr_array((10, 6), dtype=np.float32), case.y)
    training = nn.TrainingConfig(epochs=1, batch_size=4, optimizer="sgd")
    trained = nn.fit(start, data, ROWS, training, key=KEY)
    np.testing.assert_array_equal(trained.params[0].weights, start[0].weights)
    assert (trained.params[-1].bias != start[-1].bias).all()


@pytest.mark.parametrize("columns", [[7, 2, 7, 0, 2, NO_COLUMN], [5] * 6, [NO_COLUMN] * 6])
def test_unique_columns_give_the_same_product(columns):
    values = [1.0, 2, 3, 4, 5, 0] if columns[0] != NO_COLUMN else [0.0] * 6
    batch = SparseBatch(jnp.array([2, 2, 5]), jnp.array(columns), jnp.array(values))
    rows, local = jax.jit(unique_columns, static_argnums=1)(batch, 8)
    assert sorted(set(rows.tolist()) - {NO_COLUMN}) == sorted(set(columns) - {NO_COLUMN})
    used = rows[rows != NO_COLUMN].tolist()
    assert len(used) == len(set(used))
    weights = np.arange(1.0, 17, dtype=np.float32).reshape(8, 2)
    part = jnp.asarray(weights).at[rows].get(mode="fill", fill_value=0)
    np.testing.assert_array_equal(local @ part, batch @ jnp.asarray(weights))


def test_one_program_serves_all_strengths_of_the_l2_term():
    data = nn.make_dataset(np.eye(4), np.zeros((4, 1)))
    config = nn.TrainingConfig(epochs=1, batch_size=4, optimizer="sgd", learning_rate=0.1)
    layer = nn.Dense(4, 1)
    start = layer.init(jax.random.key(0))
    found = []
    before = None
    for l2 in (0.1, 0.2, 0.4):
        objective = nn.Objective(layer, mean_squared, regularizer=nn.Regularizer(l2=l2))
        found.append(nn.fit(start, data, objective, config, key=jax.random.key(1)).params)
        before = before or run_epoch._cache_size()
    assert run_epoch._cache_size() == before
    weights = [np.asarray(it.weights) for it in found]
    # w - 0.1 (g + l2 w / 4): the difference is linear in l2.
    np.testing.assert_allclose(
        weights[0] - weights[1], 0.1 * 0.1 / 4 * np.asarray(start.weights), atol=1e-7
    )
    np.testing.assert_allclose(
        weights[1] - weights[2], 0.2 * 0.1 / 4 * np.asarray(start.weights), atol=1e-7
    )


def from_parameters():
    """An optimizer that begins with what no constant is."""
    start = optax.sgd(1.0)
    return optax.GradientTransformation(lambda params: jax.tree.map(jnp.sin, params), start.update)


OPTIMIZERS = {
    "adam": optax.adam(1.0),
    "adagrad": optax.adagrad(1.0),
    "momentum": optax.sgd(1.0, momentum=0.9),
    "sgd": optax.sgd(1.0),
    "schedule": optax.adam(lambda count: 1 / (1 + count)),
    "from parameters": from_parameters(),
    "average": optax.chain(optax.scale_by_adam(), optax.ema(0.9)),
}


@pytest.mark.parametrize("most", [0, step.MOST_FILLED_ON_HOST])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_initial_state_is_that_of_optax(optimizer, most, monkeypatch):
    monkeypatch.setattr(step, "MOST_FILLED_ON_HOST", most)
    params = ({"weights": np.ones((3, 2), np.float32)}, (), np.array(0.5, np.float32))
    state = initial_state(params, optimizer)
    expected = jax.jit(optimizer.init)(params)
    assert state.params is params
    assert jax.tree.structure(state.optimizer) == jax.tree.structure(expected)
    for found, wanted in zip(
        jax.tree.leaves(state.optimizer), jax.tree.leaves(expected), strict=True
    ):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
