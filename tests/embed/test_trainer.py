"""Runs that must end in the same bits: repeated, resumed, of every objective."""

import numpy as np
import pytest

from tests.embed.objectives.bucketed import BUCKETS
from tests.embed.objectives.bucketed import OBJECTIVE as BUCKETED
from textdl.embed import batches, local_sgd
from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import CheckpointInterval, EmbeddingCheckpoints
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import OBJECTIVES
from textdl.embed.trainer import train
from textdl.io.checkpoints import checkpoint_numbers

SMALL = {"vector_size": 16, "min_count": 1, "epochs": 2, "sample": 0.0}


@pytest.mark.parametrize("arch", OBJECTIVES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_run_repeats_itself(store, count, arch):
    config = EmbeddingConfig(**SMALL, workers=count, arch=arch)
    first, second = (train(BatchSampler(store, config)) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert first.loss_curve == second.loss_curve


def test_seed_workers_and_arch_are_part_of_the_result(store):
    matrices = [
        train(BatchSampler(store, EmbeddingConfig(**SMALL, **changed))).matrix
        for changed in ({}, {"seed": 2}, {"workers": 1}, {"arch": "cbow"})
    ]
    for other in matrices[1:]:
        assert not np.allclose(matrices[0], other)


@pytest.mark.parametrize("arch", OBJECTIVES)
def test_loss_falls_and_is_the_mean_of_the_pairs(store, arch):
    config = EmbeddingConfig(**(SMALL | {"epochs": 6}), learning_rate=0.005, arch=arch)
    losses = train(BatchSampler(store, config)).loss_curve
    # At the start all scores are 0: a pair costs log 2, and so does each of its five noise words.
    assert 5.5 * np.log(2) < losses[0] < 6 * np.log(2)
    assert losses[-1] < losses[0]


@pytest.fixture
def bucketed(monkeypatch):
    """Trains an objective whose frequent rows are anywhere in its tables."""
    monkeypatch.setattr(batches, "get_objective", lambda name: BUCKETED)
    monkeypatch.setattr(local_sgd, "FREQUENT_ROWS", 16)


@pytest.mark.parametrize("count", [1, 3])
def test_objective_of_other_tables_is_trained_and_resumed_as_it_is(
    store, tmp_path, bucketed, count
):
    config = EmbeddingConfig(**SMALL, workers=count)
    sampler = BatchSampler(store, config)
    workers = local_sgd.Workers(sampler, BUCKETED.init(sampler.vocabulary, config))
    assert workers._frequent["output"] == 16
    assert len(workers._frequent["buckets"]) == 16
    straight = train(sampler)
    assert straight.matrix.shape == (len(sampler.vocabulary), 16)
    assert len(np.unique(straight.matrix, axis=0)) == BUCKETS
    assert straight.loss_curve[-1] < straight.loss_curve[0]

    def kill(report):
        raise InterruptedError

    checkpoints = [
        EmbeddingCheckpoints(tmp_path, config, "abc", CheckpointInterval(steps=1)) for _ in range(2)
    ]
    with pytest.raises(InterruptedError):
        train(sampler, checkpoints=checkpoints[0], report=lambda it: it.epoch == 2 and kill(it))
    assert checkpoint_numbers(tmp_path)
    resumed = train(sampler, checkpoints=checkpoints[1])
    np.testing.assert_array_equal(resumed.matrix, straight.matrix)


@pytest.mark.parametrize(
    ("stop_after", "arch"), [(1, "skipgram"), (2, "skipgram"), (5, "skipgram"), (2, "cbow")]
)
def test_resumed_run_ends_in_the_same_bits(store, tmp_path, monkeypatch, stop_after, arch):
    monkeypatch.setattr(local_sgd, "CHUNKS_PER_ROUND", 8)
    config = EmbeddingConfig(**SMALL, arch=arch)
    straight = train(BatchSampler(store, config))

    class Killed(Exception):
        pass

    rounds = 0

    def kill(report):
        nonlocal rounds
        rounds += not report.epoch_done
        if rounds > stop_after:
            raise Killed

    def checkpoints():
        interval = CheckpointInterval(steps=1)
        return EmbeddingCheckpoints(tmp_path, config, store.fingerprint, interval)

    with pytest.raises(Killed):
        train(BatchSampler(store, config), checkpoints=checkpoints(), report=kill)
    assert checkpoint_numbers(tmp_path)
    resumed = train(BatchSampler(store, config), checkpoints=checkpoints())
    np.testing.assert_array_equal(resumed.matrix, straight.matrix)
    assert resumed.loss_curve == straight.loss_curve
