"""Runs of several models: what comes of them, how they are reported, and resumed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from textdl import Word2Vec
from textdl.embed import local_sgd
from textdl.embed.batches import BatchSampler
from textdl.embed.checkpoint import CheckpointConfig
from textdl.embed.config import EmbeddingConfig
from textdl.embed.model_parameters import QUALITIES, word2vec_config
from textdl.embed.progress import RunCallbacks
from textdl.embed.trainer import train, train_corpus
from textdl.errors import CheckpointError, ParameterError
from textdl.io.checkpoints import CheckpointInterval
from textdl.text.source import CorpusConfig
from textdl.vectors.alignment import centered, mean_of_aligned

CONFIG = EmbeddingConfig(
    vector_size=8, min_count=1, epochs=2, members=({"window": 2}, {"window": 4, "sample": 0.01})
)
BEST = {"vector_size": 8, "min_count": 1, "tokenizer": "whitespace", "quality": "best", "epochs": 2}


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def several_rounds(monkeypatch):
    monkeypatch.setattr(local_sgd, "CHUNKS_PER_ROUND", 8)


def checkpoints_in(folder):
    return CheckpointConfig(folder, CheckpointInterval(steps=1), resume=True)


def killed_after(rounds):
    """A report that ends the run after so many rounds."""
    left = rounds

    def report(of_round):
        nonlocal left
        left -= not of_round.epoch_done
        if left < 0:
            raise Killed

    return RunCallbacks(report=report)


def test_train_corpus_members_are_averaged_after_alignment(store):
    members = [train(BatchSampler(store, config)) for config in CONFIG.of_members()]
    result = train_corpus(store, CONFIG)
    mean = mean_of_aligned([it.matrix for it in members])
    np.testing.assert_array_equal(result.vectors.matrix, mean)
    losses = np.mean([it.loss_curve for it in members], axis=0)
    np.testing.assert_allclose(result.loss_curve, losses)
    for name, table in members[0].tables.items():
        np.testing.assert_array_equal(result.tables[name], table)


def test_train_corpus_one_member_is_a_plain_run(store):
    alone = train_corpus(store, replace(CONFIG, members=({"window": 2},)))
    plain = train_corpus(store, replace(CONFIG, members=(), window=2))
    np.testing.assert_array_equal(alone.vectors.matrix, plain.vectors.matrix)
    assert alone.loss_curve == plain.loss_curve


def test_train_corpus_centered_has_mean_zero(store):
    plain = train_corpus(store, CONFIG).vectors.matrix
    result = train_corpus(store, replace(CONFIG, centered=True)).vectors.matrix
    np.testing.assert_array_equal(result, centered(plain))


@pytest.mark.parametrize(
    ("arch", "max_n"),
    [
        ("skipgram", 0),
        ("cbow", 3),
        pytest.param("skipgram", 3, marks=pytest.mark.full),
        pytest.param("cbow", 0, marks=pytest.mark.full),
    ],
)
def test_context_share_adds_output_vectors(store, arch, max_n):
    config = EmbeddingConfig(vector_size=8, epochs=1, min_count=1, arch=arch, max_n=max_n)
    plain = train(BatchSampler(store, config))
    shared = train(BatchSampler(store, replace(config, context_share=0.25)))
    expected = plain.matrix + np.float32(0.25) * np.asarray(plain.tables["output"])
    np.testing.assert_allclose(shared.matrix, expected, atol=1e-6)


@pytest.mark.parametrize("killed", [(1,), (3, 1, 2), (1, 1, 1, 1, 1)])
def test_killed_members_resume_to_the_same_bits(store, tmp_path, killed):
    straight = train_corpus(store, CONFIG)
    stopped = 0
    for rounds in killed:
        try:
            train_corpus(
                store,
                CONFIG,
                checkpoints=checkpoints_in(tmp_path),
                callbacks=killed_after(rounds),
            )
        except Killed:
            stopped += 1
    assert stopped == len(killed)
    result = train_corpus(store, CONFIG, checkpoints=checkpoints_in(tmp_path))
    np.testing.assert_array_equal(result.vectors.matrix, straight.vectors.matrix)
    assert result.loss_curve == straight.loss_curve


def test_members_that_are_done_resume_to_what_they_were(store, tmp_path):
    done = train_corpus(store, CONFIG, checkpoints=checkpoints_in(tmp_path))
    reports = []
    again = train_corpus(
        store,
        CONFIG,
        checkpoints=checkpoints_in(tmp_path),
        callbacks=RunCallbacks(report=reports.append),
    )
    np.testing.assert_array_equal(again.vectors.matrix, done.vectors.matrix)
    assert reports == []


def test_members_resume_as_a_plain_run_is_refused(store, tmp_path):
    train_corpus(store, CONFIG, checkpoints=checkpoints_in(tmp_path))
    with pytest.raises(CheckpointError, match="window=2"):
        train_corpus(store, replace(CONFIG, members=()), checkpoints=checkpoints_in(tmp_path))


def test_member_folder_that_cannot_be_made_is_an_error(store, tmp_path):
    (tmp_path / "member-2").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"cannot write .*member-2.*free it"):
        train_corpus(store, CONFIG, checkpoints=checkpoints_in(tmp_path))


def test_reports_of_members_count_on(store):
    reports = []
    train_corpus(store, CONFIG, callbacks=RunCallbacks(report=reports.append))
    words = len(store.tokens)
    assert {(it.epochs, it.total_words) for it in reports} == {(4, 4 * words)}
    assert [it.epoch for it in reports if it.epoch_done] == [1, 2, 3, 4]
    done = [it.words for it in reports]
    assert done == sorted(done)
    assert done[-1] == 4 * words


@pytest.mark.parametrize(
    ("arch", "loss"),
    [("skipgram", "ns"), pytest.param("cbow", "hs", marks=pytest.mark.full)],
)
def test_quality_best_same_bits_twice(arch, loss):
    first, second = (
        Word2Vec(**BEST, arch=arch, loss=loss).fit(zipf_text(2_000, 50)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.vectors_.matrix, second.vectors_.matrix)
    assert first.vectors_.matrix.shape[1] == 8
    assert len(first.loss_curve_) == 2
    np.testing.assert_allclose(first.vectors_.matrix.mean(0), 0, atol=1e-6)
    assert len(first.vectors_.config["members"]) == len(QUALITIES["best"].members)


def test_quality_best_killed_while_reading_a_generator_resumes(tmp_path):
    text = zipf_text(2_000, 50)
    straight = Word2Vec(**BEST).fit(text).vectors_.matrix
    run = {"checkpoint": tmp_path / "run", "checkpoint_every": "1steps"}
    config = word2vec_config(Word2Vec(**BEST))
    checkpoints = CheckpointConfig(tmp_path / "run", CheckpointInterval(steps=1))
    with pytest.raises(Killed):
        train_corpus(
            CorpusConfig((line for line in text), "whitespace"),
            config,
            checkpoints=checkpoints,
            callbacks=killed_after(1),
        )
    resumed = Word2Vec(**BEST, **run, resume=True).fit(None).vectors_
    np.testing.assert_array_equal(resumed.matrix, straight)
    assert (tmp_path / "run" / "member-2").is_dir()


def test_log_of_resumed_quality_best_has_a_line_per_epoch(tmp_path):
    def fail_at_the_end(report):
        if report.epoch == report.epochs and report.epoch_done:
            raise Killed

    run = {"checkpoint": tmp_path / "run", "checkpoint_every": "1steps", "log": tmp_path / "log"}
    text = zipf_text(2_000, 50)
    with pytest.raises(Killed):
        Word2Vec(**BEST, **run, callbacks=fail_at_the_end).fit(text)
    for _ in range(2):  # the second time both models are done
        Word2Vec(**BEST, **run, resume=True).fit(text)
        lines = (tmp_path / "log").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


@pytest.mark.parametrize("text", [["a b"], ["a a a a a b"], ["a b c"]])
def test_quality_best_smallest_texts_train(text):
    vectors = Word2Vec(**BEST).fit(text).vectors_
    assert np.isfinite(vectors.matrix).all()


def test_quality_best_vocabulary_of_one_word_trains():
    vectors = Word2Vec(**BEST | {"min_count": 3}).fit(["a a a a a b"]).vectors_
    assert list(vectors.labels) == ["a"]
    assert np.isfinite(vectors.matrix).all()


def test_quality_best_save_and_load_keeps_how_it_was_made(tmp_path):
    vectors = Word2Vec(**BEST).fit(zipf_text(500, 20)).vectors_
    vectors.save(tmp_path / "v.safetensors")
    loaded = type(vectors).load(tmp_path / "v.safetensors")
    assert loaded.config["members"] == QUALITIES["best"].members
    np.testing.assert_array_equal(loaded.matrix, vectors.matrix)


def test_quality_best_leaves_no_model_to_train_on(tmp_path):
    text = zipf_text(500, 20)
    model = Word2Vec(**BEST).fit(text)
    with pytest.raises(ParameterError, match="leaves no model to save; save vectors_"):
        model.save(tmp_path / "m.safetensors")
    with pytest.raises(ParameterError, match="leaves no model to train on"):
        model.partial_fit(text)
    plain = Word2Vec(**BEST | {"quality": "default"}).fit(text).set_params(quality="best")
    with pytest.raises(ParameterError, match="cannot be trained on as several"):
        plain.partial_fit(text)


def test_quality_best_warm_start_and_history():
    text = zipf_text(1_000, 30)
    before = Word2Vec(**BEST | {"quality": "default"}).fit(text).vectors_
    model = Word2Vec(**BEST, init_vectors=before).fit(text)
    cold = Word2Vec(**BEST).fit(text)
    assert not np.array_equal(model.vectors_.matrix, cold.vectors_.matrix)
    assert list(model.history_) == ["loss", "seconds"]
    assert model.history_["loss"] == model.loss_curve_
    assert len(model.history_["seconds"]) == model.n_iter_ == 2
