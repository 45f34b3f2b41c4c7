"""New text for a model: old rows keep their places, counts add up, tables get room."""

import numpy as np
import pytest

from tests.embed.conftest import build_store
from textdl.embed.batches import BatchSampler
from textdl.embed.config import EmbeddingConfig
from textdl.embed.growth import grow_tables, grow_vocabulary
from textdl.embed.model import ModelState
from textdl.embed.objectives.subwords import FIRST_BUCKET, SUBWORDS
from textdl.embed.trainer import RunOptions, train_corpus
from textdl.embed.warm_start import WarmStart
from textdl.errors import CorpusError, ParameterError
from textdl.text.vocabulary import Vocabulary

FIRST = ["a a a a b b b c c d e"]
SECOND = ["d d d c c c c f f f f f b g"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    return [build_store(it, folder / str(n)) for n, it in enumerate((FIRST, SECOND))]


def model_of(store, min_count=2):
    vocabulary = store.vocabulary.cut(min_count)
    size = len(vocabulary)
    return ModelState(
        vocabulary=vocabulary,
        rare=Vocabulary(store.vocabulary.words[size:], store.vocabulary.counts[size:]),
        tables={"input": np.ones((size, 4), np.float32)},
        row_ids={},
        objective_counts=vocabulary.counts,
        texts=(store.fingerprint,),
        words=len(store.tokens),
        epochs=3,
    )


def test_grow_vocabulary_new_text_keeps_rows_and_adds_counts(stores):
    words = grow_vocabulary(model_of(stores[0]), stores[1], EmbeddingConfig(min_count=2))
    assert words.vocabulary.words == ["a", "b", "c", "f", "d"]
    assert words.vocabulary.counts.tolist() == [4, 4, 6, 5, 4]  # d: once before, three times now
    assert words.counts.tolist() == [0, 1, 4, 5, 3]
    assert dict(zip(words.rare.words, words.rare.counts.tolist(), strict=True)) == {"e": 1, "g": 1}
    rows = dict(zip(stores[1].vocabulary.words, words.rows.tolist(), strict=True))
    assert rows == {"b": 1, "c": 2, "f": 3, "d": 4, "g": 5}
    assert words.texts == (stores[0].fingerprint, stores[1].fingerprint)
    assert words.all_words == 25
    assert words.epochs == 3


def test_grow_vocabulary_same_text_counts_it_once(stores):
    model = model_of(stores[0])
    words = grow_vocabulary(model, stores[0], EmbeddingConfig(min_count=2))
    assert words.vocabulary.words == model.vocabulary.words
    assert words.vocabulary.counts.tolist() == model.vocabulary.counts.tolist()
    assert words.texts == model.texts
    assert words.all_words == 11
    more = grow_vocabulary(model, stores[0], EmbeddingConfig(min_count=1))
    assert more.vocabulary.words == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(("size", "words"), [(None, "abcfd"), (4, "abcf"), (3, "abc"), (1, "abc")])
def test_grow_vocabulary_max_vocab_size_limits_new_words(stores, size, words):
    config = EmbeddingConfig(min_count=2, max_vocab_size=size)
    found = grow_vocabulary(model_of(stores[0]), stores[1], config)
    assert found.vocabulary.words == list(words)


def test_grow_vocabulary_hierarchical_softmax_refuses_new_words(stores):
    model = model_of(stores[0])
    with pytest.raises(ParameterError, match=r"2 new words, such as 'f'.*max_vocab_size=3"):
        grow_vocabulary(model, stores[1], EmbeddingConfig(min_count=2, loss="hs"))
    config = EmbeddingConfig(min_count=2, loss="hs", max_vocab_size=3)
    words = grow_vocabulary(model, stores[1], config)
    assert words.vocabulary.counts.tolist() == [4, 4, 6]
    assert words.objective_counts.tolist() == [4, 3, 2]  # of the tree


def test_grow_vocabulary_text_without_known_words_is_refused(stores, tmp_path):
    other = build_store(["x y z"], tmp_path / "other")
    with pytest.raises(CorpusError, match="none of the 3 words of the model"):
        grow_vocabulary(model_of(stores[0]), other, EmbeddingConfig(min_count=2))


def test_grow_tables_old_rows_stay_and_new_ones_are_drawn(stores):
    start = {"input": np.full((5, 4), 7, np.float32)}
    grown = grow_tables(model_of(stores[0]), start, {}, 5)["input"]
    assert grown[:, 0].tolist() == [1, 1, 1, 7, 7]
    assert (start["input"] == 7).all()


def test_grow_tables_rows_that_are_numbered_anew_are_found_by_what_they_are(stores):
    model = model_of(stores[0])._replace(
        tables={"t": np.array([[0], [1], [2], [100]], np.float32)},
        row_ids={"t": np.array([0, 1, 2, 100])},
    )
    start = {"t": np.full((6, 1), -1, np.float32)}
    grown = grow_tables(model, start, {"t": np.array([0, 1, 2, 3, 99, 100])}, 4)["t"]
    assert grown[:, 0].tolist() == [0, 1, 2, -1, -1, 100]
    with pytest.raises(ParameterError, match="do not fit the 6"):
        grow_tables(model, start, {"t": np.array([0, 1, 2, 3, 99, 101])}, 4)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ({"nodes": np.zeros((3, 4))}, r"no table 'nodes' \(it has input\).*the loss and arch"),
        ({"input": np.zeros((5, 6))}, "4 dimensions in its table 'input', with vector_size=6"),
        ({"input": np.zeros((4, 4))}, "3 rows in its table 'input', which do not fit the 4"),
    ],
)
def test_grow_tables_other_tables_are_refused(stores, start, says):
    with pytest.raises(ParameterError, match=says):
        grow_tables(model_of(stores[0]), start, {}, 5)


