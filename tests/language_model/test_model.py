"""LanguageModel: learning, measuring, generating, files, checkpoints."""

import math

import numpy as np
import pytest

from tests.language_model.test_network import loss_by_loop
from textdl import LanguageModel
from textdl.errors import (
    CheckpointError,
    CorpusError,
    CorpusReadError,
    DivergenceError,
    FileFormatError,
    ParameterError,
    UnknownAttributeError,
)
from textdl.language_model import training
from textdl.language_model.model import LanguageModelScores
from textdl.language_model.symbols import END

SMALL = {
    "hidden_size": 8,
    "min_count": 1,
    "streams": 4,
    "segment_length": 8,
    "epochs": 2,
    "learning_rate": 0.02,
}
TEXTS = ["le café est à côté 日本", "the cat ☘ sat", "", "the cat sat on the mat"] * 6
WORDS = {"unit": "word", "tokenizer": "whitespace"}


def fitted(texts=TEXTS, **parameters):
    return LanguageModel(**SMALL | parameters).fit(texts)


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.mark.parametrize("parameters", [{}, {"cell": "lstm", "layers": 2, "vector_size": 5}, WORDS])
def test_perplexity_is_that_of_a_loop_over_symbols(parameters):
    model = fitted(**parameters)
    texts = ["the café", "a cat", ""]
    cut = str.split if "unit" in parameters else list
    ids = [it for text in texts for it in [*model._symbols.ids(cut(text)).tolist(), END]]
    network = model._network(len(model._symbols))
    loss = loss_by_loop(network, model._params, [END, *ids[:-1]], ids) / len(ids)
    scores = model.evaluate(texts)
    assert scores.loss == pytest.approx(loss, rel=1e-5)
    assert scores.tokens == len(ids)
    assert scores.unknown == ids.count(0)
    assert model.perplexity(texts) == pytest.approx(math.exp(loss), rel=1e-5)


def test_model_learns_what_repeats():
    model = fitted(["abcdefgh" * 4] * 40, epochs=40)
    assert model.history_["loss"][-1] < 0.3 < 1 < model.history_["loss"][0]
    assert model.generate(8, "abcd", temperature=0) == "efghabcd"
    assert model.bits_[-1] == model.history_["loss"][-1] / math.log(2)


def test_long_text_is_measured_in_parts_of_the_same_sum(monkeypatch, model):
    exact = model.evaluate(TEXTS)
    monkeypatch.setattr("textdl.language_model.model.TOKENS_PER_STREAM", 80)
    parts = model.evaluate(TEXTS)
    assert parts.tokens == exact.tokens
    assert parts.loss == pytest.approx(exact.loss, rel=0.05)
    assert parts.loss != exact.loss


