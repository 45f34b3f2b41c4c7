"""What is measured after every epoch: held-out sentences, benchmarks; and when that ends a run."""

import math

import numpy as np
import pytest

from tests.embed.conftest import build_store, zipf_text
from textdl import Word2Vec
from textdl.embed import batches
from textdl.embed.batches import BatchSampler
from textdl.embed.config import EmbeddingConfig
from textdl.embed.objectives import ARCHITECTURES, LOSSES
from textdl.embed.trainer import RunOptions, train, train_corpus
from textdl.embed.validation import HeldOut, ValidationConfig
from textdl.errors import CorpusError, CorpusReadError, ParameterError

QUICK = {"vector_size": 8, "min_count": 1, "epochs": 3, "tokenizer": "whitespace"}
TEXT = zipf_text(3_000, 100)
SMALL = {"vector_size": 8, "min_count": 1, "sample": 0.0}


def tokens_of(sampler, epoch=0):
    """The centers of an epoch that predict, by how often each is one."""
    counts = np.zeros(len(sampler.vocabulary), np.int64)
    for chunk in sampler.epoch(epoch):
        is_center = (chunk.values["left"] + chunk.values["right"]) > 0
        halo = sampler.config.window
        centers = chunk.rows["output"]["tokens"][..., halo : halo + sampler.length]
        counts += np.bincount(centers[is_center], minlength=len(counts))
    return counts


def test_held_out_sentences_and_those_of_training_are_the_text(store):
    config = EmbeddingConfig(**SMALL)
    whole = BatchSampler(store, config)
    sampler = BatchSampler(store, config, held_out=0.25)
    held = sampler.held_out()
    for part in (sampler, held):
        np.testing.assert_allclose(tokens_of(part).sum(), part.kept_per_epoch, rtol=0.01)
    both = tokens_of(sampler) + tokens_of(held)
    np.testing.assert_array_equal(both, tokens_of(whole))
    assert 0.2 < held.kept_per_epoch / whole.kept_per_epoch < 0.3


