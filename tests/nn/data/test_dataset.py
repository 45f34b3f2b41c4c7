"""Examples, their batches and their order: every row once, by key and epoch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from textdl import nn
from textdl.errors import DataError, ParameterError
from textdl.nn.data.dataset import epoch_batches, make_dataset, split_dataset

KEY = jax.random.key(0)


@pytest.mark.parametrize("sparse", [False, True])
def test_take_beyond_the_end_has_zero_weight(case, sparse):
    data = case.data(sparse=sparse, weights=case.weights)
    batch = data.take(jnp.array([9, 0, 10, 10]), 60)
    np.testing.assert_allclose(batch.weights, [case.weights[9], case.weights[0], 0, 0])
    np.testing.assert_allclose(batch.targets[:2], case.y[[9, 0]])
    features = batch.features @ jnp.eye(6) if sparse else batch.features
    np.testing.assert_allclose(features[:2], case.x[[9, 0]])


def test_make_dataset_size_is_the_number_of_examples(case):
    assert case.data().size == case.data(sparse=True).size == 10
    assert case.data().weights.tolist() == [1] * 10


def test_dataset_replace_changes_one_field(case):
    weights = jnp.arange(10.0)
    np.testing.assert_array_equal(case.data()._replace(weights=weights).weights, weights)


@pytest.mark.parametrize("fraction", [0.01, 0.25, 0.5, 0.99])
def test_split_dataset_is_a_partition(fraction):
    data = make_dataset(np.arange(20.0)[:, None], np.arange(20), np.arange(20.0))
    rest, aside = split_dataset(data, fraction, KEY)
    assert aside.size == min(max(round(20 * fraction), 1), 19)
    assert sorted([*rest.targets.tolist(), *aside.targets.tolist()]) == list(range(20))
    for part in (rest, aside):
        np.testing.assert_array_equal(part.features.values[:, 0], part.targets)
        np.testing.assert_array_equal(part.weights, part.targets)
    again, _ = split_dataset(data, fraction, KEY)
    np.testing.assert_array_equal(again.targets, rest.targets)
    assert aside.targets.tolist() != list(range(20 - aside.size, 20))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_split_dataset_fraction_out_of_range(case, fraction):
    with pytest.raises(ParameterError, match="cannot be held out"):
        split_dataset(case.data(), fraction, KEY)
    with pytest.raises(ParameterError, match="of 1 examples cannot be held out"):
        split_dataset(make_dataset([[1.0]], [1]), 0.5, KEY)


def test_split_dataset_of_sparse_examples(case):
    try:
        rest, aside = split_dataset(case.data(sparse=True), 0.2, KEY)
    except ParameterError:
        return
    assert (rest.size, aside.size) == (8, 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([], []), "no examples"),
        ((np.ones((0, 3)), []), r"no examples: features have the shape \(0, 3\)"),
        ((csr_array((0, 3)), []), "no examples"),
        ((1.0, [1]), "no examples"),
        ((np.ones((2, 3)), [1]), "2 examples, 1 targets and 2 weights; expected one of each"),
        ((np.ones((2, 3)), [1, 2], [1.0]), "2 examples, 2 targets and 1 weights"),
        ((csr_array((2, 3)), [1, 2, 3]), "2 examples, 3 targets"),
    ],
)
def test_make_dataset_input_errors(arguments, says):
    with pytest.raises(DataError, match=says):
        nn.make_dataset(*arguments)


KEY = jax.random.key(0)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 50), batch_size=st.integers(1, 60), shuffle=st.booleans())
def test_epoch_batches_hold_every_row_once(size, batch_size, shuffle):
    order = epoch_batches(size, batch_size, KEY if shuffle else None)
    assert order.dtype == np.int32
    assert order.shape == (-(-size // batch_size), batch_size)
    rows = order.ravel()
    assert sorted(rows[:size]) == list(range(size))
    assert (rows[size:] == size).all()  # the fill, at the end of the last batch


def test_epoch_batches_depend_on_key_and_epoch():
    first, again = epoch_batches(100, 7, KEY, 3), epoch_batches(100, 7, KEY, 3)
    np.testing.assert_array_equal(first, again)
    others = [
        epoch_batches(100, 7),
        epoch_batches(100, 7, KEY, 4),
        epoch_batches(100, 7, jax.random.key(1), 3),
    ]
    for other in others:
        assert (first != other).mean() > 0.8


def test_epoch_batches_first_row_is_uniform():
    first = [epoch_batches(4, 2, KEY, epoch)[0, 0] for epoch in range(400)]
    assert np.bincount(first, minlength=4).min() > 70
