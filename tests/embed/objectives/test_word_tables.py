"""The starting point of the tables of words, and how large a context is expected to be."""

import numpy as np
import pytest

from tests.embed.objectives.reference import some_objective
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.word_tables import initial_input, input_vectors, mean_context
from textdl.embed.sampling import reduced_windows
from textdl.keyed_random import WINDOWS


def test_initial_input_is_small_and_uniform():
    config = EmbeddingConfig(seed=5, vector_size=20)
    table = initial_input(3000, config)
    drawn = np.sort(np.asarray(table).reshape(-1) * 20 + 0.5)
    assert drawn[0] >= 0
    assert drawn[-1] <= 1
    np.testing.assert_allclose(drawn, np.linspace(0, 1, drawn.size), atol=0.01)
    np.testing.assert_array_equal(table, initial_input(3000, config))
    other = initial_input(3000, EmbeddingConfig(seed=6, vector_size=20))
    assert (np.asarray(table) != np.asarray(other)).any()


@pytest.mark.parametrize("arch", ["skipgram", "cbow"])
@pytest.mark.parametrize(("loss", "scored", "rows"), [("ns", "output", 9), ("hs", "nodes", 8)])
def test_init_has_words_at_random_and_what_is_scored_at_zero(arch, loss, scored, rows):
    objective, _, config = some_objective(arch=arch, loss=loss)
    tables = objective.init()
    assert set(tables) == {"input", scored}
    np.testing.assert_array_equal(tables["input"], initial_input(9, config))
    assert tables[scored].shape == (rows, config.vector_size)
    assert not np.asarray(tables[scored]).any()
    assert objective.export(tables) is tables["input"]
    assert input_vectors(tables) is tables["input"]


def test_init_of_position_weights_is_one():
    objective, _, config = some_objective(arch="cbow", position_weights=True)
    positions = np.asarray(objective.init()["positions"])
    np.testing.assert_array_equal(positions, np.ones((2 * config.window, config.vector_size)))


@pytest.mark.parametrize("side", ["both", "left", "right"])
@pytest.mark.parametrize("shrink", [True, False])
def test_mean_context_is_that_of_drawn_windows(side, shrink):
    config = EmbeddingConfig(window=7, window_side=side, shrink_windows=shrink)
    windows = reduced_windows(100_000, 7, 1, WINDOWS) if shrink else np.full(1, 7)
    sides = 2 if side == "both" else 1
    assert mean_context(config) == pytest.approx(sides * windows.mean(), rel=0.01)
