"""Packed sequences: widths, batches of like width, truncation, memory, and what is refused."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.nn.conftest import assert_same_bits
from textdl import nn
from textdl.errors import DataError, ParameterError
from textdl.nn.data.dataset import epoch_batches
from textdl.nn.data.packed_sequences import round_size

KEY = jax.random.key(0)
LENGTHS = np.array([3, 0, 17, 40, 16, 1, 33, 100] * 25)
IDS = [np.arange(length) % 7 + number % 2 for number, length in enumerate(LENGTHS)]
SEQUENCES = nn.pack_sequences(IDS)
NETWORK = nn.sequential(
    nn.Embedding(8, 4), nn.RNN(4, 4, return_sequence=False), nn.Dropout(0.2), nn.Dense(4, 2)
)
OBJECTIVE = nn.Objective(NETWORK, nn.softmax_loss)
CONFIG = nn.TrainingConfig(epochs=3, batch_size=8)


def test_take_gives_padded_rows_and_empty_ones_beyond_the_end():
    batch = SEQUENCES.to_device().take(jnp.array([2, 0, 200, 1]), 32)
    assert batch.values.shape == (4, 32)
    assert batch.lengths.tolist() == [17, 3, 0, 0]
    np.testing.assert_array_equal(batch.values[0, :17], IDS[2])
    assert (np.asarray(batch.values)[~np.asarray(batch.mask)] == 0).all()


def test_select_gives_rows_in_order():
    chosen = SEQUENCES.select(np.array([7, 1, 0]))
    assert chosen.lengths.tolist() == [100, 0, 3]
    np.testing.assert_array_equal(chosen.ids, np.concatenate([IDS[7], IDS[0]]))
    assert chosen.select(np.array([1])).id_range() == (0, 0)


def test_batches_are_of_one_shape_and_padded_with_empty_sequences():
    batches = list(SEQUENCES.batches(64))
    assert {batch.values.shape for batch in batches} == {(64, 128)}
    lengths = np.concatenate([batch.lengths for batch in batches])
    np.testing.assert_array_equal(lengths[:200], LENGTHS)
    assert (lengths[200:] == 0).all()


def test_widths_are_powers_of_two_from_16():
    groups = SEQUENCES.groups()
    widths = [SEQUENCES.capacity(rows.astype(np.int32)[None]) for rows in groups]
    assert widths == [16, 32, 64, 128]
    assert sorted(np.concatenate(groups).tolist()) == list(range(200))


def test_arrange_keeps_every_row_and_puts_like_widths_together():
    order = epoch_batches(200, 8, KEY)
    parts = SEQUENCES.arrange(order)
    assert {part.shape for part in parts} == {(1, 8)}
    assert sorted(np.concatenate(parts).ravel().tolist()) == sorted(order.ravel().tolist())
    padded = 8 * sum(SEQUENCES.capacity(part) for part in parts)
    unsorted = 8 * sum(SEQUENCES.capacity(part[None]) for part in order)
    assert padded < 0.55 * unsorted


def test_arrange_puts_wide_batches_at_random_places():
    places = []
    for epoch in range(40):
        parts = SEQUENCES.arrange(epoch_batches(200, 8, KEY, epoch))
        places += [i for i, part in enumerate(parts) if SEQUENCES.capacity(part) == 128]
    assert np.mean(places) == pytest.approx(12, abs=1.5)


def test_arrange_does_not_reach_beyond_a_window(monkeypatch):
    monkeypatch.setattr("textdl.nn.data.packed_sequences.BATCHES_PER_WINDOW", 5)
    order = epoch_batches(200, 8, KEY)
    parts = SEQUENCES.arrange(order)
    for window in range(5):
        chosen = slice(5 * window, 5 * window + 5)
        assert set(np.ravel(parts[chosen])) == set(order[chosen].ravel())


def test_arrange_of_one_width_is_the_batches_as_they_are():
    order = epoch_batches(7, 2, KEY)
    parts = nn.pack_sequences([[1]] * 7).arrange(order)
    assert sorted(part.tolist() for part in parts) == sorted([rows.tolist()] for rows in order)


def test_pack_sequences_reads_an_iterator_once_and_cuts_aloud():
    with pytest.warns(UserWarning, match=r"2 of 3 sequences were cut to max_length=2, which loses"):
        packed = nn.pack_sequences(iter([[1, 2, 3, 4], [5], np.array([6, 7, 8])]), 2)
    assert packed.ids.tolist() == [1, 2, 5, 6, 7]
    assert packed.lengths.tolist() == [2, 1, 2]


def test_pack_sequences_without_a_cut_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nn.pack_sequences([range(600)], None).shape == (1, 600)
        assert nn.pack_sequences([range(512)]).shape == (1, 512)


@pytest.mark.parametrize(
    ("sequences", "says"),
    [
        ([[1], [1.5]], "sequence 2 is of type float64"),
        ([[[1]]], r"shape \(1, 1\)"),
        ([[3, -1]], "id -1 of sequence 1"),
        ([[2**31]], "id 2,147,483,648 of sequence 1"),
    ],
)
def test_pack_sequences_input_errors(sequences, says):
    with pytest.raises(DataError, match=says):
        nn.pack_sequences(sequences)


def test_max_length_below_one_is_refused():
    with pytest.raises(ParameterError, match="max_length=0; expected a whole number from 1 up"):
        nn.pack_sequences([[1]], 0)


def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it():
    params = NETWORK.init(KEY)
    whole = nn.predict(NETWORK, params, SEQUENCES)
    for rows in (np.array([2]), np.array([7, 1, 0]), np.arange(3, 100)):
        part = nn.predict(NETWORK, params, SEQUENCES.select(rows))
        np.testing.assert_array_equal(part, whole[rows])


def test_evaluate_is_the_mean_over_all_widths():
    params = NETWORK.init(KEY)
    targets = np.arange(200) % 2
    weights = np.linspace(0.1, 2, 200)
    outputs = nn.predict(NETWORK, params, SEQUENCES)
    data = nn.make_dataset(SEQUENCES, targets, weights)
    expected = np.average(nn.softmax_loss(outputs, targets), weights=weights)
    assert nn.evaluate(params, data, OBJECTIVE)["loss"] == pytest.approx(expected, rel=1e-5)


def test_fit_gives_the_same_bits_twice_and_after_an_interruption(tmp_path):
    data = nn.make_dataset(SEQUENCES, np.arange(200) % 2)
    start = NETWORK.init(KEY)
    whole = nn.fit(start, data, OBJECTIVE, CONFIG, key=KEY, validation=data)
    arguments = {"key": KEY, "validation": data, "checkpoints": nn.FitCheckpoints(tmp_path)}
    nn.fit(start, data, OBJECTIVE, CONFIG, callbacks=[lambda log: log.epoch == 2], **arguments)
    resumed = nn.fit(start, data, OBJECTIVE, CONFIG, **arguments)
    assert_same_bits(resumed.state, whole.state)
    assert whole.history["loss"][-1] < whole.history["loss"][0]


def test_embedding_refuses_unknown_ids_of_packed_sequences():
    with pytest.raises(DataError, match="id 9 is not in an embedding of 8 rows"):
        nn.predict(NETWORK, NETWORK.init(KEY), nn.pack_sequences([[1, 9]]))
    with pytest.raises(DataError, match=r"put MeanPooling\(\) before it"):
        nn.Dense(3, 2).check_features(SEQUENCES)


def test_padded_sequences_are_the_same_and_empty_ones_behind():
    sequences = nn.pack_sequences([[5, 7], [], [3]] * 40)
    padded = sequences.padded()
    assert (sequences.size, padded.size) == (120, 120)
    more = nn.pack_sequences([[5, 7], [], [3]] * 50).padded()
    assert (more.size, len(more.ids)) == (152, 152)
    assert more.lengths[150:].tolist() == [0, 0]
    assert more.lengths[:150].tolist() == [2, 0, 1] * 50
    assert more.ids[:150].tolist() == [5, 7, 3] * 50


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1_000, 20_001, 10**6])
def test_round_size_adds_a_sixteenth_at_most(size):
    rounded = round_size(size)
    assert size <= rounded <= max(size * 1.0625, size + 1)
    assert round_size(rounded) == rounded
