"""Which tokens of a block are the context of which of its centers."""

import numpy as np
import pytest

from tests.embed.objectives.reference import random_batch, some_objective
from textdl.embed.objectives.bands import context_mask, strips_of


@pytest.mark.parametrize("strip", [1, 4, 16])
@pytest.mark.parametrize("side", ["both", "left", "right"])
def test_context_mask_of_strips_is_the_windows(strip, side):
    objective, _, config = some_objective(window=4, window_side=side)
    batch, tokens = random_batch(objective, config)
    left, right = (np.asarray(batch.values[name]) for name in ("left", "right"))
    centers = np.asarray(batch.rows["input"]["centers"])
    around = np.asarray(strips_of(tokens, 4, strip))
    mask = np.asarray(context_mask(left, right, 4, strip))
    assert around.shape == (2, 16 // strip, strip + 8)
    assert mask.shape == (2, 16 // strip, strip + 8, strip)
    for b, i in np.ndindex(left.shape):
        assert centers[b, i] == tokens[b, i + 4]
        near = around[b, i // strip][mask[b, i // strip, :, i % strip]]
        window = np.arange(i + 4 - left[b, i], i + 4 + right[b, i] + 1)
        np.testing.assert_array_equal(near, tokens[b, window[window != i + 4]])
