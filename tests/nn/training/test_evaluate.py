"""Evaluation against NumPy, and what is refused."""

import numpy as np
import pytest

from tests.nn.conftest import (
    OBJECTIVE,
    as_numpy,
    mean_absolute,
    mean_squared,
    network,
    outputs_by_hand,
)
from textdl import nn
from textdl.errors import DataError

MEASURED = nn.Objective(network(), mean_squared, (("absolute_error", mean_absolute),))


def test_evaluate_by_hand(case, start):
    metrics = nn.evaluate(start, case.data(weights=case.weights), MEASURED, 3)
    residual = outputs_by_hand(as_numpy(start), case.x)[-1] - case.y
    expected = np.average((residual**2).mean(1), weights=case.weights)
    assert float(metrics["loss"]) == pytest.approx(expected, rel=1e-5)


def test_evaluate_of_sparse_examples_sees_them(case, start):
    dense, sparse = (
        nn.evaluate(start, case.data(sparse=s), OBJECTIVE)["loss"] for s in (False, True)
    )
    assert float(sparse) == pytest.approx(float(dense), rel=1e-5)


def test_raw_arrays_in_the_place_of_data_name_the_remedy(case, start):
    with pytest.raises(DataError, match=r"data is of type tuple; expected nn.make_dataset\("):
        nn.evaluate(start, (case.x, case.y), OBJECTIVE)


def test_features_of_another_width_are_refused(case, start):
    data = nn.make_dataset(case.x[:, :5], case.y)
    with pytest.raises(DataError, match="rows of 5 numbers do not fit a dense layer of 6 inputs"):
        nn.evaluate(start, data, OBJECTIVE)
