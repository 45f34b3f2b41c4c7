"""Every objective: its gradients against a loop over predictions, and automatic derivatives."""

import jax
import numpy as np
import pytest

from tests.embed.objectives.reference import (
    PREDICTIONS,
    TERMS,
    by_loop,
    random_batch,
    random_chunk,
    random_tables,
    some_objective,
    some_text,
    summed_gradients,
)
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import ARCHITECTURES, LEARNING_RATES, LOSSES
from textdl.embed.objectives.objective import make_objective
from textdl.embed.tables import Batches, OuterGradients, ProductGradients, RowGradients
from textdl.errors import ParameterError

SIDES = [(arch, loss) for arch in ARCHITECTURES for loss in LOSSES]
MODELS = [{"arch": arch, "loss": loss} for arch, loss in SIDES] + [
    {"arch": "cbow", "cbow": "sum"},
    {"arch": "cbow", "cbow": "sum", "context_gradient": "divided"},
    {"arch": "cbow", "cbow": "mean", "context_gradient": "whole", "loss": "hs"},
    {"arch": "cbow", "position_weights": True},
    {"arch": "cbow", "position_weights": True, "cbow": "sum", "window_side": "left"},
    {"window_side": "right"},
]
# Those whose gradient is that of the loss.
DERIVED = [model for model in MODELS if "context_gradient" not in model]


def test_every_side_is_tested():
    assert set(PREDICTIONS) == set(ARCHITECTURES)
    assert set(TERMS) == set(LOSSES)
    assert set(LEARNING_RATES) == set(SIDES)


SIZES = [  # every model on few words; the fewest and many with each side of an objective
    pytest.param(words, model, id=f"{words}-{model}", marks=[] if quick else [pytest.mark.full])
    for number, model in enumerate(MODELS)
    for words, quick in ((9, True), (2, number in (1, 2)), (300, number in (0, 3)))
]


