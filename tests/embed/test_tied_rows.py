"""Tied rows: means and spread changes against loops, and a run whose words share subwords."""

import numpy as np
import pytest

from textdl.embed import tied_rows
from textdl.embed.batches import BatchSampler
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives.subwords import SUBWORDS, subword_rows
from textdl.embed.tied_rows import Tie, TiedTable, compose, spread, tied_means
from textdl.embed.trainer import train
from textdl.errors import ParameterError
from textdl.text.char_ngrams import char_ngram_buckets

ROWS, SOURCE_ROWS, SIZE = 7, 11, 3
ALL = np.arange(ROWS, dtype=np.int32)


@pytest.fixture
def tie():
    draw = np.random.default_rng(0)
    counts = draw.integers(1, 5, ROWS)
    offsets = np.append(0, np.cumsum(counts))
    return Tie("source", offsets, draw.integers(0, SOURCE_ROWS, offsets[-1]).astype(np.int32))


def parts(tie, row):
    return tie.parts[tie.offsets[row] : tie.offsets[row + 1]]


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_rows_are_the_means_of_their_parts(tie, pieces):
    source = np.random.default_rng(1).normal(size=(SOURCE_ROWS, SIZE)).astype(np.float32)
    expected = np.stack([source[parts(tie, row)].mean(axis=0) for row in range(ROWS)])
    table = TiedTable(tie, SOURCE_ROWS, np.ones(ROWS), pieces)
    np.testing.assert_allclose(tied_means(source, tie), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(compose(source, table.prepare(ALL)), expected, rtol=1e-5, atol=1e-6)
    some = np.array([5, 0, ROWS], np.int32)  # the last stands for no row
    composed = compose(source, table.prepare(some))
    np.testing.assert_allclose(composed[:2], expected[[5, 0]], rtol=1e-5, atol=1e-6)
    assert not composed[2].any()


def test_rows_that_are_not_used_reach_nothing(tie):
    table = TiedTable(tie, SOURCE_ROWS, np.ones(ROWS), 2)
    rows = table.prepare(ALL, ALL < 2)
    source = np.ones((SOURCE_ROWS, SIZE), np.float32)
    assert compose(source, rows).any(axis=1).tolist() == [True, True, *[False] * (ROWS - 2)]
    spread(source, rows, np.full((ROWS, SIZE), 0.01, np.float32))
    moved = np.flatnonzero((source != 1).any(axis=1))
    assert moved.tolist() == sorted({*parts(tie, 0), *parts(tie, 1)})


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_changes_reach_every_part_by_its_share(tie, pieces):
    draw = np.random.default_rng(2)
    updates = draw.uniform(1, 1e5, ROWS)
    source, changes = np.zeros((SOURCE_ROWS, SIZE), np.float32), draw.normal(size=(ROWS, SIZE))
    expected = np.zeros((SOURCE_ROWS, SIZE))
    together = np.zeros(SOURCE_ROWS)
    one_by_one = np.zeros(SOURCE_ROWS)
    for row in range(ROWS):
        for part in parts(tie, row):
            expected[part] += 0.01 * changes[row]
            together[part] += updates[row]
            one_by_one[part] += 1 - np.exp(-tied_rows.SPREAD_KAPPA * updates[row])
    used = one_by_one > 0
    share = (1 - np.exp(-tied_rows.SPREAD_KAPPA * together[used])) / one_by_one[used]
    expected[used] *= share[:, None]
    rows = TiedTable(tie, SOURCE_ROWS, updates, pieces).prepare(ALL)
    spread(source, rows, (0.01 * changes).astype(np.float32))
    np.testing.assert_allclose(source, expected, rtol=1e-4, atol=1e-6)


def test_no_row_moves_further_than_the_limit(tie):
    source = np.zeros((SOURCE_ROWS, SIZE), np.float32)
    rows = TiedTable(tie, SOURCE_ROWS, np.ones(ROWS), 2).prepare(ALL)
    spread(source, rows, np.full((ROWS, SIZE), 1e6, np.float32))
    lengths = np.linalg.norm(source, axis=1)
    np.testing.assert_allclose(lengths[np.unique(tie.parts)], tied_rows.SPREAD_LIMIT, rtol=1e-5)


def test_words_are_made_of_themselves_and_their_ngrams(store):
    sampler = BatchSampler(store, EmbeddingConfig(min_count=1, max_n=4, bucket=50))
    vocabulary = sampler.vocabulary
    tie, buckets = subword_rows(vocabulary, sampler.config)
    for row, word in enumerate(vocabulary.words):
        own, *ngrams = parts(tie, row)
        assert own == row
        expected = char_ngram_buckets([word], 3, 4, 50).buckets
        np.testing.assert_array_equal(buckets[np.array(ngrams, int) - len(vocabulary)], expected)


@pytest.mark.parametrize(
    ("workers", "large"),
    [
        (1, False),
        (2, True),
        pytest.param(1, True, marks=pytest.mark.full),
        pytest.param(2, False, marks=pytest.mark.full),
    ],
)
def test_run_with_subwords_learns_and_repeats(store, workers, large, monkeypatch):
    if large:
        monkeypatch.setattr("textdl.embed.working_set.MIN_TABLE_ROWS", 1)
        monkeypatch.setattr("textdl.embed.working_set.MIN_TABLE_NUMBERS", 1)
    config = EmbeddingConfig(
        min_count=1, max_n=5, bucket=500, vector_size=8, epochs=3, workers=workers
    )
    first, again = (train(BatchSampler(store, config)) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    assert first.loss_curve[-1] < first.loss_curve[0]
    objective = BatchSampler(store, config).objective
    tables = objective.init()
    assert SUBWORDS in tables
    assert (first.matrix != objective.export(tables)).any(axis=1).all()


def test_longest_subword_below_the_shortest_is_refused():
    with pytest.raises(ParameterError, match="max_n=2 is below min_n=3; expected at least as much"):
        EmbeddingConfig(max_n=2)
