"""Predictions for any number of rows of any kind, and what is refused."""

import jax
import numpy as np
import pytest
from scipy.sparse import csr_array

from textdl import nn
from textdl.errors import DataError, ParameterError


@pytest.mark.parametrize("rows", [0, 1, 256, 257])
@pytest.mark.parametrize("sparse", [False, True])
def test_predictions_for_any_number_of_rows(rows, sparse):
    network = nn.mlp((3, 2))
    params = network.init(jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    got = nn.predict(network, params, csr_array(x) if sparse else x)
    assert got.shape == (rows, 2)
    expected = x @ np.asarray(params[0].weights) + np.asarray(params[0].bias)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_predictions_do_not_drop_units():
    params = nn.mlp((3, 8, 2)).init(jax.random.key(0))
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(
        nn.predict(nn.mlp((3, 8, 2), dropout=0.9), params, x),
        nn.predict(nn.mlp((3, 8, 2)), params, x),
    )


@pytest.mark.parametrize("sparse", [False, True])
def test_features_of_another_width_are_refused(sparse):
    network = nn.mlp((3, 8, 2))
    x = np.ones((2, 4), np.float32)
    with pytest.raises(DataError, match="rows of 4 numbers do not fit a dense layer of 3 inputs"):
        nn.predict(network, network.init(jax.random.key(0)), csr_array(x) if sparse else x)


def test_a_function_is_no_network():
    with pytest.raises(ParameterError, match=r"is not a layer; expected one of nn\.Dense"):
        nn.predict(lambda params, x, key: x, (), [[1.0]])