def test_held_out_batches_are_the_same_in_every_epoch_and_others_than_those_of_training(store):
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL), held_out=0.25)
    first, again = (list(sampler.held_out().epoch(0)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        for name in one.rows["output"]:
            np.testing.assert_array_equal(one.rows["output"][name], other.rows["output"][name])


MODELS = [  # every pair of choices in the quick tests, all of them in the full ones
    pytest.param(
        arch, loss, max_n, marks=[] if bool(max_n) == (side == output) else [pytest.mark.full]
    )
    for side, arch in enumerate(ARCHITECTURES)
    for output, loss in enumerate(LOSSES)
    for max_n in (0, 4)
]


@pytest.mark.parametrize(("arch", "loss", "max_n"), MODELS)
def test_validation_loss_is_the_mean_over_the_predictions(store, arch, loss, max_n):
    """At first all scores are 0: what a prediction costs is known."""
    config = EmbeddingConfig(
        **SMALL, arch=arch, loss=loss, max_n=max_n, bucket=100, epochs=1, learning_rate=0.01
    )
    sampler = BatchSampler(store, config, held_out=0.2)
    held = HeldOut(sampler.held_out())
    found = held.loss(sampler.objective.init())
    if loss == "ns":
        np.testing.assert_allclose(found, 6 * math.log(2), rtol=1e-5)
    else:
        assert 0 < found < sampler.objective.initial_loss
    before = found
    trained = train(sampler)
    assert held.loss(trained.tables) < before


def test_validation_loss_is_in_history_and_training_does_not_see_the_sentences():
    model = Word2Vec(**QUICK, validation_fraction=0.2).fit(TEXT)
    assert list(model.history_) == ["loss", "val_loss", "seconds"]
    assert [len(values) for values in model.history_.values()] == [3, 3, 3]
    assert model.history_["val_loss"][-1] < model.history_["val_loss"][0]
    assert model.vectors_.config["validation_fraction"] == 0.2
    plain = Word2Vec(**QUICK).fit(TEXT)
    assert list(plain.history_) == ["loss", "seconds"]
    assert "validation_fraction" not in plain.vectors_.config
    assert not np.array_equal(plain.vectors_.matrix, model.vectors_.matrix)


def test_measuring_benchmarks_changes_no_bit(tmp_path):
    (tmp_path / "pairs.txt").write_text("w1 w2 3\nw1 w3 1\nw4 w9 2\n")
    (tmp_path / "questions.txt").write_text(": first\nw1 w2 w3 w4\n")
    files = [tmp_path / "pairs.txt", str(tmp_path / "questions.txt")]
    measured = Word2Vec(**QUICK, evaluation=files).fit(TEXT)
    assert list(measured.history_) == ["loss", "pairs", "questions", "seconds"]
    assert all(-1 <= it <= 1 for it in measured.history_["pairs"])
    plain = Word2Vec(**QUICK).fit(TEXT)
    np.testing.assert_array_equal(measured.vectors_.matrix, plain.vectors_.matrix)


def test_early_stopping_keeps_the_best_epoch(monkeypatch):
    losses = iter([3.0, 2.0, 2.5, 2.0, 1.0])
    matrices = []

    def measured(held_out, tables):
        matrices.append(np.array(tables["input"]))
        return next(losses)

    monkeypatch.setattr("textdl.embed.run.HeldOut.loss", measured)
    model = Word2Vec(**QUICK | {"epochs": 9}, early_stopping=True, patience=2).fit(TEXT)
    assert model.history_["val_loss"] == [3.0, 2.0, 2.5, 2.0]
    assert model.n_iter_ == 4
    np.testing.assert_array_equal(model.vectors_.matrix, matrices[1])
    np.testing.assert_array_equal(model._model.tables["input"], matrices[1])
    assert model.vectors_.config["patience"] == 2


def test_early_stopping_without_improvement_after_patience_only():
    model = Word2Vec(**QUICK, early_stopping=True, patience=50).fit(TEXT)
    assert len(model.history_["val_loss"]) == 3
    assert model.vectors_.config["validation_fraction"] == 0.1


def test_early_stopping_run_that_is_done_resumes_to_what_it_was(tmp_path):
    kept = {**QUICK | {"epochs": 30}, "early_stopping": True, "patience": 1,
            "checkpoint": tmp_path / "run", "resume": True}  # fmt: skip
    done, again = (Word2Vec(**kept).fit(TEXT) for _ in range(2))
    assert len(done.loss_curve_) < 30
    np.testing.assert_array_equal(again.vectors_.matrix, done.vectors_.matrix)
    np.testing.assert_equal(again.history_, done.history_)


@pytest.mark.parametrize(
    ("parameters", "error", "says"),
    [
        ({"validation_fraction": 0.0}, ParameterError, "validation_fraction=0.0; expected a num"),
        ({"validation_fraction": 1.0}, ParameterError, "validation_fraction=1.0; expected a num"),
        ({"patience": 0}, ParameterError, "patience=0; expected a whole number from 1"),
        ({"early_stopping": 1}, ParameterError, "early_stopping=1; expected True or False"),
        ({"evaluation": 3}, ParameterError, "evaluation=3; expected the path of a file"),
        ({"evaluation": "none.txt"}, CorpusReadError, "'none.txt' cannot be read"),
        ({"evaluation": ["a/loss.txt"]}, ParameterError, "two scores named 'loss'"),
        ({"evaluation": ["a/b.txt", "b.txt"]}, ParameterError, "two scores named 'b'"),
    ],
)
def test_validation_parameter_errors(parameters, error, says):
    with pytest.raises(error, match=says):
        Word2Vec(**QUICK, **parameters).fit(TEXT)


def test_benchmark_that_is_none_is_refused_before_training(tmp_path):
    (tmp_path / "prose.txt").write_text("it was a dark and stormy night\n")
    with pytest.raises(CorpusError, match="expected word, word, score"):
        Word2Vec(**QUICK, evaluation=tmp_path / "prose.txt").fit(TEXT)


@pytest.mark.parametrize(
    ("text", "fraction", "says"),
    [
        (["a b c d e"], 0.5, r"of 1 sentences holds out (all|none)"),
        (["a b"] * 200, 1e-9, "of 200 sentences holds out none"),
    ],
)
def test_texts_that_cannot_be_shared_out_are_refused(tmp_path, text, fraction, says):
    store = build_store(text, tmp_path / "store")
    options = RunOptions(validation=ValidationConfig(fraction))
    with pytest.raises(CorpusError, match=says):
        train_corpus(store, EmbeddingConfig(**SMALL), options=options)


def test_held_out_sentences_without_words_are_refused(tmp_path, monkeypatch):
    store = build_store(["a b a b", "x"], tmp_path / "store")
    monkeypatch.setattr(batches, "_held_out", lambda *_: np.array([False, True]))
    sampler = BatchSampler(store, EmbeddingConfig(**SMALL | {"min_count": 2}), held_out=0.5)
    with pytest.raises(CorpusError, match="the 1 sentences of 2 that are held out have no words"):
        sampler.held_out()