def test_same_seed_gives_the_same_bits_and_another_does_not(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fitted(seed=seed, dropout=0.2).save(tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_generated_text_is_a_function_of_its_arguments(model):
    text = model.generate(150, "the ", seed=3)
    assert text == model.generate(150, "the ", seed=3)
    assert len(text) == 150
    assert text != model.generate(150, "the ", seed=4) != model.generate(150, "cat", seed=4)
    assert model.generate(70, "the ", seed=3) == text[:70]
    assert set(text) <= {*"".join(TEXTS), "\n"}
    assert model.generate(0) == ""


def test_temperature_and_top_k(model):
    greedy = model.generate(30, "t", temperature=0)
    assert greedy == model.generate(30, "t", temperature=0, seed=2)
    assert greedy == model.generate(30, "t", top_k=1, seed=5)
    assert model.generate(30, "t", top_k=10**6) == model.generate(30, "t")
    drawn = model.generate(3000, temperature=100.0)
    assert len(set(drawn)) == len(model.vocabulary_) + 1  # nearly uniform


def test_draws_follow_the_probabilities_of_the_model():
    model = fitted(["aaab" * 30] * 5, epochs=1)
    ids = model._symbols.ids(list("ab"))
    network = model._network(len(model._symbols))
    drawn = [model.generate(1, "aa", seed=seed) for seed in range(300)]
    start = [END, *model._symbols.ids("aa").tolist()]
    losses = [
        loss_by_loop(network, model._params, start, [*start[1:], int(it)])
        - loss_by_loop(network, model._params, start[:-1], start[1:])
        for it in (*ids, END)
    ]
    p = np.exp(-np.array(losses))
    p /= p.sum()  # without the unknown
    shares = [drawn.count(it) / 300 for it in ("a", "b", "\n")]
    np.testing.assert_allclose(shares, p, atol=4 * 0.5 / math.sqrt(300))


def test_words_are_generated_with_spaces_between():
    model = fitted(**WORDS, epochs=1)
    words = model.generate(20, "the cat").split()
    assert set(words) <= {word for text in TEXTS for word in text.split()}
    assert fitted([["New York", "is"], ["a", "city"]] * 9, **WORDS).vocabulary_[0] == "New York"


def test_rare_symbols_are_unknown_and_never_generated():
    model = fitted(["aab" * 50, "xyz"], min_count=5, epochs=1)
    assert model.vocabulary_ == ["a", "b"]
    assert set(model.generate(500, "x", temperature=50.0)) == {"a", "b", "\n"}
    assert model.evaluate(["xya"]).unknown == 2
    assert len(fitted(max_vocab_size=3, epochs=1).vocabulary_) == 3


def test_round_trip(tmp_path, model):
    path = tmp_path / "m.safetensors"
    model.save(path)
    loaded = LanguageModel.load(path)
    assert loaded.vocabulary_ == model.vocabulary_
    assert loaded.history_ == model.history_
    assert loaded.evaluate(TEXTS) == model.evaluate(TEXTS)
    assert loaded.generate(40) == model.generate(40)
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    assert loaded.describe()["parameters"] == sum(
        it.size for it in training.named_arrays(model._params).values()
    )


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_interrupted_training_resumes_to_the_same_bits(monkeypatch, tmp_path, steps):
    parameters = {"dropout": 0.2, "cell": "lstm"}
    expected = fitted(**parameters)
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": "1steps"}
    step = training.train_step
    taken = []

    def interrupted(*arguments, **more):
        if len(taken) == steps:
            raise KeyboardInterrupt
        taken.append(1)
        return step(*arguments, **more)

    monkeypatch.setattr(training, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted(**parameters, **kept)
    monkeypatch.setattr(training, "train_step", step)
    with pytest.raises(CheckpointError, match="holds a checkpoint"):
        fitted(**parameters, **kept)
    resumed = fitted(**parameters, **kept, resume=True)
    expected.save(tmp_path / "a")
    resumed.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(CheckpointError, match=r"text=.* not"):
        fitted(TEXTS[1:], **parameters, **kept, resume=True)
    with pytest.raises(CheckpointError, match=r"hidden_size=8, not 9"):
        fitted(**parameters, **kept, resume=True, hidden_size=9)


def test_scores_are_of_one_loss():
    scores = LanguageModelScores(math.log(2), 10, 0)
    assert (scores.perplexity, scores.bits) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unit": "syllable"}, "unit='syllable'; expected one of char, word"),
        ({"cell": "tree"}, "cell='tree'; expected one of rnn, gru, lstm"),
        ({"dropout": 1.0}, r"dropout=1\.0; expected a number from 0 to below 1"),
        ({"hidden_size": 0}, "hidden_size=0"),
        ({"tokenizer": "nltk"}, "tokenizer='nltk' cuts words and unit='char' reads characters"),
        ({"learning_rate": 0}, "learning_rate=0; expected a number above 0"),
        ({"checkpoint_every": "often"}, "checkpoint interval 'often' is unknown"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    with pytest.raises(ParameterError, match=message):
        fitted(**parameters)


def test_bad_input_is_refused(tmp_path, model):
    with pytest.raises(CorpusError, match="the corpus is empty"):
        fitted(["", ""])
    with pytest.raises(CorpusError, match="the corpus is empty"):
        model.evaluate([""])
    with pytest.raises(CorpusError, match="no word occurs min_count=5 times"):
        fitted(["ab"], min_count=5)
    with pytest.raises(CorpusReadError):
        fitted(str(tmp_path / "none.txt"))
    with pytest.raises(UnknownAttributeError, match="has learned nothing"):
        LanguageModel().generate()
    with pytest.raises(FileFormatError, match="cannot read"):
        LanguageModel.load(tmp_path / "none")
    with pytest.raises(DivergenceError, match="learning rate 1e"):
        fitted(learning_rate=1e38)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": -1}, "length=-1"),
        ({"temperature": -0.5}, "temperature=-0.5"),
        ({"temperature": math.nan}, "temperature=nan"),
        ({"top_k": 0}, "top_k=0"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_sampling_out_of_range_is_refused(model, arguments, message):
    with pytest.raises(ParameterError, match=message):
        model.generate(**arguments)


def test_tokenizer_that_is_a_function_cannot_be_saved(tmp_path):
    model = fitted(unit="word", tokenizer=str.split, epochs=1)
    with pytest.raises(ParameterError, match="tokenizer"):
        model.save(tmp_path / "m")
