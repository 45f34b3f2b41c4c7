"""Local SGD: rounds, and workers that copy whole tables or only the rows that a round uses."""

import numpy as np
import pytest

from tests.embed.objectives.bucketed import make_bucketed
from textdl.embed import batches, local_sgd, working_set
from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import EmbeddingCheckpoints
from textdl.embed.config import EmbeddingConfig
from textdl.embed.local_sgd import CHUNKS_PER_ROUND, FREQUENT_ROWS, Workers
from textdl.embed.merges import as_rows, frequent_rows
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.embed.trainer import train, training_problem
from textdl.embed.working_set import WorkingSets
from textdl.io.checkpoints import CheckpointInterval, checkpoint_numbers

SMALL = {"vector_size": 16, "min_count": 1, "epochs": 2, "sample": 0.0}
MODELS = [{"arch": arch, "loss": loss} for arch in ARCHITECTURES for loss in LOSSES]


def workers_of(sampler):
    """The workers of a run that begins."""
    return Workers(training_problem(sampler), sampler.objective.init(), sampler.config.worker_count)


@pytest.fixture
def use_working_sets(monkeypatch):
    """Lets every table go through working sets, with few rows that every round has."""

    def use():
        monkeypatch.setattr(working_set, "MIN_TABLE_ROWS", 1)
        monkeypatch.setattr(working_set, "MIN_TABLE_NUMBERS", 1)
        monkeypatch.setattr(working_set, "SHAPES_PER_DOUBLING", 1)  # each is compiled for

    monkeypatch.setattr(local_sgd, "FREQUENT_ROWS", 16)
    return use


# Rounds


@pytest.mark.parametrize("count", [1, 3])
def test_rounds_deal_the_chunks_of_each_epoch_to_the_workers(store, count):
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL, workers=count))
    chunks = [len(list(sampler.epoch(epoch))) for epoch in range(2)]
    found = list(workers_of(sampler).rounds(sampler.epochs(0)))
    ends = [number for number, round in enumerate(found) if round is None]
    assert len(ends) == 2
    assert ends[-1] == len(found) - 1
    for rounds, expected in zip((found[: ends[0]], found[ends[0] + 1 : -1]), chunks, strict=True):
        assert sum(round.chunks for round in rounds) == expected
        for round in rounds[:-1]:
            assert [len(group) for group in round.groups] == [count] * CHUNKS_PER_ROUND
        assert all(not round.working for round in rounds)


def test_rounds_end_where_they_use_many_rows(store, use_working_sets, monkeypatch):
    use_working_sets()
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL))
    usual = list(workers_of(sampler).rounds(sampler.epochs(0)))
    monkeypatch.setattr(working_set, "MAX_WORKING_ROWS", 250)
    short = list(workers_of(sampler).rounds(sampler.epochs(0)))
    chunks = [
        sum(round.chunks for round in rounds if round is not None) for rounds in (usual, short)
    ]
    assert chunks[0] == chunks[1]
    assert len(short) > len(usual)
    for round in filter(None, short):
        assert set(round.working) == {"input", "output"}
        assert set(round.frequent.values()) == {16}
        for name, rows in round.working.items():
            assert round.step_weights[name].shape == round.merge_weights[name].shape == rows.shape


# Working sets


def assert_same(one, other):
    np.testing.assert_array_equal(one.matrix, other.matrix)
    assert one.loss_curve == other.loss_curve


@pytest.mark.parametrize(
    "model",
    [
        MODELS[0],
        *(pytest.param(model, marks=pytest.mark.full) for model in MODELS[1:-1]),
        MODELS[-1],
        {"arch": "cbow", "position_weights": True},
    ],
    ids=str,
)
def test_working_sets_give_the_bits_of_whole_tables(store, use_working_sets, model):
    """To the last bit: the same rows are scored, and added up in the same order."""
    config = EmbeddingConfig(**SMALL | {"epochs": 1}, **model)
    whole = train(BatchSampler(store, config))
    use_working_sets()
    assert_same(train(BatchSampler(store, config)), whole)


@pytest.mark.parametrize("count", [1, 3])
def test_working_sets_of_other_workers_give_the_bits_of_whole_tables(
    store, use_working_sets, count
):
    """One worker copies nothing, and has none."""
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL | {"epochs": 1}, workers=count))
    whole = train(sampler)
    use_working_sets()
    assert_same(train(sampler), whole)
    first = next(workers_of(sampler).rounds(sampler.epochs(0)))
    assert set(first.working) == (set() if count == 1 else {"input", "output"})


def test_working_sets_of_short_rounds_give_the_bits_of_whole_tables(
    store, use_working_sets, monkeypatch
):
    """Rounds of one chunk per worker use few of the rows."""
    monkeypatch.setattr(WorkingSets, "are_full", True)
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL | {"epochs": 1}))
    whole = train(sampler)
    use_working_sets()
    first = next(workers_of(sampler).rounds(sampler.epochs(0)))
    words = len(sampler.vocabulary)
    assert max((rows < words).sum() for rows in first.working.values()) < 0.8 * words
    assert_same(train(sampler), whole)


def test_working_sets_of_frequent_rows_anywhere_give_the_bits_of_whole_tables(
    store, use_working_sets, monkeypatch
):
    """In a table of buckets they are no prefix; in a working set they come first."""
    monkeypatch.setattr(batches, "make_objective", make_bucketed)
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL | {"epochs": 1}))
    whole = train(sampler)
    use_working_sets()
    assert_same(train(sampler), whole)


@pytest.mark.parametrize(
    "model", [MODELS[0], pytest.param(MODELS[-1], marks=pytest.mark.full)], ids=str
)
def test_run_of_working_sets_resumes_to_the_same_bits(
    store, tmp_path, use_working_sets, monkeypatch, model
):
    """Where rounds end early, they end at the same chunks again."""
    use_working_sets()
    monkeypatch.setattr(working_set, "MAX_WORKING_ROWS", 250)
    config = EmbeddingConfig(**SMALL, **model)
    straight = train(BatchSampler(store, config))

    def checkpoints():
        interval = CheckpointInterval(steps=1)
        return EmbeddingCheckpoints(tmp_path, config, store.fingerprint, interval)

    def kill(report):
        if report.epoch == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(BatchSampler(store, config), checkpoints=checkpoints(), report=kill)
    assert checkpoint_numbers(tmp_path)
    assert_same(train(BatchSampler(store, config), checkpoints=checkpoints()), straight)


# Frequent rows


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_frequent_rows_of_words_are_a_prefix(store, arch):
    """They are copied as one piece: falling counts have falling updates."""
    config = EmbeddingConfig(min_count=1, arch=arch)
    sampler = BatchSampler(store, config)
    assert len(sampler.vocabulary) < FREQUENT_ROWS
    assert set(workers_of(sampler)._whole.frequent.values()) == {len(sampler.vocabulary)}
    for updates in sampler.objective.expected_updates.values():
        assert as_rows(frequent_rows(updates, 100)) == 100
