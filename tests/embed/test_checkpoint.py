"""Checkpoints: what is kept, what is refused, and the intervals at which they are written."""

from dataclasses import asdict

import jax.numpy as jnp
import numpy as np
import pytest

from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import EmbeddingCheckpoints, RunPosition
from textdl.embed.config import EmbeddingConfig
from textdl.embed.trainer import train
from textdl.errors import CheckpointError
from textdl.io.checkpoints import CheckpointInterval, checkpoint_numbers

SMALL = {"vector_size": 16, "min_count": 1, "epochs": 2, "sample": 0.0}
TABLES = {"input": jnp.zeros((3, 16)), "output": jnp.ones((5, 16))}


def test_only_the_last_checkpoints_are_kept(store, tmp_path):
    config = EmbeddingConfig(**SMALL)
    interval = CheckpointInterval(steps=1)
    checkpoints = EmbeddingCheckpoints(tmp_path, config, store.fingerprint, interval)
    train(BatchSampler(store, config), checkpoints=checkpoints)
    assert len(checkpoint_numbers(tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoint_round_trip_of_tables_of_any_rows(tmp_path):
    checkpoints = EmbeddingCheckpoints(tmp_path, EmbeddingConfig(**SMALL), "abc")
    position = RunPosition(1, 2, 30, 4.5, 6.0, (7.5,))
    assert checkpoints.load(TABLES) is None
    checkpoints.save(TABLES, position)
    tables, found = checkpoints.load(TABLES)
    assert found == position
    assert tables.keys() == TABLES.keys()
    for name, table in tables.items():
        np.testing.assert_array_equal(table, TABLES[name])


def test_checkpoints_of_another_run_are_refused(tmp_path):
    config = EmbeddingConfig(**SMALL)
    EmbeddingCheckpoints(tmp_path, config, "abc").save(TABLES, RunPosition())
    for changed, says in (
        ({"window": 4}, "window=5, not 4"),
        ({"arch": "cbow"}, "'skipgram', not"),
    ):
        other = EmbeddingConfig(**SMALL, **changed)
        with pytest.raises(CheckpointError, match=says):
            EmbeddingCheckpoints(tmp_path, other, "abc").load(TABLES)
    with pytest.raises(CheckpointError, match="corpus='abc', not 'xyz'"):
        EmbeddingCheckpoints(tmp_path, config, "xyz").load(TABLES)
    next(tmp_path.glob("*.safetensors")).write_bytes(b"half")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole"):
        EmbeddingCheckpoints(tmp_path, config, "abc").load(TABLES)


@pytest.mark.parametrize(
    ("tables", "changes"),
    [
        (TABLES | {"input": jnp.zeros((4, 16))}, {}),
        (TABLES | {"nodes": jnp.zeros((3, 16))}, {}),
        ({"input": TABLES["input"]}, {}),
        (TABLES | {"input": np.zeros((3, 16))}, {}),
        (TABLES, {"epoch": -1}),
        (TABLES, {"chunk": 1.5}),
        (TABLES, {"predictions": None}),
        (TABLES, {"loss": "low"}),
        (TABLES, {"history": [None]}),
        (TABLES, {"history": 3}),
        (TABLES, {"other": 3}),
    ],
)
def test_contradictory_checkpoint_is_damage(tmp_path, tables, changes):
    checkpoints = EmbeddingCheckpoints(tmp_path, EmbeddingConfig(**SMALL), "abc")
    arrays = {name: np.asarray(table) for name, table in tables.items()}
    checkpoints.folder.save(arrays, asdict(RunPosition()) | changes)
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole"):
        checkpoints.load(TABLES)
