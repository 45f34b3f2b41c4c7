"""Several seeds in one go: each as if alone, resumed, interrupted, and refused."""

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.embed.conftest import zipf_text
from textdl import FastText, Word2Vec
from textdl.embed import local_sgd, seeds
from textdl.embed.checkpoint import CheckpointConfig, CheckpointInterval
from textdl.embed.config import EmbeddingConfig
from textdl.embed.progress import RunCallbacks
from textdl.embed.seeds import seed_path, train_seeds
from textdl.embed.trainer import train_corpus
from textdl.errors import CheckpointError, DivergenceError, ParameterError
from textdl.vectors.stability import measure_stability, trusted_neighbors

CONFIG = EmbeddingConfig(vector_size=8, min_count=1, epochs=2, seed=5)
SMALL = {"vector_size": 8, "min_count": 1, "tokenizer": "whitespace", "epochs": 2}


@pytest.fixture(autouse=True)
def several_rounds(monkeypatch):
    monkeypatch.setattr(local_sgd, "CHUNKS_PER_ROUND", 8)


@pytest.fixture(params=[1, 3], ids=["one after the other", "side by side"])
def at_once(request, monkeypatch):
    monkeypatch.setattr(seeds, "_runs_at_once", lambda _: request.param)


def checkpoints_in(folder):
    return CheckpointConfig(folder, CheckpointInterval(steps=1), resume=True)


def as_bytes(vectors, folder):
    vectors.save(folder / "one.safetensors")
    return (folder / "one.safetensors").read_bytes()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Word2Vec, {}),
        (Word2Vec, {"quality": "best"}),
        (Word2Vec, {"early_stopping": True, "validation_fraction": 0.2, "epochs": 4}),
        pytest.param(Word2Vec, {"arch": "cbow", "loss": "hs"}, marks=pytest.mark.full),
        pytest.param(FastText, {"bucket": 1_000}, marks=pytest.mark.full),
    ],
)
def test_each_seed_is_the_file_of_a_fit_alone(kind, given, tmp_path):
    text = zipf_text(3_000, 60)
    model = kind(**{**SMALL, **given}, n_seeds=3, seed=5).fit(text)
    assert list(model.seed_vectors_) == [5, 6, 7]
    for seed, vectors in model.seed_vectors_.items():
        alone = kind(**{**SMALL, **given}, seed=seed).fit(text)
        assert as_bytes(vectors, tmp_path) == as_bytes(alone.vectors_, tmp_path)
        assert list(alone.seed_vectors_) == [seed]
        if seed == 5:
            assert model.vectors_ is vectors
            assert model.loss_curve_ == alone.loss_curve_
    assert not np.array_equal(model.seed_vectors_[5].matrix, model.seed_vectors_[6].matrix)


def test_corpus_is_read_once():
    text = zipf_text(2_000, 50)
    model = Word2Vec(**SMALL, n_seeds=2).fit(line for line in text)
    again = Word2Vec(**SMALL, n_seeds=2).fit(text)
    for seed, vectors in model.seed_vectors_.items():
        np.testing.assert_array_equal(vectors.matrix, again.seed_vectors_[seed].matrix)


def test_files_answer_how_far_to_trust_them():
    files = list(Word2Vec(**SMALL, n_seeds=3).fit(zipf_text(3_000, 60)).seed_vectors_.values())
    assert {it.share for it in trusted_neighbors(files, "w0")} <= {1 / 3, 2 / 3, 1.0}
    assert 0 < measure_stability(files).overlap <= 1


def test_reports_are_those_of_one_run_and_never_at_once(store, monkeypatch):
    monkeypatch.setattr(seeds, "_runs_at_once", lambda _: 3)
    reports = []
    inside = threading.Lock()

    def report(it):
        assert inside.acquire(blocking=False)
        reports.append(it)
        inside.release()

    train_seeds(store, CONFIG, 3, callbacks=RunCallbacks(report=report))
    words = len(store.tokens)
    assert {(it.epochs, it.total_words) for it in reports} == {(6, 6 * words)}
    done = [it.words for it in reports]
    assert done == sorted(done)
    assert done[-1] == 6 * words
    assert [it.epoch for it in reports if it.epoch_done][-1] == 6


