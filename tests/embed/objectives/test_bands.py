"""The starting point of the tables, and which tokens are whose context."""

import numpy as np
import pytest

from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.contexts import (
    centers_and_surroundings,
    context_mask,
    input_vectors,
    word_tables,
)

from .reference import random_batch


def test_word_tables_are_small_and_uniform_and_zero():
    config = EmbeddingConfig(seed=5, vector_size=20)
    tables = word_tables(3000, config)
    assert not np.asarray(tables["output"]).any()
    drawn = np.sort(np.asarray(tables["input"]).reshape(-1) * 20 + 0.5)
    assert drawn[0] >= 0
    assert drawn[-1] <= 1
    np.testing.assert_allclose(drawn, np.linspace(0, 1, drawn.size), atol=0.01)
    np.testing.assert_array_equal(tables["input"], word_tables(3000, config)["input"])
    other = word_tables(3000, EmbeddingConfig(seed=6, vector_size=20))
    assert (np.asarray(tables["input"]) != np.asarray(other["input"])).any()
    assert input_vectors(tables) is tables["input"]


@pytest.mark.parametrize("strip", [1, 4, 16])
def test_context_mask_of_strips_is_the_windows(strip):
    batch = random_batch(halo=4)
    centers, around = centers_and_surroundings(batch, strip)
    by_strip = (2, 16 // strip, strip)
    mask = context_mask(batch.left.reshape(by_strip), batch.right.reshape(by_strip), 4)
    tokens, left, right = (np.asarray(x) for x in batch[:3])
    for b, i in np.ndindex(left.shape):
        assert centers[b, i] == tokens[b, i + 4]
        near = np.asarray(around[b, i // strip])[np.asarray(mask[b, i // strip, :, i % strip])]
        window = np.arange(i + 4 - left[b, i], i + 4 + right[b, i] + 1)
        np.testing.assert_array_equal(near, tokens[b, window[window != i + 4]])
