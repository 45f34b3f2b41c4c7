"""Layers side by side: outputs joined, keys, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.nn.layers.sequence_cases import (
    assert_padding_changes_nothing,
    batch,
    check_layer_gradients,
)
from textdl import nn
from textdl.errors import ParameterError

KEY = jax.random.key(0)
LAYER = nn.Parallel(
    tuple(nn.sequential(nn.Conv1D(3, 2, width), nn.MaxPooling()) for width in (2, 3))
)


def test_outputs_are_those_of_each_layer_joined():
    params = LAYER.init(KEY)
    expected = [layer.apply(own, batch()) for layer, own in zip(LAYER.layers, params, strict=True)]
    np.testing.assert_array_equal(LAYER.apply(params, batch()), np.hstack(expected))


def test_each_layer_draws_from_its_own_key():
    layer = nn.Parallel((nn.Dropout(0.5), nn.Dropout(0.5)))
    one, two = np.split(np.asarray(layer.apply(((), ()), jnp.ones((4, 50)), key=KEY)), 2, axis=1)
    assert (one != two).any()


def test_gradients_and_padding():
    check_layer_gradients(LAYER)
    assert_padding_changes_nothing(LAYER)


def test_frozen_is_what_each_layer_says():
    layer = nn.Parallel((nn.Embedding(3, 2, trainable=False), nn.Dense(3, 2)))
    frozen = layer.frozen(layer.init(KEY))
    assert jax.tree.leaves(frozen) == [True, False, False]


def test_no_layers_are_refused():
    with pytest.raises(ParameterError, match="give at least one"):
        nn.Parallel(())