@pytest.mark.parametrize(("words", "model"), SIZES)
def test_gradients_equal_a_loop_over_predictions(model, words):
    objective, text, config = some_objective(words, **model)
    tables = random_tables(objective)
    loss_and_gradients = jax.jit(objective.loss_and_gradients)
    for seed in range(2):
        batch, tokens = random_batch(objective, config, words=words, seed=seed, length=32)
        found = loss_and_gradients(tables, batch)
        loss, predictions, gradients = by_loop(tables, batch, tokens, text, config)
        np.testing.assert_allclose(found.loss, loss, rtol=1e-5)
        np.testing.assert_array_equal(found.predictions, predictions)
        for name, summed in summed_gradients(tables, found).items():
            np.testing.assert_allclose(summed, gradients[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("model", DERIVED, ids=str)
def test_gradients_equal_automatic_derivatives(model):
    objective, _, config = some_objective(40, **model, window=5)
    tables = random_tables(objective)
    batch, _ = random_batch(objective, config, words=40, blocks=3, length=32)
    function = objective.loss_and_gradients
    expected = jax.jit(jax.grad(lambda tables: function(tables, batch).loss.sum()))(tables)
    found = jax.jit(function)(tables, batch)
    for name, summed in summed_gradients(tables, found).items():
        np.testing.assert_allclose(summed, expected[name], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_scores_beyond_the_range_of_exp_stay_finite(model):
    objective, text, config = some_objective(**model)
    tables = random_tables(objective, scale=100.0)
    batch, tokens = random_batch(objective, config)
    found = jax.jit(objective.loss_and_gradients)(tables, batch)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
    loss, _, _ = by_loop(tables, batch, tokens, text, config)
    np.testing.assert_allclose(found.loss, loss, rtol=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_center_without_context_changes_nothing(model):
    objective, _, config = some_objective(**model)
    tables = random_tables(objective)
    batch, _ = random_batch(objective, config)
    nobody = np.zeros_like(batch.values["left"])
    alone = batch._replace(values={**batch.values, "left": nobody, "right": nobody})
    found = jax.jit(objective.loss_and_gradients)(tables, alone)
    assert not np.asarray(found.loss).any()
    assert not np.asarray(found.predictions).any()
    assert not any(it.any() for it in summed_gradients(tables, found).values())


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_initial_loss_bounds_that_of_the_initial_tables(model):
    objective, _, config = some_objective(**model)
    batch, _ = random_batch(objective, config)
    found = jax.jit(objective.loss_and_gradients)(objective.init(), batch)
    loss = found.loss.sum() / found.predictions.sum()
    if config.loss == "ns":
        np.testing.assert_allclose(loss, objective.initial_loss, rtol=1e-5)
    else:
        assert 0 < loss <= objective.initial_loss * 1.00001


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_expected_updates_are_those_of_drawn_text(model):
    """How often rows are moved: counted in long random texts, where few sentences end."""
    objective, text, config = some_objective(**model, window=2)
    draw = np.random.default_rng(0)
    halo, length, blocks = config.window, 512, 8
    tokens = draw.choice(9, (blocks, length + 2 * halo), p=text.kept_share)
    reach = draw.integers(1, halo + 1, (blocks, length))
    sides = {"both": (1, 1), "left": (1, 0), "right": (0, 1)}[config.window_side]
    left, right = (side * reach for side in sides)
    batch = Batches({}, {"left": left, "right": right}, 0.1)
    counted = {name: np.zeros(len(it)) for name, it in objective.expected_updates.items()}
    ones = {name: np.ones((len(it), 1)) for name, it in counted.items()}
    for prediction in PREDICTIONS[config.arch](ones, batch, tokens, config):
        scores = count_scores(counted, text, config, prediction)
        for name, row, factor in prediction.parts:
            counted[name][row] += scores * np.mean(factor)
    for name, expected in objective.expected_updates.items():
        found = counted[name] / (blocks * length)
        if name == "positions":  # those near the center are within more windows
            found, expected = found.sum(), expected.sum()
        np.testing.assert_allclose(found, expected, rtol=0.15, atol=0.05)


def count_scores(counted, text, config, prediction):
    """Count the rows that a prediction is scored with, in expectation, and say how many."""
    table, terms = TERMS[config.loss]
    if config.loss == "ns":
        share = text.vocabulary.counts**0.75
        counted[table] += config.negative * share / share.sum()
        counted[table][prediction.word] += 1
        return 1 + config.negative
    rows = [row for row, _, _ in terms(None, text, prediction)]
    counted[table][rows] += 1
    return len(rows)


def test_gradients_are_scaled_row_by_row():
    draw = np.random.default_rng(0)

    def numbers(*shape):
        return draw.random(shape, np.float32)

    factors = numbers(2, 3)
    shares = numbers(6)
    ids = np.zeros((2, 3), int)
    rows = RowGradients(ids, numbers(2, 3, 5))
    product = ProductGradients(ids, numbers(2, 3, 4), numbers(2, 4, 5))
    outer = OuterGradients(ids, numbers(2, 3), numbers(2, 5))
    for gradient, values in [
        (rows, rows.values),
        (product, product.score_gradients @ product.vectors),
        (outer, outer.score_gradients[..., None] * outer.vectors[:, None]),
    ]:
        expected = (factors[..., None] * values).reshape(6, 5)
        scaled = gradient.scaled(factors)
        np.testing.assert_allclose(scaled.lengths, np.linalg.norm(expected, axis=1), rtol=1e-5)
        np.testing.assert_allclose(scaled.times(shares), shares[:, None] * expected, rtol=1e-5)


def test_unknown_names_are_refused():
    with pytest.raises(ParameterError, match="arch='glove'; expected one of skipgram, cbow"):
        EmbeddingConfig(arch="glove")
    config = EmbeddingConfig()
    config.loss = "full"
    with pytest.raises(ParameterError, match="loss 'full' is unknown; expected one of ns, hs"):
        make_objective(some_text(), config)


def test_vocabulary_of_one_word_has_no_decisions():
    text = some_text(1)
    objective = make_objective(text, EmbeddingConfig(loss="hs", vector_size=4, window=3))
    batch, _ = random_batch(objective, EmbeddingConfig(window=3), words=1)
    found = jax.jit(objective.loss_and_gradients)(random_tables(objective), batch)
    assert not np.asarray(found.loss).any()


def test_noise_in_expectation_is_the_definition():
    """Over many draws every word is noise in proportion to its count to the power of 3/4."""
    objective, text, config = some_objective(vector_size=2)
    counts = np.zeros(9)
    for seed in range(200):
        chunk, _ = random_chunk(objective, config, seed=seed)
        counts += np.bincount(chunk.rows["output"]["noise"].reshape(-1), minlength=9)
    share = text.vocabulary.counts**0.75
    expected = counts.sum() * share / share.sum()
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 26  # 99.9 % with 8 degrees of freedom
    weight = float(chunk.values["noise_weight"][0])
    assert weight * chunk.rows["output"]["noise"].shape[2] == config.negative
