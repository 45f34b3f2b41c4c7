"""A network of sequences goes through everything that a perceptron goes through.

Embedding, masked mean pooling and dense layers are trained by the same `fit`, checkpointed,
evaluated, predicted, summarized, saved and loaded; nothing of it knows these layers.
"""

import jax
import numpy as np
import pytest

from tests.nn.conftest import assert_same_bits
from textdl import nn
from textdl.errors import DataError
from textdl.io.archive import ArchiveContent, ArchiveKind, open_archive, write_archive
from textdl.nn.layers.sequential import difference, fill, named_arrays

KEY = jax.random.key(0)
NETWORK = nn.sequential(
    nn.Embedding(12, 8), nn.Dropout(0.1), nn.MeanPooling(), nn.Dense(8, 6, "tanh"), nn.Dense(6, 2)
)
OBJECTIVE = nn.Objective(NETWORK, nn.softmax_loss, (("accuracy", nn.softmax_accuracy),))
CONFIG = nn.TrainingConfig(epochs=12, batch_size=16, learning_rate=0.03)


@pytest.fixture(scope="module")
def data():
    """Ids from 0 to 5 or from 6 to 11, by the class, and any in the padding."""
    draw = np.random.default_rng(0)
    classes = np.arange(120) % 2
    ids = draw.integers(0, 6, (120, 7)) + 6 * classes[:, None]
    lengths = draw.integers(1, 8, 120)
    beyond = np.arange(7) >= lengths[:, None]
    ids = np.where(beyond, draw.integers(0, 12, ids.shape), ids)
    return nn.make_dataset(nn.make_sequences(ids, lengths), classes)


@pytest.fixture(scope="module")
def result(data):
    return nn.fit(NETWORK.init(KEY), data, OBJECTIVE, CONFIG, key=KEY)


def test_fit_learns_and_evaluate_and_predict_agree(data, result):
    rest, validation = nn.split_dataset(data, 0.25, KEY)
    trained = nn.fit(NETWORK.init(KEY), rest, OBJECTIVE, CONFIG, key=KEY, validation=validation)
    assert trained.history["loss"][-1] < 0.2 < 0.5 < trained.history["loss"][0]
    assert trained.history["val_accuracy"][-1] == 1
    metrics = nn.evaluate(result.params, data, OBJECTIVE)
    outputs = nn.predict(NETWORK, result.params, data.features)
    assert metrics["accuracy"] == np.mean(outputs.argmax(1) == np.asarray(data.targets))
    assert metrics["loss"] == pytest.approx(
        float(nn.softmax_loss(outputs, data.targets).mean()), rel=1e-5
    )


def test_interrupted_training_ends_in_the_same_bits(data, result, tmp_path):
    def stop(log):
        return log.epoch == 5

    checkpoints = nn.FitCheckpoints(tmp_path, every=2)
    arguments = {"key": KEY, "checkpoints": checkpoints}
    nn.fit(NETWORK.init(KEY), data, OBJECTIVE, CONFIG, callbacks=[stop], **arguments)
    resumed = nn.fit(NETWORK.init(KEY), data, OBJECTIVE, CONFIG, **arguments)
    assert_same_bits(resumed.state, result.state)


def test_parameters_round_trip_by_their_paths(result, tmp_path):
    """What an estimator's file does with its own network."""
    kind = ArchiveKind("sequences")
    arrays = named_arrays(result.params)
    assert list(arrays) == ["0.table", "3.weights", "3.bias", "4.weights", "4.bias"]
    write_archive(tmp_path / "m", ArchiveContent(kind, arrays=arrays))
    archive = open_archive(tmp_path / "m", expected="a network")
    archive.require(kind)
    template = jax.eval_shape(NETWORK.init, KEY)
    assert difference(template, archive.arrays) is None
    assert_same_bits(fill(template, archive.arrays), result.params)


def test_summary_has_a_line_per_layer(result):
    lines = nn.summarize(NETWORK, result.params, "softmax").splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "embedding 1", "dropout 1", "mean pooling 1", "dense 1", "dense 2", "total",
    ]  # fmt: skip
    assert lines[1].split()[2:] == ["12", "x", "8", "96"]
    assert lines[-1].split()[-1] == str(96 + 54 + 14)


def test_predictions_do_not_depend_on_the_rows_beside_them(data, result):
    whole = nn.predict(NETWORK, result.params, data.features)
    for rows in (np.arange(1), np.arange(60, 70), np.arange(3, 100)):
        part = nn.predict(NETWORK, result.params, data.features.select(rows))
        np.testing.assert_array_equal(part, whole[rows])


def test_unknown_ids_are_named(result):
    odd = nn.make_sequences([[3, 12]], [2])
    with pytest.raises(DataError, match="id 12 is not in an embedding of 12 rows"):
        nn.predict(NETWORK, result.params, odd)
    with pytest.raises(DataError, match="id 12 is not in an embedding of 12 rows"):
        nn.fit(result.params, nn.make_dataset(odd, [0]), OBJECTIVE, CONFIG, key=KEY)