@pytest.mark.usefixtures("at_once")
def test_interrupted_seeds_resume_to_the_same_bits_and_to_more_seeds(store, tmp_path, monkeypatch):
    is_asked = threading.Event()
    monkeypatch.setattr(seeds.Deferred, "is_set", lambda _: is_asked.is_set())
    monkeypatch.setattr(seeds.Deferred, "raise_if_set", lambda _: interrupt_if(is_asked))
    rounds = 0

    def report(it):
        nonlocal rounds
        rounds += 1
        if rounds == 4:
            is_asked.set()

    callbacks = RunCallbacks(report=report)
    with pytest.raises(KeyboardInterrupt):
        train_seeds(store, CONFIG, 2, checkpoints=checkpoints_in(tmp_path), callbacks=callbacks)
    monkeypatch.undo()
    resumed = train_seeds(store, CONFIG, 3, checkpoints=checkpoints_in(tmp_path))
    for config, result in zip(CONFIG.of_seeds(3), resumed, strict=True):
        alone = train_corpus(store, config)
        np.testing.assert_array_equal(result.vectors.matrix, alone.vectors.matrix)
        assert result.loss_curve == alone.loss_curve
    assert {it.name for it in tmp_path.iterdir() if it.is_dir()} == {"seed-6", "seed-7"}
    done = []
    train_seeds(
        store,
        CONFIG,
        3,
        checkpoints=checkpoints_in(tmp_path),
        callbacks=RunCallbacks(report=done.append),
    )
    assert done == []


def interrupt_if(event):
    if event.is_set():
        raise KeyboardInterrupt


def test_resume_with_another_first_seed_is_refused(store, tmp_path):
    train_seeds(store, CONFIG, 2, checkpoints=checkpoints_in(tmp_path))
    with pytest.raises(CheckpointError, match="seed=5, not 6"):
        train_seeds(store, CONFIG.of_seeds(2)[1], 2, checkpoints=checkpoints_in(tmp_path))


@pytest.mark.usefixtures("at_once")
def test_failure_of_one_seed_is_raised_and_ends_the_others(store, monkeypatch):
    started = []

    def fail(store, config, **_):
        started.append(config.seed)
        raise DivergenceError(f"training diverged with seed {config.seed}")

    monkeypatch.setattr(seeds, "train_store", fail)
    with pytest.raises(DivergenceError, match="training diverged with seed"):
        train_seeds(store, CONFIG, 50)
    assert len(started) <= 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_seeds": 0}, "n_seeds=0; expected a whole number from 1 to 1,000"),
        ({"n_seeds": 1_001}, "n_seeds=1001"),
        ({"n_seeds": 2, "seed": 2**63 - 1}, f"seed={2**63}"),
        ({"n_seeds": 2, "seed": 2**63}, f"seed={2**63}"),
        ({"n_seeds": 2, "callbacks": print}, "n_seeds=2 with callbacks, which is about one model"),
        ({"n_seeds": 2, "log": "log"}, "n_seeds=2 with log"),
    ],
)
def test_what_is_about_one_model_is_refused(given, says):
    with pytest.raises(ParameterError, match=says):
        Word2Vec(**SMALL | given).fit(["a b"])


def test_seeds_leave_no_model_to_save_or_train_on(tmp_path):
    text = zipf_text(500, 20)
    model = Word2Vec(**SMALL, n_seeds=2).fit(text)
    with pytest.raises(ParameterError, match="2 seeds leave their vectors, and none of them to"):
        model.save(tmp_path / "m.safetensors")
    with pytest.raises(ParameterError, match="save seed_vectors_, or fit with n_seeds=1"):
        model.partial_fit(text)
    plain = Word2Vec(**SMALL).fit(text).set_params(n_seeds=2)
    with pytest.raises(ParameterError, match=r"n_seeds=2 with partial_fit \(--continue\)"):
        plain.partial_fit(text)
    plain.save(tmp_path / "m.safetensors")
    assert list(Word2Vec.load(tmp_path / "m.safetensors").seed_vectors_) == [1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("v.safetensors", "v.seed7.safetensors"),
        ("v.1.txt.zst", "v.1.seed7.txt.zst"),
        ("folder", "folder.seed7"),
    ],
)
def test_seed_path(name, expected):
    assert seed_path(Path("x", name), 5, 7) == Path("x", expected)
    assert seed_path(Path("x", name), 5, 5) == Path("x", name)
