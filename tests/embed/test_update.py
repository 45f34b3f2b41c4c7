"""A step against a loop over rows; update damping and bounds against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.embed.objectives.reference import (
    by_loop,
    random_batch,
    random_tables,
    some_objective,
    stack,
)
from textdl.embed.tables import (
    LossAndGradients,
    OuterGradients,
    ProductGradients,
    RowGradients,
    row_lengths,
)
from textdl.embed.update import (
    MERGE_KAPPA,
    MERGE_LIMIT,
    STEP_KAPPA,
    STEP_LIMIT,
    apply_gradients,
    bounded_merge,
    bounded_shares,
    merge_weights,
    run_steps,
    step,
    step_weights,
)

OBJECTIVE, TEXT, CONFIG = some_objective()
SKIPGRAM = OBJECTIVE.loss_and_gradients
TABLES = random_tables(OBJECTIVE)
ONES = {"input": jnp.ones(9), "output": jnp.ones(9)}


def skipgram_batch(**options):
    """One step, and its tokens."""
    return random_batch(OBJECTIVE, CONFIG, **options)


@pytest.mark.parametrize("seed", range(3))
def test_step_is_the_pairwise_gradient_weighted_by_row(seed):
    # At so small a rate no row reaches the limit of a step.
    tables, (batch, tokens) = TABLES, skipgram_batch(seed=seed, rate=1e-3)
    draw = np.random.default_rng(seed)
    weights = {name: draw.random(9).astype(np.float32) for name in tables}
    loss, predictions, gradients = by_loop(tables, batch, tokens, TEXT, CONFIG)
    after, metrics = jax.jit(step, static_argnums=3)(tables, batch, weights, SKIPGRAM)
    for name, gradient in gradients.items():
        change = np.asarray(after[name]) - np.asarray(tables[name])
        expected = -weights[name][:, None] * gradient
        np.testing.assert_allclose(1e3 * change, expected, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(metrics.loss, loss.sum(), rtol=1e-5)
    assert metrics.predictions == predictions.sum()


@pytest.mark.parametrize("rate", [0.03, 1.0, 1e3])
def test_step_moves_no_row_further_than_the_limit(rate):
    """Against the gradient, as far as the limit allows."""
    tables, (batch, tokens) = TABLES, skipgram_batch(rate=rate)
    _, _, gradients = by_loop(tables, batch, tokens, TEXT, CONFIG)
    after, _ = step(tables, batch, ONES, SKIPGRAM)
    for name, gradient in gradients.items():
        change = np.asarray(after[name]) - np.asarray(tables[name])
        lengths = np.linalg.norm(change, axis=1)
        wanted = np.linalg.norm(gradient, axis=1)
        assert (lengths <= STEP_LIMIT * 1.001).all()
        assert (lengths <= rate * wanted * 1.001).all()
        moved = wanted > 0
        cosine = -(change * gradient).sum(axis=1)[moved] / (lengths * wanted)[moved]
        np.testing.assert_allclose(cosine, 1, rtol=1e-3)


def test_run_steps_takes_one_after_the_other():
    steps = [skipgram_batch(seed=seed)[0] for seed in range(4)]
    together, metrics = run_steps(jax.tree.map(jnp.copy, TABLES), stack(steps), ONES, SKIPGRAM)
    tables = TABLES
    for number, batch in enumerate(steps):
        tables, single = step(tables, batch, ONES, SKIPGRAM)
        np.testing.assert_allclose(metrics.loss[number], single.loss, rtol=1e-5)
    for name, table in tables.items():
        np.testing.assert_allclose(together[name], table, rtol=1e-5, atol=1e-6)


def test_step_of_tables_of_any_rows_changes_those_with_gradients():
    """Nothing here is a word: three tables of other sizes, one of them constant."""
    draw = np.random.default_rng(0)
    rows = {"nodes": 7, "buckets": 40, "constant": 3}
    tables = {name: jnp.asarray(draw.normal(size=(n, 4)), jnp.float32) for name, n in rows.items()}
    ids = jnp.array([[1, 5, 1], [6, 5, 0]])
    score_gradients = jnp.asarray(draw.normal(size=(2, 3, 2)), jnp.float32)
    vectors = jnp.asarray(draw.normal(size=(2, 2, 4)), jnp.float32)
    values = jnp.asarray(draw.normal(size=(2, 3, 4)), jnp.float32)

    def loss_and_gradients(tables, batch):
        every = [
            RowGradients(ids, values),
            ProductGradients(ids, score_gradients, vectors),
            OuterGradients(ids, score_gradients[..., 0], vectors[:, 0]),
        ]
        gradients = {"nodes": every, "buckets": [RowGradients(5 * ids + 3, values)]}
        return LossAndGradients(jnp.ones(2), jnp.full(2, 3.0), gradients)

    weights = {name: jnp.asarray(draw.random(n), jnp.float32) for name, n in rows.items()}
    after, metrics = step(tables, skipgram_batch(rate=0.01)[0], weights, loss_and_gradients)
    moves = {name: np.zeros(table.shape) for name, table in tables.items()}
    outer = score_gradients[..., :1] * vectors[:, :1]
    np.add.at(moves["nodes"], ids, values + score_gradients @ vectors + outer)
    np.add.at(moves["buckets"], 5 * ids + 3, values)
    for name, table in tables.items():
        expected = table - 0.01 * weights[name][:, None] * moves[name]
        np.testing.assert_allclose(after[name], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(after["constant"], tables["constant"])
    assert metrics == (2.0, 6.0, {})


def test_apply_gradients_bounds_outer_gradients_as_their_rows():
    draw = np.random.default_rng(0)
    ids = jnp.array([[1, 5, 1], [6, 5, 0]])
    outer = OuterGradients(ids, draw.normal(size=(2, 3)), jnp.asarray(draw.normal(size=(2, 4))))
    rows = RowGradients(ids, outer.score_gradients[..., None] * outer.vectors[:, None])
    moved = [
        apply_gradients(jnp.zeros((7, 4)), [gradient], jnp.float32(2.0), jnp.ones(7))
        for gradient in (outer, rows)
    ]
    np.testing.assert_allclose(moved[0], moved[1], rtol=1e-5, atol=1e-6)
    assert row_lengths(moved[0]).max() == pytest.approx(STEP_LIMIT)


def test_apply_gradients_bounds_a_row_over_all_its_gradients():
    table = jnp.zeros((3, 2))
    far = [RowGradients(jnp.array([0, 1]), jnp.array([[3.0, 0.0], [0.1, 0.0]])) for _ in range(2)]
    moved = apply_gradients(table, far, jnp.float32(1.0), jnp.ones(3))
    np.testing.assert_allclose(moved, [[-STEP_LIMIT, 0], [-0.2, 0], [0, 0]], rtol=1e-6)


# Update damping


@pytest.mark.parametrize("count", [1, 2, 5])
def test_merge_weights_make_up_for_working_side_by_side(count):
    """For rows that each update moves by a fixed share of what is left of their way."""
    updates = np.array([1e-3, 1.0, 50.0, 3000.0, 1e9])
    left = np.exp(-MERGE_KAPPA * updates)  # of the way, after one worker's updates
    in_sequence = 1 - left**count
    side_by_side = count * (1 - left)
    weights = merge_weights(updates, count)
    np.testing.assert_allclose(weights * side_by_side, in_sequence, rtol=1e-3)
    assert weights[0] == pytest.approx(1.0, abs=1e-4)
    assert weights[-1] == pytest.approx(1 / count)


def test_step_weights_make_up_for_updates_from_one_point():
    updates = np.array([0.0, 1e-3, 1.0, 50.0, 3000.0, 1e9])
    in_sequence = 1 - np.exp(-STEP_KAPPA * updates)
    weights = step_weights(updates)
    np.testing.assert_allclose(weights * STEP_KAPPA * updates, in_sequence, rtol=1e-4)
    assert weights[0] == 1


# Bounds


def test_bounded_shares_keep_the_sum_of_each_row_within_the_limit():
    draw = np.random.default_rng(0)
    ids = draw.integers(0, 40, 300).astype(np.int32)
    changes = draw.normal(size=(300, 6)).astype(np.float32) * (ids[:, None] % 5 == 0)
    shares = np.asarray(jax.jit(bounded_shares)(ids, row_lengths(changes)))
    lengths = np.linalg.norm(changes, axis=1)
    for row in range(40):
        own = ids == row
        total = lengths[own].sum()
        np.testing.assert_allclose(shares[own], min(1, STEP_LIMIT / total) if total else 1, 1e-5)


@pytest.mark.parametrize("value", [0.0, 1e-30, 1e18])
def test_bounded_shares_are_finite_for_extreme_lengths(value):
    shares = bounded_shares(jnp.zeros(5, jnp.int32), jnp.full(5, value, jnp.float32))
    assert np.isfinite(shares).all()
    assert (shares * value * 5 <= STEP_LIMIT * 1.001).all()


def test_bounded_shares_of_rows_that_share_a_slot_are_only_smaller():
    ids = jnp.array([3, 3 + (1 << 12), 3 + (1 << 20)], jnp.int32)
    shares = bounded_shares(ids, jnp.array([0.5, 0.5, 1.0]), limit=1.0)
    np.testing.assert_allclose(shares, 0.5)


@pytest.mark.parametrize("count", [2, 16])
def test_bounded_merge_is_near_the_mean_of_the_workers(count):
    draw = np.random.default_rng(1)
    start = draw.normal(size=(7, 9)).astype(np.float32)
    ends = start + 20 * draw.normal(size=(count, 7, 9)).astype(np.float32)
    changes = (ends - start).sum(axis=0)
    merged = bounded_merge(jnp.asarray(start), jnp.asarray(changes), jnp.ones(7), count)
    beyond = np.linalg.norm(merged - ends.mean(axis=0), axis=1)
    assert (beyond <= MERGE_LIMIT / count * 1.001).all()
    mean = bounded_merge(jnp.asarray(start), jnp.asarray(changes), jnp.full(7, 1 / count), count)
    np.testing.assert_allclose(mean, ends.mean(axis=0), rtol=1e-4, atol=1e-4)
