"""Every objective: its gradients against a loop over pairs, and against automatic derivatives."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.embed.objectives.reference import (
    cbow_by_loop,
    random_batch,
    random_tables,
    skipgram_by_loop,
    summed_gradients,
)
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import OBJECTIVES
from textdl.embed.objectives.objective import ProductGradients, RowGradients, get_objective
from textdl.errors import ParameterError
from textdl.text.vocabulary import Vocabulary

BY_LOOP = {"skipgram": skipgram_by_loop, "cbow": cbow_by_loop}


def test_every_objective_is_tested():
    assert set(BY_LOOP) == set(OBJECTIVES)


@pytest.mark.parametrize("strip", [1, 2, 8, 16])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("arch", OBJECTIVES)
def test_gradients_equal_a_loop_over_pairs(arch, seed, strip):
    tables, batch = random_tables(), random_batch(seed=seed)
    function = jax.jit(partial(get_objective(arch).loss_and_gradients, strip=strip))
    found = function(tables, batch)
    loss, pairs, gradients = BY_LOOP[arch](tables, batch)
    np.testing.assert_allclose(found.loss, loss, rtol=1e-5)
    np.testing.assert_array_equal(found.pairs, pairs)
    for name, summed in summed_gradients(tables, found).items():
        np.testing.assert_allclose(summed, gradients[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_gradients_equal_automatic_derivatives(arch):
    tables, batch = random_tables(40), random_batch(40, blocks=3, length=32, halo=5, noise=70)
    function = get_objective(arch).loss_and_gradients
    expected = jax.grad(lambda tables: function(tables, batch).loss.sum())(tables)
    found = jax.jit(function)(tables, batch)
    for name, summed in summed_gradients(tables, found).items():
        np.testing.assert_allclose(summed, expected[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_scores_beyond_the_range_of_exp_stay_finite(arch):
    tables, batch = random_tables(scale=100.0), random_batch()
    found = get_objective(arch).loss_and_gradients(tables, batch)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
    loss, _, _ = BY_LOOP[arch](tables, batch)
    np.testing.assert_allclose(found.loss, loss, rtol=1e-4)


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_center_without_context_changes_nothing(arch):
    tables, batch = random_tables(), random_batch()
    nobody = jnp.zeros_like(batch.left)
    alone = batch._replace(left=nobody, right=nobody)
    found = get_objective(arch).loss_and_gradients(tables, alone)
    assert not np.asarray(found.loss).any()
    assert not np.asarray(found.pairs).any()
    assert not any(it.any() for it in summed_gradients(tables, found).values())


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_initial_loss_is_that_of_the_initial_tables(arch):
    vocabulary = Vocabulary([f"w{i}" for i in range(9)], np.arange(90, 0, -10))
    config = EmbeddingConfig(arch=arch, vector_size=4)
    objective = get_objective(arch)
    found = objective.loss_and_gradients(objective.init(vocabulary, config), random_batch())
    loss = found.loss.sum() / found.pairs.sum()
    np.testing.assert_allclose(loss, objective.initial_loss(vocabulary, config), rtol=1e-5)


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_expected_updates_are_those_of_drawn_pairs(arch):
    """Per pair, and each of a mean's n vectors for 1 / n of it."""
    counts = np.array([400, 300, 200, 100])
    vocabulary = Vocabulary(list("abcd"), counts)
    config = EmbeddingConfig(arch=arch, window=3)
    expected = get_objective(arch).expected_updates(vocabulary, counts / 1000, config)
    per_center = {"skipgram": config.window + 1, "cbow": 1}[arch]
    for updates in expected.values():
        assert updates.shape == (4,)
        np.testing.assert_allclose(updates.sum(), per_center * (1 + config.negative))


def test_gradients_are_scaled_row_by_row():
    draw = np.random.default_rng(0)
    factors = draw.random((2, 3))
    rows = RowGradients(np.zeros((2, 3), int), draw.random((2, 3, 5)))
    np.testing.assert_allclose(rows.scaled(factors), factors[..., None] * rows.values, rtol=1e-6)
    product = ProductGradients(rows.ids, draw.random((2, 3, 4)), draw.random((2, 4, 5)))
    whole = factors[..., None] * (product.score_gradients @ product.vectors)
    np.testing.assert_allclose(product.scaled(factors), whole, rtol=1e-5)


def test_unknown_objective_is_refused():
    with pytest.raises(ParameterError, match="arch 'glove' is unknown; expected one of skipgram"):
        get_objective("glove")
