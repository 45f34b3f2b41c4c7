"""What a run begins with: given vectors, matched by word, some of which stay as they are."""

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from textdl import Vectors, Word2Vec
from textdl.embed.batches import BatchSampler
from textdl.embed.config import EmbeddingConfig
from textdl.embed.trainer import RunOptions, train
from textdl.embed.warm_start import WarmStart, starting_point
from textdl.errors import FileFormatError, ParameterError

QUICK = {"vector_size": 8, "min_count": 1, "epochs": 1, "tokenizer": "whitespace"}
TEXT = zipf_text(2_000, 60)
DRAW = np.random.default_rng(3)
GIVEN = Vectors([f"w{n}" for n in range(0, 200, 2)], DRAW.normal(size=(100, 8)))
EVEN = [f"w{n}" for n in range(0, 40, 2)]


def start_of(store, warm, **config):
    sampler = BatchSampler(store, EmbeddingConfig(vector_size=8, min_count=1, **config))
    return sampler, starting_point(sampler, warm)


def test_starting_point_rows_are_matched_by_word_and_others_are_drawn(store):
    sampler, (tables, frozen, _) = start_of(store, WarmStart(vectors=GIVEN))
    drawn = sampler.objective.init()
    assert frozen == {}
    for row, word in enumerate(sampler.vocabulary.words):
        expected = GIVEN[word] if word in GIVEN else drawn["input"][row]
        np.testing.assert_array_equal(tables["input"][row], expected)
    np.testing.assert_array_equal(tables["output"], drawn["output"])


def test_starting_point_words_of_subwords_begin_with_their_vectors(store):
    sampler, (tables, *_) = start_of(store, WarmStart(vectors=GIVEN), max_n=4, bucket=100)
    drawn = sampler.objective.init()
    start, end = sampler.objective.export(drawn), sampler.objective.export(tables)
    for row, word in enumerate(sampler.vocabulary.words):
        expected = GIVEN[word] if word in GIVEN else start[row]
        np.testing.assert_allclose(end[row], expected, atol=1e-5)


def test_starting_point_default_is_what_is_drawn(store):
    sampler, (tables, frozen, _) = start_of(store, WarmStart())
    for name, table in sampler.objective.init().items():
        np.testing.assert_array_equal(tables[name], table)
    assert frozen == {}


@pytest.mark.parametrize(
    ("workers", "arch", "loss"),
    [
        (1, "skipgram", "ns"),
        (3, "cbow", "hs"),
        pytest.param(3, "skipgram", "ns", marks=pytest.mark.full),
        pytest.param(1, "cbow", "hs", marks=pytest.mark.full),
    ],
)
def test_frozen_vectors_stay_bit_for_bit(workers, arch, loss):
    known = {**QUICK, "workers": workers, "arch": arch, "loss": loss, "epochs": 3}
    known["init_vectors"] = GIVEN
    free = Word2Vec(**known).fit(TEXT).vectors_
    some = Word2Vec(**known, freeze=EVEN).fit(TEXT).vectors_
    every = Word2Vec(**known, freeze="all").fit(TEXT).vectors_
    for word in some.labels:
        if word in EVEN:
            np.testing.assert_array_equal(some[word], GIVEN[word])
        if word in GIVEN:
            np.testing.assert_array_equal(every[word], GIVEN[word])
    for word in EVEN[:5]:
        assert not np.array_equal(free[word], GIVEN[word])
    assert not np.array_equal(some["w44"], GIVEN["w44"])
    assert not np.array_equal(every["w1"], free["w1"])


def test_frozen_negative_zero_stays_equal():
    matrix = GIVEN.matrix.copy()
    matrix[:, ::2] = -0.0
    given = Vectors(GIVEN.labels, matrix)
    found = Word2Vec(**QUICK, init_vectors=given, freeze="all").fit(TEXT).vectors_
    np.testing.assert_array_equal(found["w0"], given["w0"])