def test_partial_fit_model_of_subwords_grows_with_its_buckets(stores):
    """What a word is made of stays what it was, for new words have new rows of their own."""
    config = EmbeddingConfig(vector_size=4, min_count=2, epochs=1, max_n=3, min_n=1, bucket=50)
    first = train_corpus(stores[0], config)
    options = RunOptions(WarmStart(first.model))
    second = train_corpus(stores[1], config, options=options)
    assert list(second.vectors.labels) == ["a", "b", "c", "f", "d"]
    ids = second.model.row_ids[SUBWORDS]
    assert ids[:5].tolist() == [0, 1, 2, 3, 4]
    assert set(first.model.row_ids[SUBWORDS]) <= set(ids.tolist())
    assert (ids[5:] >= FIRST_BUCKET).all()
    sampler = BatchSampler(stores[1], config, grow_vocabulary(first.model, stores[1], config))
    start = sampler.objective.init()
    grown = grow_tables(first.model, start, sampler.objective.row_ids, 5)
    exported = sampler.objective.export(grown)
    np.testing.assert_array_equal(exported[:3], first.vectors.matrix)


def test_epochs_of_a_trained_model_are_those_that_follow(stores):
    """Windows, noise and order are drawn as in the epochs that a longer run would have had."""
    config = EmbeddingConfig(min_count=2, epochs=9)
    straight = BatchSampler(stores[1], config)
    model = model_of(stores[1])
    trained = BatchSampler(stores[1], config, grow_vocabulary(model, stores[1], config))
    assert trained.first_epoch == model.epochs == 3
    for one, other in zip(straight.epoch(3), trained.epoch(0), strict=True):
        for name, ids in one.rows["output"].items():
            np.testing.assert_array_equal(ids, other.rows["output"][name])
    first = next(straight.epoch(0)).rows["output"]["noise"]
    assert not np.array_equal(first, next(trained.epoch(0)).rows["output"]["noise"])
    assert trained.rate(0, 0) == straight.rate(0, 0)
