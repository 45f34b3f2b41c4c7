"""Sequences: rows with lengths, padding that counts for nothing, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from textdl import nn
from textdl.errors import DataError

IDS = np.array([[3, 1, 2, 9], [5, 9, 9, 9], [9, 9, 9, 9]])
LENGTHS = np.array([3, 1, 0])


def test_make_sequences_cuts_off_unused_columns():
    sequences = nn.make_sequences(IDS, LENGTHS)
    assert sequences.shape == (3, 3)
    np.testing.assert_array_equal(sequences.ids, IDS[:, :3])
    assert nn.make_sequences(IDS[2:], [0]).shape == (1, 1)


def test_mask_depends_on_lengths_not_on_zeros():
    batch = nn.SequenceBatch(jnp.zeros((3, 3), int), jnp.asarray(LENGTHS))
    assert batch.mask.tolist() == [[True] * 3, [True, False, False], [False] * 3]


def test_take_beyond_the_end_gives_an_empty_sequence():
    batch = nn.make_sequences(IDS, LENGTHS).to_device().take(jnp.array([1, 0, 3]), 0)
    assert batch.lengths.tolist() == [1, 3, 0]
    np.testing.assert_array_equal(batch.values[:2], IDS[[1, 0], :3])


def test_select_gives_rows_in_order():
    chosen = nn.make_sequences(IDS, LENGTHS).select(np.array([1, 0]))
    assert chosen.lengths.tolist() == [1, 3]
    np.testing.assert_array_equal(chosen.ids, IDS[[1, 0], :3])


@pytest.mark.parametrize("size", [1, 2, 64])
def test_batches_are_of_one_shape_and_padded_with_empty_sequences(size):
    batches = list(nn.make_sequences(IDS, LENGTHS).batches(size))
    assert {batch.values.shape for batch in batches} == {(size, 3)}
    lengths = np.concatenate([batch.lengths for batch in batches])
    assert lengths[:3].tolist() == LENGTHS.tolist()
    assert (lengths[3:] == 0).all()


def test_id_range_ignores_padding():
    assert nn.make_sequences(IDS, LENGTHS).id_range() == (1, 5)
    assert nn.make_sequences(IDS, [0, 0, 0]).id_range() == (0, 0)


def test_split_dataset_of_sequences():
    data = nn.make_dataset(nn.make_sequences(np.arange(20).reshape(10, 2), [2] * 10), np.arange(10))
    rest, validation = nn.split_dataset(data, 0.3, jax.random.key(0))
    assert (rest.size, validation.size) == (7, 3)
    np.testing.assert_array_equal(np.asarray(rest.features.ids[:, 0]) // 2, rest.targets)


@pytest.mark.parametrize(
    ("ids", "lengths", "says"),
    [
        ([1, 2], [1, 1], r"ids of type int64 and shape \(2,\); expected integers of shape"),
        ([[1.0, 2.0]], [1], "ids of type float64"),
        ([[1, 2]], [1, 1], r"lengths of type int64 and shape \(2,\) for 1 sequences"),
        ([[1, 2]], [1.0], "lengths of type float64"),
        ([[1, 2]], [3], "length 3 of a sequence in 2 columns; expected 0 to 2"),
        ([[1, 2]], [-1], "length -1 of a sequence in 2 columns"),
    ],
)
def test_make_sequences_input_errors(ids, lengths, says):
    with pytest.raises(DataError, match=says):
        nn.make_sequences(ids, lengths)


def test_make_dataset_of_no_sequences_is_an_error():
    with pytest.raises(DataError, match="no examples"):
        nn.make_dataset(nn.make_sequences(np.zeros((0, 3), int), np.zeros(0, int)), [])