@pytest.mark.parametrize("workers", [1, 2])
def test_frozen_words_of_subwords_stay_all_or_none(store, workers):
    config = EmbeddingConfig(
        vector_size=8, min_count=1, epochs=1, max_n=4, bucket=100, workers=workers
    )
    sampler = BatchSampler(store, config)
    words = sampler.vocabulary.words
    given = Vectors(words, DRAW.normal(size=(len(words), 8)))
    warm = WarmStart(vectors=given, freeze="all")
    start = sampler.objective.export(starting_point(sampler, warm).tables)
    trained = train(sampler, options=RunOptions(warm))
    np.testing.assert_array_equal(trained.matrix, start)
    assert np.asarray(trained.tables["output"]).any()
    with pytest.raises(ParameterError, match="share subwords with the others"):
        starting_point(sampler, WarmStart(vectors=given, freeze=("w1",)))


def test_frozen_model_that_is_trained_on_keeps_old_words():
    model = Word2Vec(**QUICK).fit(TEXT)
    before = model.vectors_
    model.set_params(freeze="all").partial_fit([*TEXT, "brand new words stand here"] * 2)
    after = model.vectors_
    np.testing.assert_array_equal(after.matrix[: len(before)], before.matrix)
    assert len(after) == len(before) + 5
    assert not np.array_equal(model._model.tables["output"][: len(before)], 0)


def test_init_vectors_of_a_file_and_in_memory_same_bits(tmp_path):
    matrices = [Word2Vec(**QUICK, init_vectors=GIVEN).fit(TEXT).vectors_.matrix]
    for name in ("v.safetensors", "v.bin"):
        GIVEN.save(tmp_path / name)
        model = Word2Vec(**QUICK, init_vectors=tmp_path / name)
        matrices.append(model.fit(TEXT).vectors_.matrix)
    for matrix in matrices[1:]:
        np.testing.assert_array_equal(matrix, matrices[0])
    assert not np.array_equal(matrices[0], Word2Vec(**QUICK).fit(TEXT).vectors_.matrix)


def test_init_vectors_new_words_of_a_trained_model_begin_with_theirs():
    model = Word2Vec(**QUICK).fit(["w0 w1"] * 20)
    model.set_params(init_vectors=GIVEN, freeze=["w8", "w10"]).partial_fit(["w1 w8 w10 w7"] * 9)
    np.testing.assert_array_equal(model.vectors_["w8"], GIVEN["w8"])
    assert not np.array_equal(model.vectors_["w0"], GIVEN["w0"])


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"init_vectors": Vectors(["w1"], [[1.0, 2.0]])},
         r"init_vectors has vectors of 2 dimensions, vector_size=8; pass vector_size=2"),
        ({"init_vectors": Vectors(["zebra"], [[1.0] * 8])},
         r"none of the \d+ words of the vocabulary, such as 'w0', 'w1'"),
        ({"init_vectors": Vectors(["w1"], [[1e4] * 8])}, "a vector of length 2.828e.04"),
        ({"init_vectors": 3}, "init_vectors=3; expected the path of a file"),
        ({"freeze": "all"}, "freeze has no vectors to keep"),
        ({"freeze": ["w0"]}, "freeze has no vectors to keep"),
        ({"init_vectors": GIVEN, "freeze": "w0"}, "freeze='w0'; expected 'all', or a list"),
        ({"init_vectors": GIVEN, "freeze": []}, r"freeze=\[\]; expected 'all', or a list"),
        ({"init_vectors": GIVEN, "freeze": 3}, "freeze=3; expected 'all', or a list"),
        ({"init_vectors": GIVEN, "freeze": ["w0", "w1", "zebra"]},
         "freeze has 2 of 3 words that begin without a vector .* such as 'w1', 'zebra'"),
    ],
)  # fmt: skip
def test_warm_start_errors(parameters, says):
    with pytest.raises(ParameterError, match=says):
        Word2Vec(**QUICK, **parameters).fit(TEXT)


def test_init_vectors_file_errors(tmp_path):
    with pytest.raises(FileFormatError, match=r"none\.bin"):
        Word2Vec(**QUICK, init_vectors=tmp_path / "none.bin").fit(TEXT)
    GIVEN.save(tmp_path / "v.bin")
    with pytest.raises(ParameterError, match=r"init_vectors='.*v\.bin' has vectors of 8 dim"):
        Word2Vec(**QUICK | {"vector_size": 9}, init_vectors=tmp_path / "v.bin").fit(TEXT)
