"""Runs that must end in the same bits: repeated, resumed, of every objective."""

import heapq

import numpy as np
import pytest

from tests.embed.objectives.bucketed import BUCKETS, make_bucketed
from textdl.embed import batches, local_sgd
from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import EmbeddingCheckpoints
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.embed.trainer import train, training_problem
from textdl.io.checkpoints import CheckpointInterval, checkpoint_numbers

SMALL = {"vector_size": 16, "min_count": 1, "epochs": 2, "sample": 0.0}
MODELS = [(arch, loss) for arch in ARCHITECTURES for loss in LOSSES]


@pytest.mark.parametrize(
    ("arch", "loss", "count"),
    [
        (*MODELS[0], 1),
        (*MODELS[0], 2),
        *(pytest.param(*model, 2, marks=pytest.mark.full) for model in MODELS[1:]),
        pytest.param(*MODELS[0], 3, marks=pytest.mark.full),
        (*MODELS[-1], 3),
    ],
)
def test_run_repeats_itself(store, arch, loss, count):
    config = EmbeddingConfig(**SMALL, workers=count, arch=arch, loss=loss)
    first, second = (train(BatchSampler(store, config)) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert first.loss_curve == second.loss_curve


def test_seed_workers_and_model_are_part_of_the_result(store):
    matrices = [
        train(BatchSampler(store, EmbeddingConfig(**SMALL, **changed))).matrix
        for changed in (
            {},
            {"seed": 2},
            {"workers": 1},
            {"arch": "cbow"},
            {"loss": "hs"},
            {"window_side": "left"},
            {"shrink_windows": False},
            {"ns_exponent": 1.0},
        )
    ]
    for other in matrices[1:]:
        assert not np.allclose(matrices[0], other)


@pytest.mark.parametrize(("arch", "loss"), MODELS)
def test_loss_falls_and_is_the_mean_of_the_predictions(store, arch, loss):
    config = EmbeddingConfig(**(SMALL | {"epochs": 6}), learning_rate=0.005, arch=arch, loss=loss)
    sampler = BatchSampler(store, config)
    losses = train(sampler).loss_curve
    if loss == "ns":
        # At the start all scores are 0: a pair costs log 2, as does each of its five noise words.
        assert 5.5 * np.log(2) < losses[0] < 6 * np.log(2)
    else:
        # There every decision costs log 2; as many as a word's code is long on average.
        bits = huffman_bits(sampler.vocabulary.counts)
        assert 0.85 * bits * np.log(2) < losses[0] < 1.005 * bits * np.log(2)
    assert losses[-1] < losses[0]


def huffman_bits(counts):
    """The mean length of a code, which is the sum of the counts of the inner nodes by all."""
    heap = counts.tolist()
    heapq.heapify(heap)
    bits = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        bits += both
        heapq.heappush(heap, both)
    return bits / counts.sum()


@pytest.fixture
def bucketed(monkeypatch):
    """Trains an objective whose frequent rows are anywhere in its tables."""
    monkeypatch.setattr(batches, "make_objective", make_bucketed)
    monkeypatch.setattr(local_sgd, "FREQUENT_ROWS", 16)


@pytest.mark.parametrize("count", [1, 3])
def test_objective_of_other_tables_is_trained_and_resumed_as_it_is(
    store, tmp_path, bucketed, count
):
    config = EmbeddingConfig(**SMALL, workers=count)
    sampler = BatchSampler(store, config)
    workers = local_sgd.Workers(training_problem(sampler), sampler.objective.init(), count)
    assert workers._whole.frequent["output"] == 16
    assert len(workers._whole.frequent["buckets"]) == 16
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
    ("stop_after", "arch", "loss"),
    [
        pytest.param(1, "skipgram", "ns", marks=pytest.mark.full),
        (5, "skipgram", "ns"),
        *(pytest.param(2, *model, marks=pytest.mark.full) for model in MODELS[:-1]),
        (2, *MODELS[-1]),
    ],
)
def test_resumed_run_ends_in_the_same_bits(store, tmp_path, monkeypatch, stop_after, arch, loss):
    monkeypatch.setattr(local_sgd, "CHUNKS_PER_ROUND", 8)
    config = EmbeddingConfig(**SMALL, arch=arch, loss=loss)
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


@pytest.mark.parametrize("count", [1, 2])
def test_run_that_is_done_resumes_to_what_it_was(store, tmp_path, count):
    config = EmbeddingConfig(**SMALL | {"epochs": 1}, workers=count)
    done, again = (
        train(
            BatchSampler(store, config),
            checkpoints=EmbeddingCheckpoints(tmp_path, config, store.fingerprint),
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(again.matrix, done.matrix)
    assert again.loss_curve == done.loss_curve
