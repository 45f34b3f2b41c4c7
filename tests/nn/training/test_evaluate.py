"""Outputs, loss and metrics on other data: by hand, for any number of rows, and what is refused."""

import jax
import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.nn.conftest import (
    OBJECTIVE,
    as_numpy,
    mean_absolute,
    mean_squared,
    network,
    outputs_by_hand,
)
from textdl import nn
from textdl.errors import DataError, ParameterError

MEASURED = nn.Objective(network(), mean_squared, (("absolute_error", mean_absolute),))


def test_evaluate_matches_numpy(case, start):
    metrics = nn.evaluate(start, case.data(weights=case.weights), MEASURED, 3)
    residual = outputs_by_hand(as_numpy(start), case.x)[-1] - case.y
    expected = np.average((residual**2).mean(1), weights=case.weights)
    assert float(metrics["loss"]) == pytest.approx(expected, rel=1e-5)


def test_evaluate_sparse_equals_dense(case, start):
    dense, sparse = (
        nn.evaluate(start, case.data(sparse=s), OBJECTIVE)["loss"] for s in (False, True)
    )
    assert float(sparse) == pytest.approx(float(dense), rel=1e-5)


def test_evaluate_raw_arrays_name_the_remedy(case, start):
    with pytest.raises(DataError, match=r"data is of type tuple; expected nn.make_dataset\("):
        nn.evaluate(start, (case.x, case.y), OBJECTIVE)


def test_evaluate_features_of_another_width_are_refused(case, start):
    data = nn.make_dataset(case.x[:, :5], case.y)
    with pytest.raises(DataError, match="rows of 5 numbers do not fit a dense layer of 6 inputs"):
        nn.evaluate(start, data, OBJECTIVE)


@pytest.mark.parametrize("rows", [0, 1, 256, 257])
@pytest.mark.parametrize("sparse", [False, True])
def test_predict_any_number_of_rows(rows, sparse):
    network = nn.mlp((3, 2))
    params = network.init(jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    got = nn.predict(network, params, csr_array(x) if sparse else x)
    assert got.shape == (rows, 2)
    expected = x @ np.asarray(params[0].weights) + np.asarray(params[0].bias)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_predict_without_dropout():
    params = nn.mlp((3, 8, 2)).init(jax.random.key(0))
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(
        nn.predict(nn.mlp((3, 8, 2), dropout=0.9), params, x),
        nn.predict(nn.mlp((3, 8, 2)), params, x),
    )


@pytest.mark.parametrize("sparse", [False, True])
def test_predict_features_of_another_width_are_refused(sparse):
    network = nn.mlp((3, 8, 2))
    x = np.ones((2, 4), np.float32)
    with pytest.raises(DataError, match="rows of 4 numbers do not fit a dense layer of 3 inputs"):
        nn.predict(network, network.init(jax.random.key(0)), csr_array(x) if sparse else x)


def test_predict_with_a_function_is_refused():
    with pytest.raises(ParameterError, match=r"is not a layer; expected one of nn\.Dense"):
        nn.predict(lambda params, x, key: x, (), [[1.0]])
